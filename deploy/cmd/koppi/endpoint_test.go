package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koppi.internal/deploy/config"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback/probe"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A correct endpoint passes. One that answers everything alike does not, and the command fails.
func TestEndpointCheck(t *testing.T) {
	box := partnertest.OpenInbox(t, "kela")
	defer func() { _ = box.Close() }()
	good := httptest.NewServer(box.Endpoint(t, partnertest.CallbackSecret))
	defer good.Close()
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"accepted": 1}`))
	}))
	defer bad.Close()
	check := endpointCheck{URL: good.URL, SecretFile: secretFile(t, partnertest.CallbackSecret+"\n"), Agency: "kela"}
	if err := check.Run(t.Context()); err != nil {
		t.Error(err)
	}
	check.URL = bad.URL
	if err := check.Run(t.Context()); err == nil || err.Error() != "12 of 12 probes failed" {
		t.Error(err)
	}
}

// The table has what was sent, what came and what is right, and the error counts what is wrong.
func TestPrintProbes(t *testing.T) {
	var out strings.Builder
	err := printProbes(&out, []probe.Result{
		{Probe: "gap", Sent: "a", Came: "b", Right: "c"}, {Probe: "taken", Sent: "d", Came: "e", Right: "f", Passed: true},
	})
	const want = "WRONG  gap              sent   a\n                        came   b\n                        right  c\n" +
		"ok     taken            sent   d\n                        came   e\n                        right  f\n"
	if err == nil || err.Error() != "1 of 2 probes failed" || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// No live endpoint is probed: neither an address that the directory names, whatever its form, nor a secret of a
// live endpoint. Nothing is sent.
func TestEndpointCheckRefusesLive(t *testing.T) {
	called := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer server.Close()
	directory := func(url string) string {
		path := filepath.Join(t.TempDir(), "directory.json")
		text := strings.Replace(string(config.Directory), `"agency": "kela",`, `"agency": "kela", "callback": {"protocol": "CONNECT", "url": "`+url+`"},`, 1)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	test, live := secretFile(t, partnertest.OldCallbackSecret), secretFile(t, partnertest.CallbackSecret)
	secrets := partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)
	for name, one := range map[string]struct {
		check endpointCheck
		want  string
	}{
		"named":           {endpointCheck{URL: server.URL + "/koppi", SecretFile: test, Directory: directory(server.URL + "/koppi")}, "kela is called at this address"},
		"in another form": {endpointCheck{URL: "https://PARTNER.example.fi.:443/a//b/", SecretFile: test, Directory: directory("https://partner.example.fi/a/b")}, "kela is called at this address"},
		"live secret":     {endpointCheck{URL: server.URL, SecretFile: live, Live: secrets}, "the secret of the live endpoint of kela"},
		"live secrets":    {endpointCheck{URL: server.URL, SecretFile: secrets}, "contains no secret"},
		"no address":      {endpointCheck{URL: "127.0.0.1:80", SecretFile: test}, "name the test address"},
	} {
		one.check.Agency = "kela"
		if err := one.check.Run(t.Context()); err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "whsec_C2F") {
			t.Errorf("%s: the error has the secret", name)
		}
	}
	if called {
		t.Error("a live endpoint was called")
	}
	if _, err := (&endpointCheck{URL: server.URL + "/test", SecretFile: test, Live: secrets, Agency: "kela", Directory: directory(server.URL)}).config(); err != nil {
		t.Errorf("a test address beside the live one: %v", err)
	}
}
