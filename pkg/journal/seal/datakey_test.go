package seal

import (
	"bytes"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"pgregory.net/rapid"
)

// What a version with Tink's primitive sealed opens here, and the other way round; what was changed, or belongs
// elsewhere, opens nowhere.
func TestDataKeyAsTinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), dataKeyBytes, dataKeyBytes).Draw(t, "key")
		own, err := newDataKey(raw)
		if err != nil {
			t.Fatal(err)
		}
		tinks, err := subtle.NewAESGCM(raw)
		if err != nil {
			t.Fatal(err)
		}
		content, place := rapid.SliceOf(rapid.Byte()).Draw(t, "content"), rapid.SliceOf(rapid.Byte()).Draw(t, "place")
		for _, way := range []struct{ from, to tink.AEAD }{{own, tinks}, {tinks, own}} {
			sealed, err := way.from.Encrypt(content, place)
			if err != nil {
				t.Fatal(err)
			}
			if opened, err := way.to.Decrypt(sealed, place); err != nil || !bytes.Equal(opened, content) {
				t.Fatalf("%T: %x, %v", way.to, opened, err)
			}
			if _, err := way.to.Decrypt(sealed, append(place, 0)); err == nil {
				t.Fatalf("%T opens what belongs elsewhere", way.to)
			}
			sealed[rapid.IntRange(0, len(sealed)-1).Draw(t, "changed")]++
			if _, err := way.to.Decrypt(sealed, place); err == nil {
				t.Fatalf("%T opens what was changed", way.to)
			}
			if _, err := way.to.Decrypt(sealed[:rapid.IntRange(0, 27).Draw(t, "short")], place); err == nil {
				t.Fatalf("%T opens what is too short", way.to)
			}
		}
	})
}
