package main

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koppi.internal/deploy/config"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/lease"
)

// The check refuses endpoints that the gateway would not call, without resolving names, and lists all
// of them.
func TestDirectoryCheckEndpoints(t *testing.T) {
	called := func(urls ...string) string {
		text := string(config.Directory)
		for i, agency := range []string{"kela", "hva-pohjois-savo"} {
			if i < len(urls) {
				text = strings.Replace(text, `"agency": "`+agency+`",`, `"agency": "`+agency+`", "callback": {"protocol": "CONNECT", "url": "`+urls[i]+`"},`, 1)
			}
		}
		path := filepath.Join(t.TempDir(), "directory.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	range10 := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	for _, good := range []directoryCheck{
		{File: called()},
		{File: called("https://no-such-name.invalid/koppi")},
		{File: called("https://10.1.2.3"), Settings: callback.Settings{CallbackAllowCIDRs: range10}},
		{File: called("http://127.0.0.1:9000"), Dev: true},
	} {
		if err := good.Run(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for _, bad := range []struct {
		check directoryCheck
		want  []string
	}{
		{directoryCheck{File: called("http://partner.example.fi")}, []string{"callback of kela: http is for trying out"}},
		{directoryCheck{File: called("https://[64:ff9b::a01:203]", "https://192.168.1.1")}, []string{"callback of kela: 64:ff9b::a01:203 may not be called", "callback of hva-pohjois-savo: 192.168.1.1 may not be called"}},
		{directoryCheck{File: called("https://10.2.0.1"), Settings: callback.Settings{CallbackAllowCIDRs: range10}}, []string{"10.2.0.1 may not be called"}},
	} {
		err := bad.check.Run()
		for _, want := range bad.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", bad.check, err, want)
			}
		}
	}
}

// With the gateway's files of callbacks, the check refuses what the gateway refuses when it starts, in the same words.
func TestDirectoryCheckCallbacks(t *testing.T) {
	folder := t.TempDir()
	written := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	called := written("directory.json", strings.Replace(string(config.Directory), `"agency": "kela",`, `"agency": "kela", "callback": {"protocol": "CONNECT", "url": "https://kela.example"},`, 1))
	agencies, err := directory.Load(called)
	if err != nil {
		t.Fatal(err)
	}
	for name, settings := range map[string]callback.Settings{
		"secret of an agency that is not called": {CallbackSecrets: written("other.json", `{"hva-pohjois-savo": ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]}`)},
		"no secret":                              {CallbackSecrets: written("none.json", `{}`)},
		"no secret of the form":                  {CallbackSecrets: written("form.json", `{"kela": ["secret"]}`)},
		"missing file":                           {CallbackSecrets: filepath.Join(folder, "missing.json")},
		"no certificate":                         {CallbackSecrets: written("good.json", `{"kela": ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]}`), CallbackCA: written("ca.pem", "")},
	} {
		_, refused := settings.Open(callback.Surroundings{Directory: agencies, Leases: lease.Alone{}, Logger: slog.New(slog.DiscardHandler)})
		if refused == nil {
			t.Fatalf("%s: the gateway starts", name)
		}
		if err := (&directoryCheck{File: called, Settings: settings}).Run(); err == nil || err.Error() != refused.Error() {
			t.Errorf("%s: %v, and the gateway says %q", name, err, refused)
		}
	}
	good := callback.Settings{CallbackSecrets: filepath.Join(folder, "good.json")}
	if err := (&directoryCheck{File: called, Settings: good}).Run(); err != nil {
		t.Error(err)
	}
}
