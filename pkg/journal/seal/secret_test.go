package seal

import (
	"os"
	"testing"
)

// Only the owner may read a secret file. If root owns it, its group may read it, and nobody may write
// it.
func TestSecretFileModes(t *testing.T) {
	for _, test := range []struct {
		mode        os.FileMode
		given, open bool
	}{
		{0o600, false, false},
		{0o400, false, false},
		{0o640, false, true},
		{0o440, false, true},
		{0o604, false, true},
		{0o440, true, false},
		{0o640, true, false},
		{0o400, true, false},
		{0o444, true, true},
		{0o460, true, true},
		{0o450, true, true},
	} {
		if got := open(test.mode, test.given); got != test.open {
			t.Errorf("%o, owned by root %v: open %v", test.mode, test.given, got)
		}
	}
}
