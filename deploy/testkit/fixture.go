package testkit

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
)

// Fixture is an instance with callers who have tokens.
type Fixture struct {
	*Instance
	T testing.TB
	// Tokens are by the name of the caller: "kela", "county" and "nurse" are workers of three
	// agencies, "system" is Kela's system, "client" is Anna, and "operator" operates Koppi. A test
	// may add others.
	Tokens map[string]string
}

// NewFixture starts an instance and issues tokens to the callers.
func NewFixture(t testing.TB) *Fixture {
	t.Helper()
	return NewFixtureWith(t, allinone.Config{})
}

// NewFixtureWith is NewFixture with settings of the instance.
func NewFixtureWith(t testing.TB, settings allinone.Config) *Fixture {
	t.Helper()
	return FixtureAt(t, Start(t, settings))
}

// FixtureAt issues tokens to the callers of an instance that runs, which has at least an address.
func FixtureAt(t testing.TB, i *Instance) *Fixture {
	t.Helper()
	f := &Fixture{Instance: i, T: t, Tokens: map[string]string{}}
	for name, party := range map[string]scenario.CastParty{
		"kela":     {Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"},
		"county":   {Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: "social_worker"},
		"nurse":    {Agency: "terveys-pohjois-savo", Unit: "terveysasema-kuopio", Worker: "tk-02", Role: "health_professional"},
		"system":   {Agency: "kela", Role: "system"},
		"client":   {Role: "client", PersonalIdentityCode: AnnaCode},
		"operator": {Worker: "op-1", Role: "operator"},
	} {
		f.Tokens[name] = f.Token(party)
	}
	return f
}

// Token issues a token to a caller.
func (f *Fixture) Token(party scenario.CastParty) string {
	f.T.Helper()
	body, _ := json.Marshal(party)
	answer, err := f.Call("", "koppi.dev.v1.DevService/IssueToken", string(body))
	if err != nil {
		f.T.Fatal(err)
	}
	var issued struct{ Token string }
	if err := json.Unmarshal(answer, &issued); err != nil {
		f.T.Fatal(err)
	}
	return issued.Token
}

// Conn returns a connection to the gateway.
func (f *Fixture) Conn() *grpc.ClientConn {
	f.T.Helper()
	return dial(f.T, f.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// As returns a context in which a caller of Tokens calls.
func (f *Fixture) As(name string) context.Context {
	return metadata.AppendToOutgoingContext(f.T.Context(), "authorization", "Bearer "+f.Tokens[name])
}

// Call calls a method over Connect with a JSON body, such as "koppi.dev.v1.DevService/IssueToken".
// A refusal is a *scenario.Refusal.
func (f *Fixture) Call(token, call, body string) ([]byte, error) {
	return scenario.ConnectJSON{Address: f.Address, Client: http.DefaultClient}.Call(f.T.Context(), token, call, []byte(body))
}

// AdvanceTo moves the domain's clock to a time, in RFC 3339.
func (f *Fixture) AdvanceTo(t testing.TB, at string) {
	t.Helper()
	if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"to":"`+at+`"}`); err != nil {
		t.Fatal(err)
	}
}

// SubmitReport submits the report of Report(nil) as Kela's worker, and returns the concern's id.
func (f *Fixture) SubmitReport() string {
	f.T.Helper()
	answer, err := f.Call(f.Tokens["kela"], SubmitCall, Report(nil))
	if err != nil {
		f.T.Fatal(err)
	}
	var submitted struct{ Concern struct{ ConcernID string } }
	if err := json.Unmarshal(answer, &submitted); err != nil {
		f.T.Fatal(err)
	}
	return submitted.Concern.ConcernID
}

// CheckRefusal fails the test unless a call of Call was refused with a code and a reason. The
// refusal must give advice, and must not repeat what was sent.
func (f *Fixture) CheckRefusal(name string, err error, code, reason string) {
	f.T.Helper()
	refusal, ok := err.(*scenario.Refusal) //nolint:errorlint // never wrapped
	if !ok || refusal.Code != code || refusal.Reason != reason {
		f.T.Errorf("%s: %v, want %s %s", name, err, code, reason)
		return
	}
	for _, secret := range []string{"salainen", "140391", AnnaCode, "eyJ"} {
		if strings.Contains(refusal.Message, secret) {
			f.T.Errorf("%s: the refusal repeats what was sent: %s", name, refusal.Message)
		}
	}
	if !strings.Contains(refusal.Message, ": ") {
		f.T.Errorf("%s: no advice in %q", name, refusal.Message)
	}
}
