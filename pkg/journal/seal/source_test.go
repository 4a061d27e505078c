package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koppi.internal/pkg/journal/seal"
)

const (
	kms      = "base64key://smGbjm71Nxd1Ig5FS0wj9SlbzAIrnolCz9bQQ6uAhl4="
	otherKMS = "base64key://AAAAjm71Nxd1Ig5FS0wj9SlbzAIrnolCz9bQQ6uAhl4="
)

func newSource(t *testing.T, address string) seal.Source {
	t.Helper()
	source := seal.Source{File: filepath.Join(t.TempDir(), "kek.json"), Address: address, Dev: true}
	if _, err := source.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	return source
}

// Every source gives the same key each time.
func TestSources(t *testing.T) {
	for name, address := range map[string]string{"file": "", "kms": kms} {
		t.Run(name, func(t *testing.T) {
			source := newSource(t, address)
			first, err := source.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := first.Encrypt([]byte("data key"), []byte("place"))
			if err != nil {
				t.Fatal(err)
			}
			again, err := source.Make(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if opened, err := again.Decrypt(sealed, []byte("place")); err != nil || string(opened) != "data key" || !again.Fresh(sealed) {
				t.Errorf("%q %v", opened, err)
			}
			text, err := os.ReadFile(source.File)
			if err != nil {
				t.Fatal(err)
			}
			if inClear := bytes.Contains(text, []byte("keyData")); inClear != (address == "") {
				t.Errorf("the file holds %s", text)
			}
			if address != "" {
				return
			}
			t.Setenv("A_KEY", string(text))
			variable := seal.Source{Address: "env:A_KEY"}
			third, err := variable.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if opened, err := third.Decrypt(sealed, []byte("place")); err != nil || string(opened) != "data key" {
				t.Errorf("%q %v", opened, err)
			}
			if _, left := os.LookupEnv("A_KEY"); left {
				t.Error("the variable is left in the environment")
			}
			if _, err := variable.Open(t.Context()); err == nil {
				t.Error("it opens without the variable")
			}
		})
	}
}

// The error of an unusable source says what to do, and contains nothing of a key.
func TestSourcesRefused(t *testing.T) {
	clear, sealed := newSource(t, ""), newSource(t, kms)
	broken := filepath.Join(t.TempDir(), "kek.json")
	shared := filepath.Join(t.TempDir(), "kek.json")
	for path, mode := range map[string]os.FileMode{broken: 0o600, shared: 0o644} {
		if err := os.WriteFile(path, []byte(`{"key": []}`), mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("NONSENSE", "secretive")
	for name, one := range map[string]struct {
		source seal.Source
		says   string
	}{
		"missing":           {seal.Source{File: filepath.Join(t.TempDir(), "kek.json")}, "koppi secrets"},
		"broken":            {seal.Source{File: broken}, "backup"},
		"readable":          {seal.Source{File: shared}, "chmod 600"},
		"sealed, no KMS":    {seal.Source{File: sealed.File}, "--kek"},
		"not sealed":        {seal.Source{File: clear.File, Address: kms, Dev: true}, "koppi secrets --kek"},
		"another KMS key":   {seal.Source{File: sealed.File, Address: otherKMS, Dev: true}, "--kek"},
		"in an argument":    {seal.Source{File: sealed.File, Address: kms}, "only for trials"},
		"no such KMS":       {seal.Source{File: sealed.File, Address: "nokms://x"}, "awskms://"},
		"no variable":       {seal.Source{Address: "env:MISSING"}, "MISSING"},
		"nonsense variable": {seal.Source{Address: "env:NONSENSE"}, "NONSENSE"},
	} {
		_, err := one.source.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), one.says) || strings.Contains(err.Error(), "secretive") || strings.Contains(err.Error(), "smGbjm71") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (seal.Source{File: filepath.Join(t.TempDir(), "kek.json"), Address: kms}).Make(t.Context()); err == nil {
		t.Error("a key was created under a KMS key in an argument")
	}
}
