package operations

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/process/certtest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// In production a system authenticates with its certificate and a worker with a token. These
// credentials are not passed beyond the gateway, and nobody else gets through.
func TestProduction(t *testing.T) {
	p := clustertest.StartProduction(t)
	gateway, service := p.Gateways[0].Address, p.Services["concern"][0].Address
	system := testkit.Must(p.Kela.Config("etuus", "etuus.kela.example"))
	system.RootCAs = testkit.Must(p.Suite.Config("anybody")).RootCAs
	kela := testkit.DialTLS(t, gateway, system)
	handler := metadata.AppendToOutgoingContext(t.Context(), identity.MetadataOnBehalfOf, "kela-17;toimeentulotuki;benefit_handler")
	submitted := testkit.Must(concernv1.NewConcernServiceClient(kela).SubmitConcern(handler, testkit.Submission())).GetConcern()
	if submitted.GetReporter().GetWorker() != "kela-17" || submitted.GetReporter().GetAgency() != "kela" {
		t.Errorf("submitted by %v", submitted.GetReporter())
	}

	browser := &tls.Config{RootCAs: system.RootCAs, MinVersion: tls.VersionTLS12}
	county := testkit.DialTLS(t, gateway, browser)
	signed := testkit.Must(p.County.Issue(identity.Caller{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: identity.RoleSocialWorker}, time.Now(), time.Hour))
	worker := testkit.WithToken(t, signed)
	testkit.Must(concernv1.NewConcernServiceClient(county).TakeConcern(worker, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: submitted.GetConcernId()}))
	took := testkit.Must(exchangev1.NewExchangeServiceClient(kela).ListMessages(t.Context(), &exchangev1.ListMessagesRequest{PageSize: 10}))
	if len(took.GetMessages()) == 0 {
		t.Error("Kela's system has no messages")
	}

	foreign := testkit.Must(p.County.Issue(identity.Caller{Agency: "kela", Role: identity.RoleSystem}, time.Now(), time.Hour))
	asKela := testkit.WithToken(t, foreign)
	unlisted := testkit.Must(p.Kela.Config("x", "x.kela.example"))
	unlisted.RootCAs = system.RootCAs
	get := &concernv1.GetConcernRequest{ConcernId: submitted.GetConcernId()}
	for name, refused := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"nobody":                          {testkit.Refusal(concernv1.NewConcernServiceClient(county).GetConcern(t.Context(), get)), fault.TokenRequired},
		"the county's issuer, for Kela":   {testkit.Refusal(concernv1.NewConcernServiceClient(county).GetConcern(asKela, get)), fault.TokenInvalid},
		"a county's token by Kela's line": {testkit.Refusal(concernv1.NewConcernServiceClient(kela).GetConcern(worker, get)), fault.TokenInvalid},
		"a system of Kela's not listed":   {testkit.Refusal(concernv1.NewConcernServiceClient(testkit.DialTLS(t, gateway, unlisted)).GetConcern(handler, get)), fault.CertificateRefused},
		"for trying out":                  {testkit.Refusal(devv1.NewDevServiceClient(county).IssueToken(t.Context(), &devv1.IssueTokenRequest{Agency: "kela", Role: "system"})), fault.NotServed},
		"a worker's token at a service":   {testkit.Refusal(concernv1.NewConcernServiceClient(testkit.DialTLS(t, service, testkit.Must(p.Suite.Config("stolen")))).GetConcern(worker, get)), fault.TokenInvalid},
		"a system at a service, unnamed":  {testkit.Refusal(concernv1.NewConcernServiceClient(testkit.DialTLS(t, service, testkit.Must(p.Suite.Config("stolen")))).GetConcern(handler, get)), fault.TokenRequired},
		"a partner's system at a service": {testkit.Refusal(concernv1.NewConcernServiceClient(testkit.DialTLS(t, service, system)).GetConcern(handler, get)), ""},
		"a stranger's system":             {testkit.Refusal(concernv1.NewConcernServiceClient(testkit.DialTLS(t, gateway, strange(t, system))).GetConcern(handler, get)), ""},
	} {
		if refused.err == nil || fault.ReasonOf(refused.err) != refused.want {
			t.Errorf("%s: %v", name, refused.err)
		}
	}
	// Nobody shows a certificate from a browser, and the page is there over TLS.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: browser}}
	page := testkit.Must(client.Get("https://" + gateway + "/"))
	_ = page.Body.Close()
	if page.StatusCode != http.StatusOK || page.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("the page: %s", page.Status)
	}
	// Services do without the key that names callers to them.
	if err := os.Remove(filepath.Join(p.Secrets, identity.SuiteIssuerFile)); err != nil {
		t.Fatal(err)
	}
	concerns := p.Services["concern"][0]
	concerns.Restart()
	if got := testkit.Insist(t, worker, concernv1.NewConcernServiceClient(county).GetConcern, get).GetConcern(); got.GetStatus().GetResponsible().GetWorker() != "ps-21" {
		t.Errorf("responsible is %v", got.GetStatus().GetResponsible())
	}
	p.Fsck()
}

// strange is a certificate of a stranger's CA in the place of another.
func strange(t *testing.T, of *tls.Config) *tls.Config {
	t.Helper()
	config := testkit.Must(certtest.New(t).Config("etuus", "etuus.kela.example"))
	config.RootCAs = of.RootCAs
	return config
}
