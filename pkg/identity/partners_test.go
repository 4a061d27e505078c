package identity_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/process/certtest"
)

type entry struct {
	CA       string              `json:"ca"`
	Agencies map[string][]string `json:"agencies"`
}

func writePartners(t *testing.T, path string, entries ...entry) {
	t.Helper()
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// chain returns the certificate chain of a system with these names.
func chain(t *testing.T, authority *certtest.Authority, names ...string) []*x509.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(authority.Issue("system", names...))
	if err != nil {
		t.Fatal(err)
	}
	return []*x509.Certificate{pair.Leaf}
}

func openPartners(t *testing.T, path string) (*identity.Partners, error) {
	t.Helper()
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	return identity.OpenPartners(path, known, time.Now)
}

// Each CA counts only for the agencies and systems that are listed for it.
func TestPartners(t *testing.T) {
	kelas, countys, strangers := certtest.New(t), certtest.New(t), certtest.New(t)
	path := filepath.Join(t.TempDir(), "partners.json")
	writePartners(t, path,
		entry{kelas.CA(), map[string][]string{"kela": {"etuus.kela.example", "urn:koppi:kelmu"}}},
		entry{countys.CA(), map[string][]string{"hva": {"apotti.hva.example"}, "kela": {"shared.example"}}})
	partners, err := openPartners(t, path)
	if err != nil {
		t.Fatal(err)
	}
	g := newGateway(t, partners)
	for name, test := range map[string]struct {
		chain  []*x509.Certificate
		agency string
	}{
		"a system of Kela's":              {chain(t, kelas, "etuus.kela.example"), "kela"},
		"by its URI":                      {chain(t, kelas, "urn:koppi:kelmu"), "kela"},
		"a name beside":                   {chain(t, kelas, "other.example", "etuus.kela.example"), "kela"},
		"the county's":                    {chain(t, countys, "apotti.hva.example"), "hva"},
		"Kela's name, by the county's CA": {chain(t, countys, "etuus.kela.example"), ""},
		"the county's name, by Kela's CA": {chain(t, kelas, "apotti.hva.example"), ""},
		"a name that is not listed":       {chain(t, kelas, "x.kela.example"), ""},
		"no name":                         {chain(t, kelas), ""},
		"a stranger's":                    {chain(t, strangers, "etuus.kela.example"), ""},
		"of two agencies":                 {chain(t, countys, "apotti.hva.example", "shared.example"), ""},
		"nothing":                         {nil, ""},
	} {
		for range 2 { // the second time from the cache
			caller, err := g.call(identity.WithCertificate(t.Context(), test.chain))
			switch {
			case test.agency == "" && fault.ReasonOf(err) != fault.CertificateRefused:
				t.Errorf("%s: %+v, %v", name, caller, err)
			case test.agency != "" && (err != nil || caller.Agency != test.agency || !caller.System || caller.Role != identity.RoleSystem || caller.SystemSubject == ""):
				t.Errorf("%s: %+v, %v", name, caller, err)
			}
		}
	}
	kela := identity.WithCertificate(t.Context(), chain(t, kelas, "etuus.kela.example"))
	if caller, err := g.call(kela, identity.MetadataOnBehalfOf, "kela-17;a;benefit_handler"); err != nil || caller.Worker != "kela-17" || caller.SystemSubject != "etuus.kela.example" {
		t.Errorf("in a worker's name: %+v, %v", caller, err)
	}
	if caller, err := g.call(kela, "authorization", "Bearer "+g.issue(t, kelaWorker, time.Hour)); err != nil || caller.Worker != "kela-17" || caller.System {
		t.Errorf("a worker's token over the agency's connection: %+v, %v", caller, err)
	}
	other := identity.Caller{Agency: "hva", Unit: "b", Worker: "w", Role: identity.RoleSocialWorker}
	if _, err := g.call(kela, "authorization", "Bearer "+g.issue(t, other, time.Hour)); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("another agency's token over the connection: %v", err)
	}
}

// A change of the file applies to the next call: to a certificate that is no longer listed, and to
// a new one. An invalid file changes nothing.
func TestPartnersReload(t *testing.T) {
	before, after := certtest.New(t), certtest.New(t)
	path := filepath.Join(t.TempDir(), "partners.json")
	listed := func(authority *certtest.Authority) entry {
		return entry{authority.CA(), map[string][]string{"kela": {"etuus.kela.example"}}}
	}
	old, next := chain(t, before, "etuus.kela.example"), chain(t, after, "etuus.kela.example")
	synctest.Test(t, func(t *testing.T) {
		// A certificate's time is the real one, and a bubble's is long past.
		now := old[0].NotBefore.Add(time.Minute)
		known, err := directory.Parse([]byte(agencies))
		if err != nil {
			t.Fatal(err)
		}
		writePartners(t, path, listed(before))
		partners, err := identity.OpenPartners(path, known, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		go partners.Watch(t.Context(), slog.New(slog.DiscardHandler))
		accepted := func(chain []*x509.Certificate) bool {
			_, err := partners.Caller(chain)
			return err == nil
		}
		for step, one := range []struct {
			write     func()
			old, next bool
		}{
			{func() {}, true, false},
			{func() { writePartners(t, path, listed(before), listed(after)) }, true, true},
			{func() { _ = os.WriteFile(path, []byte("[{"), 0o600) }, true, true},
			{func() { writePartners(t, path, listed(after)) }, false, true},
			{func() { writePartners(t, path) }, false, false},
		} {
			one.write()
			time.Sleep(5 * time.Second) // a bubble's time
			synctest.Wait()
			if accepted(old) != one.old || accepted(next) != one.next {
				t.Errorf("step %d: the old one %t, the next %t", step, accepted(old), accepted(next))
			}
		}
		writePartners(t, path, listed(before))
		time.Sleep(5 * time.Second) // a bubble's time
		was := accepted(old)
		if now = old[0].NotAfter.Add(time.Second); !was || accepted(old) {
			t.Error("an expired certificate is accepted")
		}
	})
}

func TestPartnersConfigErrors(t *testing.T) {
	authority := certtest.New(t)
	leaf, _ := authority.Issue("leaf")
	folder := t.TempDir()
	path := filepath.Join(folder, "partners.json")
	empty := filepath.Join(folder, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{"kela": {"a.example"}}
	for says, entries := range map[string][]entry{
		"no agency":        {{authority.CA(), map[string][]string{"nowhere": {"a.example"}}}},
		"listed twice":     {{authority.CA(), map[string][]string{"kela": {"a.example"}, "hva": {"a.example"}}}},
		"the CA is listed": {{authority.CA(), names}, {authority.CA(), map[string][]string{"hva": {"b.example"}}}},
		"names no system":  {{authority.CA(), nil}},
		"no such file":     {{"nowhere.pem", names}},
		"no certificate":   {{"empty.pem", names}},
		"is not a CA":      {{leaf, names}},
	} {
		writePartners(t, path, entries...)
		if _, err := openPartners(t, path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	for _, text := range []string{`{}`, `[{"ca":"x","agenices":{}}]`, `[] []`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openPartners(t, path); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}
