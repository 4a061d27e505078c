package sandbox

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/gateway/callback"
	"koppi.internal/partner"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// outside is a partner's system, which has a sandbox's address and the partner's credentials and nothing else. Its
// inbox is the kit's: it verifies each message.
type outside struct {
	*partner.File

	t       *testing.T
	address string
	issuer  *identity.Issuer
	events  map[string][]string
}

func newOutside(t *testing.T, address string, files Credentials) *outside {
	t.Helper()
	inbox := testkit.Must(partner.OpenFile(filepath.Join(t.TempDir(), "inbox.jsonl")))
	return &outside{inbox, t, address, testkit.Must(identity.OpenIssuer(files.IssuerKey, PartnerIssuer)), map[string][]string{}}
}

func (o *outside) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	for _, one := range messages {
		subject := one.GetMessage().GetSubject()
		o.events[subject] = append(o.events[subject], string(one.GetMessage().GetEvent().MessageName().Name()))
	}
	return o.File.Take(ctx, messages, behind)
}

var (
	handler = identity.Caller{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: identity.RoleBenefitHandler}
	system  = identity.Caller{Agency: "kela", Role: identity.RoleSystem}
)

func (o *outside) token(caller identity.Caller) string {
	return testkit.Must(o.issuer.Issue(caller, time.Now(), time.Hour))
}

func (o *outside) connect(caller identity.Caller) *grpc.ClientConn {
	conn := testkit.Must(partner.Connect(o.address, func(context.Context) (string, error) { return o.token(caller), nil }))
	o.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// until polls until a matter has an event.
func (o *outside) until(subject, event string) {
	o.t.Helper()
	conn := o.connect(system)
	testkit.Eventually(o.t, func() bool {
		testkit.Must(partner.Poll(o.t.Context(), conn, o, "partner"))
		return slices.Contains(o.events[subject], event)
	})
}

// ask asks the sandbox.
func (o *outside) ask(method, path, token string) (int, map[string]any) {
	o.t.Helper()
	request := testkit.Must(http.NewRequestWithContext(o.t.Context(), method, o.address+"/sandbox/"+path, http.NoBody))
	request.Header.Set("Authorization", "Bearer "+token)
	response := testkit.Must(http.DefaultClient.Do(request))
	defer func() { _ = response.Body.Close() }()
	answer := map[string]any{}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		o.t.Fatal(err)
	}
	return response.StatusCode, answer
}

func concernOf(code string) *concernv1.SubmitConcernRequest {
	return &concernv1.SubmitConcernRequest{
		RequestId: uuid.NewString(), Receiver: &commonv1.Party{Agency: "hva-pohjois-savo"},
		Client: &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code}, Language: "fi"},
		Basis: &commonv1.LegalBasis{
			Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour)),
		},
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: "Kaksi vuokraa maksamatta.", Urgency: commonv1.Urgency_URGENCY_URGENT,
	}
}

// A partner with nothing but the address and its credentials reports a concern, sees a robot take it, ask and close it,
// and asks for an event; the kit verifies all messages. A real person's code is refused.
func TestPartner(t *testing.T) {
	s := start(t, Config{Agency: "kela", Delay: 2 * time.Second})
	o := newOutside(t, s.address, s.Credentials())
	worker := o.connect(handler)
	info := testkit.Must(caseworkv1.NewCaseworkServiceClient(worker).GetServerInfo(t.Context(), &caseworkv1.GetServerInfoRequest{}))
	if !info.GetTestPersons() {
		t.Error("GetServerInfo does not say that this is a test environment")
	}
	concerns := concernv1.NewConcernServiceClient(worker)
	if _, err := concerns.SubmitConcern(t.Context(), concernOf("131052-308T")); partner.Reason(err) != string(fault.InvalidIdentityCode) {
		t.Errorf("a real person's code: %v", err)
	}
	sent := testkit.Must(concerns.SubmitConcern(t.Context(), concernOf("010594Y9032")))
	subject := "concerns/" + sent.GetConcern().GetConcernId()
	o.until(subject, "ConcernClosed")
	want := []string{"ConcernSubmitted", "ConcernReceived", "ConcernTaken", "InformationRequested", "ContactAttempted", "ConcernClosed"}
	if got := o.events[subject]; !slices.Equal(got, want) {
		t.Errorf("the robot's concern: %v", got)
	}
	status, told := o.ask(http.MethodPost, "events/ConsentWithdrawn", o.token(system))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, told)
	}
	withdrawn, _ := told["subject"].(string)
	o.until(withdrawn, "ConsentWithdrawn")
	if withdrawn == subject {
		t.Error("the story is told in the partner's own matter")
	}
	if status, _ := o.ask(http.MethodPost, "events/ConsentWithdrawn", "nobody"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	if status, answer := o.ask(http.MethodPost, "events/NothingOfThisKind", o.token(system)); status != http.StatusNotFound {
		t.Errorf("an unknown event: %d %v", status, answer)
	}
	if status, answer := o.ask(http.MethodGet, "events", o.token(system)); status != http.StatusOK || len(answer["events"].([]any)) < 25 {
		t.Errorf("the list: %d %v", status, answer)
	}
}

