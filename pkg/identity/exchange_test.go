package identity_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"pgregory.net/rapid"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
)

// behind records the calls that a service behind a gateway receives.
type behind struct {
	grpc.ClientConnInterface

	verifier *identity.Verifier
	token    string
	caller   identity.Caller
	shown    metadata.MD
}

func (b *behind) Invoke(ctx context.Context, _ string, _, _ any, _ ...grpc.CallOption) error {
	return b.see(ctx)
}

func (b *behind) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, b.see(ctx)
}

func (b *behind) see(ctx context.Context) error {
	b.shown, _ = metadata.FromOutgoingContext(ctx)
	b.token = ""
	if header := b.shown.Get("authorization"); len(header) > 0 {
		b.token = header[0]
	}
	ctx, err := b.verifier.Authenticate(metadata.NewIncomingContext(ctx, b.shown))
	b.caller, _ = identity.FromContext(ctx)
	return err
}

func newBehind(verifier *identity.Verifier) *behind { return &behind{verifier: verifier} }

// gateway is a token exchange with a service behind it.
type gateway struct {
	tokens

	exchange *identity.TokenExchange
	behind   *behind
	now      *time.Time
}

func newGateway(t *testing.T, partners *identity.Partners) gateway {
	t.Helper()
	return newGatewayOf(t, partners, idcode.RealPersons, idcode.RealPersons)
}

// newGatewayOf is a gateway that accepts persons, with a service behind it that accepts others.
func newGatewayOf(t *testing.T, partners *identity.Partners, front, behind idcode.Persons) gateway {
	t.Helper()
	folder, now := t.TempDir(), time.Now()
	g := gateway{tokens: newTokens(t), now: &now}
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	suite, err := identity.OpenSuiteIssuer(folder, front)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return *g.now }
	g.exchange, err = identity.NewTokenExchange(identity.TokenExchangeConfig{
		Verifier: g.verifier, Partners: partners, Issuer: suite, Logger: slog.New(slog.DiscardHandler), Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := identity.NewSuiteVerifier(folder, behind, known, clock)
	if err != nil {
		t.Fatal(err)
	}
	g.behind = newBehind(verifier)
	return g
}

// call makes a call with pairs of metadata.
func (g gateway) call(ctx context.Context, shown ...string) (identity.Caller, error) {
	err := g.exchange.Conn(g.behind).Invoke(metadata.AppendToOutgoingContext(ctx, shown...), "/x/Y", nil, nil)
	return g.behind.caller, err
}

// A gateway and a service of which one is of a test environment refuse each other; production and a trial agree.
func TestGatewayAndServiceAgreeOnPersons(t *testing.T) {
	all := []idcode.Persons{idcode.RealPersons, idcode.TestPersons, idcode.AllPersons}
	for _, front := range all {
		for _, behind := range all {
			g := newGatewayOf(t, nil, front, behind)
			caller, err := g.call(t.Context(), "authorization", "Bearer "+g.issue(t, kelaWorker, time.Hour))
			if agree := (front == idcode.TestPersons) == (behind == idcode.TestPersons); agree && (err != nil || caller.Worker != kelaWorker.Worker) {
				t.Errorf("%d, %d: %v", front, behind, err)
			} else if !agree && (fault.ReasonOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "--test-persons")) {
				t.Errorf("%d, %d: %v", front, behind, err)
			}
		}
	}
}

func TestOnBehalfOf(t *testing.T) {
	g := newGateway(t, nil)
	system := g.issue(t, identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "kelmu"}, time.Hour)
	call := func(token, named string) (identity.Caller, error) {
		return g.call(t.Context(), "authorization", "Bearer "+token, identity.MetadataOnBehalfOf, named)
	}
	if caller, err := call(system, "kela-17;a;benefit_handler"); err != nil || caller.Worker != "kela-17" || !caller.System || caller.SystemSubject != "kelmu" || caller.Role != identity.RoleBenefitHandler {
		t.Errorf("%+v, %v", caller, err)
	}
	if len(g.behind.shown.Get(identity.MetadataOnBehalfOf)) > 0 {
		t.Error("the header is forwarded beside the token that names the worker")
	}
	if caller, err := call(system, "kela%2D17%40kela;%61;benefit_handler"); err != nil || caller.Worker != "kela-17@kela" || caller.Unit != "a" {
		t.Errorf("percent-encoded: %+v, %v", caller, err)
	}
	for named, says := range map[string]string{
		"m\xe4kinen;a;benefit_handler": "not Latin-1", "mäkinen;a;benefit_handler": "percent-encoded", "m%C3%A4kinen;a;benefit_handler": "A-Z a-z 0-9",
		"010594Y9032;a;benefit_handler": "identity code", "010594%59%39032;a;benefit_handler": "identity code", "a%zz;a;benefit_handler": "encoding is invalid", "a%0A;a;benefit_handler": "A-Z a-z",
		"kela-17;a": "three parts", "kela-17;a;mayor": "role",
	} {
		_, err := call(system, named)
		if fault.ReasonOf(err) != fault.InvalidField || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "kinen") || strings.Contains(err.Error(), "010594") {
			t.Errorf("%q: %v, want %q", named, err, says)
		}
	}
	for named, want := range map[string]fault.Reason{
		"kela-17": fault.InvalidField, "kela-17;zz;benefit_handler": fault.UnknownParty, "kela-17;a;system": fault.InvalidField, ";a;benefit_handler": fault.InvalidField,
		"a\xff;a;benefit_handler": fault.InvalidField, "a\x07;a;benefit_handler": fault.InvalidField,
	} {
		if _, err := call(system, named); fault.ReasonOf(err) != want {
			t.Errorf("%s: %v, want %s", named, err, want)
		}
	}
	if _, err := call(g.issue(t, kelaWorker, time.Hour), "x;a;benefit_handler"); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("a worker acts on behalf of another: %v", err)
	}
}

