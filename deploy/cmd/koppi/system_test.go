package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koppi.internal/pkg/process/certtest"
)

// A system that cannot call as it is told to says which flag is wrong, and connects to nothing.
func TestCallingSystemIsChecked(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cert, key := certtest.New(t).Issue("system", "kela.example")
	for want, caller := range map[string]callingSystem{
		"--ca: open /nowhere":               {calling: calling{Address: "https://koppi.test", CA: "/nowhere"}},
		"--ca: the file contains no":        {calling: calling{Address: "https://koppi.test", CA: empty}},
		"--cert: a certificate is shown":    {calling: calling{Address: "http://koppi.test", Cert: cert, Key: key}},
		"--cert and --token-file":           {calling: calling{Address: "https://koppi.test", Cert: cert, Key: key}, TokenFile: empty},
		"--cert and --key: open":            {calling: calling{Address: "https://koppi.test", Cert: cert}},
		"--cert and --key: tls: failed to ": {calling: calling{Address: "https://koppi.test", Cert: cert, Key: empty}},
	} {
		if _, _, err := caller.connect(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", caller, err, want)
		}
		listing := callbacksList{operating{calling: caller.calling, TokenFile: caller.TokenFile}}
		if err := listing.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("callbacks list: %+v: %v, want %q", caller, err, want)
		}
	}
	conn, token, err := callingSystem{calling: calling{Address: "https://koppi.test", Cert: cert, Key: key}}.connect()
	if err != nil || token != nil {
		t.Fatalf("with a certificate: token %v, error %v", token != nil, err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