// A sandbox that is started again goes on: a robot ends what it took before, and has no part in a story that was told.
func TestSandboxGoesOn(t *testing.T) {
	data := t.TempDir()
	first := start(t, Config{Data: data, Agency: "kela", Delay: time.Hour})
	o := newOutside(t, first.address, first.Credentials())
	submit := func(code string) string {
		sent := testkit.Must(concernv1.NewConcernServiceClient(o.connect(handler)).SubmitConcern(t.Context(), concernOf(code)))
		return "concerns/" + sent.GetConcern().GetConcernId()
	}
	subject := submit("010594Y9032")
	o.until(subject, "InformationRequested")
	_, told := o.ask(http.MethodPost, "events/concern/ConcernSubmitted", o.token(system))
	story, _ := told["subject"].(string)
	first.stop()
	o.address = start(t, Config{Data: data, Agency: "kela"}).address
	o.until(subject, "ConcernClosed")
	// The robots' round with the first one has ended when another one is closed.
	o.until(submit("030694W9024"), "ConcernClosed")
	if got := o.events[story]; !slices.Equal(got, []string{"ConcernSubmitted"}) {
		t.Errorf("the matter of the story: %v", got)
	}
}

// A partner that names its endpoint is called there over TLS, with the secret of its credentials.
func TestPartnerIsCalled(t *testing.T) {
	var endpoint atomic.Pointer[http.Handler]
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ready := endpoint.Load(); ready != nil {
			(*ready).ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, Config{
		Agency: "kela", Delay: time.Second, Endpoint: server.URL,
		Callbacks: callback.Settings{CallbackCA: ca, CallbackAllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
	})
	secret := strings.TrimSpace(string(testkit.Must(os.ReadFile(s.Credentials().CallbackSecret))))
	called := inbox{testkit.Must(partner.OpenFile(filepath.Join(t.TempDir(), "called.jsonl"))), make(chan string, 100)}
	handle := http.Handler(testkit.Must(partner.NewEndpoint(called, slog.New(slog.DiscardHandler), secret)))
	endpoint.Store(&handle)
	o := newOutside(t, s.address, s.Credentials())
	sent := testkit.Must(concernv1.NewConcernServiceClient(o.connect(handler)).SubmitConcern(t.Context(), concernOf("010594Y9032")))
	want := "concerns/" + sent.GetConcern().GetConcernId() + " ConcernSubmitted"
	for {
		select {
		case got := <-called.taken:
			if got == want {
				return
			}
		case <-time.After(time.Minute):
			t.Fatal("the endpoint was not called with the concern")
		}
	}
}

// inbox names what an endpoint takes.
type inbox struct {
	*partner.File

	taken chan string
}

func (i inbox) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	err := i.File.Take(ctx, messages, behind)
	for _, one := range messages {
		i.taken <- one.GetMessage().GetSubject() + " " + string(one.GetMessage().GetEvent().MessageName().Name())
	}
	return err
}