// A service is told exactly who calls, by a token of the suite and never by the caller's
// credential. The token expires no later than the credential.
func TestTokenExchange(t *testing.T) {
	g := newGateway(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		worker := identity.Caller{Agency: "kela", Unit: "a", Worker: rapid.StringMatching(`[A-Za-z0-9._@:+=/|-]{1,20}`).Draw(t, "worker"), Role: identity.RoleBenefitHandler}
		acting := worker
		acting.System, acting.SystemSubject = true, rapid.StringMatching(`[a-z.]{1,20}`).Draw(t, "system")
		want := rapid.SampledFrom([]identity.Caller{
			worker, acting,
			{Agency: "hva", Role: identity.RoleSystem, System: true, SystemSubject: "s"},
			{Role: identity.RoleClient, Client: "ab12"},
			{Role: identity.RoleOperator, Worker: "op-1"},
		}).Draw(t, "caller")
		left := time.Duration(rapid.IntRange(1, 3*3600).Draw(t, "left")) * time.Second
		want.Expires = g.now.Add(left).Truncate(time.Second)
		ctx := identity.WithCaller(t.Context(), want)
		got, err := g.call(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ends := got.Expires
		if ends.After(want.Expires) || ends.After(g.now.Add(3*time.Minute)) {
			t.Errorf("with %s left, a call's token expires in %s", left, ends.Sub(*g.now))
		}
		if got.Issuer != identity.SuiteIssuer {
			t.Errorf("issued by %s", got.Issuer)
		}
		got.Expires, got.Issuer = want.Expires, want.Issuer
		if got != want {
			t.Errorf("%+v became %+v", want, got)
		}
		first := g.behind.token
		if _, err := g.call(ctx); err != nil || left > time.Hour && g.behind.token != first {
			t.Errorf("the next call has another token: %v", err)
		}
		if _, err := g.exchange.Conn(g.behind).NewStream(ctx, nil, "/x/Y"); err != nil || g.behind.caller.Expires.After(want.Expires) ||
			left > time.Hour && g.behind.caller.Expires.Before(g.now.Add(time.Hour)) {
			t.Errorf("with %s left, a stream's token expires in %s: %v", left, g.behind.caller.Expires.Sub(*g.now), err)
		}
	})
}

// Credentials of callers are not forwarded to services, and tokens for services are refused at a
// gateway.
func TestTokensNotForwarded(t *testing.T) {
	g := newGateway(t, nil)
	token := "Bearer " + g.issue(t, kelaWorker, time.Hour)
	if _, err := g.call(t.Context(), "authorization", token); err != nil {
		t.Fatal(err)
	}
	ours := g.behind.token
	if ours == token {
		t.Error("the caller's token was forwarded to a service")
	}
	if _, err := g.call(t.Context(), "authorization", ours); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("the suite's own token at a gateway: %v", err)
	}
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", token))
	if _, err := g.behind.verifier.Authenticate(ctx); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("an agency's token at a service: %v", err)
	}
	ctx = metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", ours, identity.MetadataOnBehalfOf, "x;a;benefit_handler"))
	if ctx, err := g.behind.verifier.Authenticate(ctx); err != nil {
		t.Error(err)
	} else if caller, _ := identity.FromContext(ctx); caller.Worker != kelaWorker.Worker {
		t.Errorf("a service trusts a name beside the token: %+v", caller)
	}
	if _, err := newGateway(t, nil).behind.verifier.Authenticate(metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", ours))); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("another suite's token at a service: %v", err)
	}
	for name, shown := range map[string][]string{
		"twice":     {"authorization", token, "authorization", token},
		"no kind":   {"authorization", token[len("Bearer "):]},
		"a forgery": {"authorization", token + "x"},
	} {
		if _, err := g.call(t.Context(), shown...); fault.ReasonOf(err) != fault.TokenInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := g.call(t.Context()); fault.ReasonOf(err) != fault.TokenRequired || len(g.behind.shown) > 0 {
		t.Errorf("without a credential: %v, %v", g.behind.shown, err)
	}
	if _, err := g.call(t.Context(), "authorization", token); err != nil {
		t.Fatal(err)
	}
	*g.now = g.now.Add(10 * time.Minute)
	ctx = metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", ours))
	if _, err := g.behind.verifier.Authenticate(ctx); fault.ReasonOf(err) != fault.TokenExpired {
		t.Errorf("a call's token is valid after ten minutes: %v", err)
	}
	if _, err := g.call(t.Context(), "authorization", token); err != nil || g.behind.token == ours {
		t.Errorf("the next call gets no new token: %v", err)
	}
}
