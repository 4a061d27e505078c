package partner_test

import (
	"bytes"
	"os"
	"testing"

	"koppi.internal/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Any bytes are read as a file or refused, and never as more messages than they hold.
func FuzzVerify(f *testing.F) {
	whole, err := os.ReadFile(filled(f, 4))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(whole)
	f.Add(whole[:len(whole)-20])
	f.Add(append(bytes.Clone(whole), whole...))
	f.Fuzz(func(t *testing.T, text []byte) {
		seen := uint64(0)
		position, size, err := partner.Verify(bytes.NewReader(text), func(*exchangev1.CaseMessage) { seen++ })
		var held uint64
		for _, head := range position.Heads {
			held += head.Sequence
		}
		if size > int64(len(text)) || err == nil && held != seen {
			t.Fatalf("%d of %d bytes, %d seen, %d held: %v", size, len(text), seen, held, err)
		}
	})
}
