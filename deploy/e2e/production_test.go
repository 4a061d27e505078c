package e2e

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	all "koppi.internal/deploy/suite"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/process/certtest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// production is the suite as operators run it: processes that know each other by
// certificates, Kela's systems by theirs, and a county's workers by its issuer.
type production struct {
	*cluster
	t *testing.T
	// inside signs for the suite's own processes, and kelas for Kela's systems.
	inside, kelas *certtest.Authority
	// countys signs tokens of the county's workers.
	countys *identity.Issuer
	service string
	gateway string
}

func newProduction(t *testing.T) *production {
	t.Helper()
	p := &production{t: t, inside: certtest.New(t), kelas: certtest.New(t)}
	g := newGround(t, "fsync=off")
	p.cluster = &cluster{ground: g, t: t, database: g.database(g.template), services: map[string][]*daemon{}}
	p.countys = must(identity.OpenDevIssuer(t.TempDir(), "https://login.county.example"))
	cert, key := p.inside.Issue("process")
	shown := []string{"--tls-cert", cert, "--tls-key", key}
	common := append([]string{"--secrets", g.secrets, "--directory", g.directory, "--redis", g.redis.URL()}, g.papers()...)
	common = append(common, unlimited...)
	gateway := append(append([]string{}, common...), shown...)
	gateway = append(gateway, "--backend-ca", p.inside.CA(), "--backend-cert", cert, "--backend-key", key,
		"--issuers", p.file("issuers.json", []identity.IssuerConfig{must(p.countys.For("hva-pohjois-savo"))}),
		"--partners", p.file("partners.json", []any{map[string]any{"ca": p.kelas.CA(), "agencies": map[string][]string{"kela": {"etuus.kela.example"}}}}))
	for _, service := range all.Services {
		args := append(append([]string{}, common...), shown...)
		args = append(args, "--client-ca", p.inside.CA(), "--journal", p.journal(service.Name), "--keys", p.keys(service.Name))
		d := newDaemon(t, serviceProgram(service.Name), args...)
		d.start()
		p.services[service.Name] = []*daemon{d}
		gateway = append(gateway, "--"+service.Name, d.address)
	}
	d := newDaemon(t, gatewayProgram, gateway...)
	d.start()
	p.gateways, p.gateway, p.service = []*daemon{d}, d.address, p.services["concern"][0].address
	return p
}

// file writes a file of settings.
func (p *production) file(name string, content any) string {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, must(json.Marshal(content)), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *production) dial(address string, shown *tls.Config) *grpc.ClientConn {
	p.t.Helper()
	conn := must(grpc.NewClient(address, watched(), grpc.WithTransportCredentials(credentials.NewTLS(shown))))
	p.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// In production a system authenticates with its certificate and a worker with a token. These
// credentials are not passed beyond the gateway, and nobody else gets through.
func TestProduction(t *testing.T) {
	p := newProduction(t)
	system := must(p.kelas.Config("etuus", "etuus.kela.example"))
	system.RootCAs = must(p.inside.Config("anybody")).RootCAs
	kela := p.dial(p.gateway, system)
	handler := metadata.AppendToOutgoingContext(t.Context(), identity.MetadataOnBehalfOf, "kela-17;toimeentulotuki;benefit_handler")
	submitted := must(concernv1.NewConcernServiceClient(kela).SubmitConcern(handler, submission())).GetConcern()
	if submitted.GetReporter().GetWorker() != "kela-17" || submitted.GetReporter().GetAgency() != "kela" {
		t.Errorf("submitted by %v", submitted.GetReporter())
	}

	browser := &tls.Config{RootCAs: system.RootCAs, MinVersion: tls.VersionTLS12}
	county := p.dial(p.gateway, browser)
	signed := must(p.countys.Issue(identity.Caller{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: identity.RoleSocialWorker}, time.Now(), time.Hour))
	worker := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+signed)
	must(concernv1.NewConcernServiceClient(county).TakeConcern(worker, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: submitted.GetConcernId()}))
	took := must(exchangev1.NewExchangeServiceClient(kela).ListMessages(t.Context(), &exchangev1.ListMessagesRequest{PageSize: 10}))
	if len(took.GetMessages()) == 0 {
		t.Error("Kela's system has no messages")
	}

	foreign := must(p.countys.Issue(identity.Caller{Agency: "kela", Role: identity.RoleSystem}, time.Now(), time.Hour))
	asKela := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+foreign)
	unlisted := must(p.kelas.Config("x", "x.kela.example"))
	unlisted.RootCAs = system.RootCAs
	get := &concernv1.GetConcernRequest{ConcernId: submitted.GetConcernId()}
	for name, refused := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"nobody":                          {refusal(concernv1.NewConcernServiceClient(county).GetConcern(t.Context(), get)), fault.TokenRequired},
		"the county's issuer, for Kela":   {refusal(concernv1.NewConcernServiceClient(county).GetConcern(asKela, get)), fault.TokenInvalid},
		"a county's token by Kela's line": {refusal(concernv1.NewConcernServiceClient(kela).GetConcern(worker, get)), fault.TokenInvalid},
		"a system of Kela's not listed":   {refusal(concernv1.NewConcernServiceClient(p.dial(p.gateway, unlisted)).GetConcern(handler, get)), fault.CertificateRefused},
		"for trying out":                  {refusal(devv1.NewDevServiceClient(county).IssueToken(t.Context(), &devv1.IssueTokenRequest{Agency: "kela", Role: "system"})), fault.NotServed},
		"a worker's token at a service":   {refusal(concernv1.NewConcernServiceClient(p.dial(p.service, must(p.inside.Config("stolen")))).GetConcern(worker, get)), fault.TokenInvalid},
		"a system at a service, unnamed":  {refusal(concernv1.NewConcernServiceClient(p.dial(p.service, must(p.inside.Config("stolen")))).GetConcern(handler, get)), fault.TokenRequired},
		"a partner's system at a service": {refusal(concernv1.NewConcernServiceClient(p.dial(p.service, system)).GetConcern(handler, get)), ""},
		"a stranger's system":             {refusal(concernv1.NewConcernServiceClient(p.dial(p.gateway, strange(t, system))).GetConcern(handler, get)), ""},
	} {
		if refused.err == nil || fault.ReasonOf(refused.err) != refused.want {
			t.Errorf("%s: %v", name, refused.err)
		}
	}
	// Nobody shows a certificate from a browser, and the page is there over TLS.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: browser}}
	page := must(client.Get("https://" + p.gateway + "/"))
	_ = page.Body.Close()
	if page.StatusCode != http.StatusOK || page.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("the page: %s", page.Status)
	}
	// Services do without the key that names callers to them.
	if err := os.Remove(filepath.Join(p.secrets, identity.SuiteIssuerFile)); err != nil {
		t.Fatal(err)
	}
	concerns := p.services["concern"][0]
	concerns.end(syscall.SIGTERM)
	concerns.start()
	if got := insist(t, worker, concernv1.NewConcernServiceClient(county).GetConcern, get).GetConcern(); got.GetStatus().GetResponsible().GetWorker() != "ps-21" {
		t.Errorf("responsible is %v", got.GetStatus().GetResponsible())
	}
	p.fsck()
}

// strange is a certificate of a stranger's CA in the place of another.
func strange(t *testing.T, of *tls.Config) *tls.Config {
	t.Helper()
	config := must(certtest.New(t).Config("etuus", "etuus.kela.example"))
	config.RootCAs = of.RootCAs
	return config
}
