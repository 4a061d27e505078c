package clustertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/process/certtest"
)

// Production is a cluster as in production: processes know each other by certificates, Kela's systems
// come by theirs, and a county's workers by tokens of its issuer.
type Production struct {
	*Cluster
	// Suite signs the certificates of Koppi's processes, and Kela those of Kela's systems.
	Suite, Kela *certtest.Authority
	// County signs the tokens of the county's workers.
	County *identity.Issuer
}

// StartProduction starts one replica of each service and of the gateway, all with further flags.
func StartProduction(t testing.TB, flags ...string) *Production {
	t.Helper()
	e := NewEnvironment(t, "fsync=off")
	p := &Production{Cluster: e.newCluster(t), Suite: certtest.New(t), Kela: certtest.New(t)}
	p.County = testkit.Must(identity.OpenDevIssuer(t.TempDir(), "https://login.county.example"))
	cert, key := p.Suite.Issue("process")
	shared := slices.Concat(e.Flags(), []string{"--tls-cert", cert, "--tls-key", key}, flags)
	gateway := slices.Concat(shared, []string{
		"--backend-ca", p.Suite.CA(), "--backend-cert", cert, "--backend-key", key,
		"--issuers", p.file("issuers.json", []identity.IssuerConfig{testkit.Must(p.County.For("hva-pohjois-savo"))}),
		"--partners", p.file("partners.json", []any{map[string]any{"ca": p.Kela.CA(), "agencies": map[string][]string{"kela": {"etuus.kela.example"}}}}),
	})
	for _, service := range all.Services {
		args := slices.Concat(shared, []string{"--client-ca", p.Suite.CA(), "--journal", p.Journal(service.Name), "--keys", p.Keys(service.Name)})
		gateway = append(gateway, "--"+service.Name, p.startService(service.Name, args).Address)
	}
	p.startGateway(gateway)
	return p
}

// file writes a file of settings and returns its path.
func (p *Production) file(name string, content any) string {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, testkit.Must(json.Marshal(content)), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}
