package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The error of a file of issuers that cannot be parsed says what is wrong, in words.
func TestErrorsOfIssuersFile(t *testing.T) {
	for text, want := range map[string]string{
		"": "--issuers: the file is empty", `[{"issuer": "x"`: "--issuers: the file ends too soon",
		`[{"issuer": "x", "jwks": {"keys": []}}]`: "--issuers: jwks is a text", `[{"issuer": "x", "keys": []}]`: `unknown field "keys"`,
	} {
		path := filepath.Join(t.TempDir(), "issuers.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadIssuers(path); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "EOF") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
