package identity_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// No token is accepted that is valid for longer than twelve hours, counted from its time of issue,
// from its not-before time, and from now.
func TestTokenLifetimeLimit(t *testing.T) {
	k, now := newTokens(t), time.Now()
	for name, one := range map[string]struct {
		issued, expires time.Time
		want            fault.Reason
	}{
		"a working day":                     {now, now.Add(12 * time.Hour), ""},
		"31 years":                          {now, now.AddDate(31, 0, 0), fault.TokenInvalid},
		"a day":                             {now, now.Add(24 * time.Hour), fault.TokenInvalid},
		"a day, of which most has passed":   {now.Add(-23 * time.Hour), now.Add(time.Hour), fault.TokenInvalid},
		"issued tomorrow":                   {now.Add(24 * time.Hour), now.Add(25 * time.Hour), fault.TokenInvalid},
		"issued later than it ends, by far": {now.Add(48 * time.Hour), now.Add(13 * time.Hour), fault.TokenInvalid},
	} {
		token, err := k.issuer.Issue(kelaWorker, one.issued, one.expires.Sub(one.issued))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.verifier.Verify(t.Context(), token); fault.ReasonOf(err) != one.want {
			t.Errorf("%s: %v, want %q", name, err, one.want)
		}
	}
}

// caught records the metadata of an outgoing call.
type caught struct {
	grpc.ClientConnInterface
	shown metadata.MD
}

func (c *caught) Invoke(ctx context.Context, _ string, _, _ any, _ ...grpc.CallOption) error {
	c.shown, _ = metadata.FromOutgoingContext(ctx)
	return nil
}

// Internal methods accept only the suite's own token. That token is refused for all other methods,
// and no other issuer may name the suite.
func TestInternalCalls(t *testing.T) {
	g, to := newGateway(t, nil), &caught{}
	own := g.exchange.Own(to, func(method string) bool { return method == "/suite/Ask" })
	shows := func(method string) []string {
		ctx := metadata.NewOutgoingContext(t.Context(), metadata.Pairs("authorization", "Bearer of-a-caller"))
		if err := own.Invoke(ctx, method, nil, nil); err != nil {
			t.Fatal(err)
		}
		return to.shown.Get("authorization")
	}
	if other := shows("/callers/Call"); len(other) != 1 || other[0] != "Bearer of-a-caller" {
		t.Errorf("a caller's call shows %v", other)
	}
	suite := shows("/suite/Ask")
	if err := g.exchange.Conn(g.behind).Invoke(metadata.NewOutgoingContext(t.Context(), metadata.Pairs("authorization", "Bearer "+g.issue(t, kelaWorker, time.Hour))), "/x", nil, nil); err != nil {
		t.Fatal(err)
	}
	caller := g.behind.token
	forged := identity.Caller{Role: identity.RoleSuite}
	for name, one := range map[string]struct {
		method, token string
		mutual        bool
		want          fault.Reason
	}{
		"the suite's question":             {"/suite/Ask", suite[0], false, ""},
		"without a token":                  {"/suite/Ask", "", false, fault.TokenRequired},
		"without one, by certificate":      {"/suite/Ask", "", true, ""},
		"a caller's":                       {"/suite/Ask", caller, false, fault.RoleNotAllowed},
		"a caller's, by certificate":       {"/suite/Ask", caller, true, fault.RoleNotAllowed},
		"an issuer's":                      {"/suite/Ask", "Bearer " + g.issue(t, kelaWorker, time.Hour), false, fault.TokenInvalid},
		"an issuer's that names the suite": {"/suite/Ask", "Bearer " + g.issue(t, forged, time.Hour), false, fault.TokenInvalid},
		"a caller's call by the suite":     {"/callers/Call", suite[0], false, fault.RoleNotAllowed},
		"a caller's call":                  {"/callers/Call", caller, false, ""},
		"a caller's call without a token":  {"/callers/Call", "", true, fault.TokenRequired},
		"a public method":                  {"/public/Call", "", false, ""},
		"a public method, with a token":    {"/public/Call", "Bearer x", false, ""},
	} {
		ctx := t.Context()
		if one.token != "" {
			ctx = metadata.NewIncomingContext(ctx, metadata.Pairs("authorization", one.token))
		}
		intercept := g.behind.verifier.Unary(identity.Admission{
			Public: func(method string) bool { return method == "/public/Call" }, Suite: func(method string) bool { return method == "/suite/Ask" }, Mutual: one.mutual,
		})
		_, err := intercept(ctx, nil, &grpc.UnaryServerInfo{FullMethod: one.method}, func(context.Context, any) (any, error) { return nil, nil })
		if fault.ReasonOf(err) != one.want {
			t.Errorf("%s: %v, want %q", name, err, one.want)
		}
	}
	// The gateway does not accept the suite's token as a caller's either.
	if _, err := g.verifier.Verify(t.Context(), suite[0][len("Bearer "):]); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("at the gateway: %v", err)
	}
	if _, err := g.verifier.Verify(t.Context(), g.issue(t, forged, time.Hour)); fault.ReasonOf(err) != fault.TokenInvalid {
		t.Errorf("an issuer names the suite: %v", err)
	}
}
