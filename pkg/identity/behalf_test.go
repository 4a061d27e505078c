package identity_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// limited is a token exchange whose directory limits the systems of Kela.
func limited(t *testing.T, entries string) gateway {
	t.Helper()
	g := newGateway(t, nil)
	known, err := directory.Parse([]byte(strings.Replace(agencies, `"noConsentProfile"`, `"onBehalfOf":`+entries+`,"noConsentProfile"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	g.directory.Replace(known)
	return g
}

// A system acts only for workers of units and roles for which the directory lets it act. What it may not is
// refused with advice, and a system that is not limited acts for all.
func TestLimitsOfASystem(t *testing.T) {
	g := limited(t, `[{"system":"kelmu","roles":["benefit_handler"]},{"system":"free"},{"units":["a"],"roles":["social_worker"]}]`)
	for _, test := range []struct {
		system, named string
		want          fault.Reason
	}{
		{"kelmu", "kela-17;a;benefit_handler", ""},
		{"kelmu", "kela-17;a;team_leader", fault.OnBehalfNotAllowed},
		{"free", "kela-17;a;team_leader", ""},
		{"other", "kela-17;a;social_worker", ""},
		{"other", "kela-17;a;benefit_handler", fault.OnBehalfNotAllowed},
		{"kelmu", "kela-17;zz;benefit_handler", fault.UnknownParty},
	} {
		system := g.issue(t, identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: test.system}, time.Hour)
		_, err := g.call(t.Context(), "authorization", "Bearer "+system, identity.MetadataOnBehalfOf, test.named)
		if fault.ReasonOf(err) != test.want {
			t.Errorf("%s for %s: %v, want %s", test.system, test.named, err, test.want)
		}
		if test.want == fault.OnBehalfNotAllowed && (!strings.Contains(fmt.Sprint(err), "PutColleague") || strings.Contains(fmt.Sprint(err), "kela-17")) {
			t.Errorf("the refusal gives no advice, or repeats the worker: %v", err)
		}
	}
	alone := g.issue(t, identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "other"}, time.Hour)
	if _, err := g.call(t.Context(), "authorization", "Bearer "+alone); err != nil {
		t.Errorf("a limited system for itself: %v", err)
	}
	hva := g.issue(t, identity.Caller{Agency: "hva", Role: identity.RoleSystem, SystemSubject: "kelmu"}, time.Hour)
	if _, err := g.call(t.Context(), "authorization", "Bearer "+hva, identity.MetadataOnBehalfOf, "x;b;social_worker"); err != nil {
		t.Errorf("another agency's system: %v", err)
	}
}

// Units are limited apart from roles.
func TestLimitOfUnits(t *testing.T) {
	g := newGateway(t, nil)
	two := strings.Replace(agencies, `"units":[`, `"onBehalfOf":[{"units":["a"]}],"units":[{"unit":"c","intake":true,"names":{"fi":"C","sv":"C","en":"C"},"languages":["fi"]},`, 1)
	known, err := directory.Parse([]byte(two))
	if err != nil {
		t.Fatal(err)
	}
	g.directory.Replace(known)
	system := "Bearer " + g.issue(t, identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "s"}, time.Hour)
	for unit, want := range map[string]fault.Reason{"a": "", "c": fault.OnBehalfNotAllowed} {
		if _, err := g.call(t.Context(), "authorization", system, identity.MetadataOnBehalfOf, "w;"+unit+";benefit_handler"); fault.ReasonOf(err) != want {
			t.Errorf("%s: %v", unit, err)
		}
	}
}

// Who admits callers is asked about each verified one, and what it refuses reaches no service.
func TestAdmission(t *testing.T) {
	g := newGateway(t, nil)
	admit := func(_ context.Context, who identity.Caller) (identity.Caller, error) {
		if who.Worker == "stranger" {
			return who, fault.New(fault.OnBehalfNotAllowed, "unknown")
		}
		who.Duty = identity.SetOf("a/2026-W48")
		return who, nil
	}
	conn := g.exchange.Completed(g.behind, admit)
	system := g.issue(t, identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "s"}, time.Hour)
	call := func(worker string) error {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+system, identity.MetadataOnBehalfOf, worker+";a;benefit_handler")
		return conn.Invoke(ctx, "/x/Y", nil, nil)
	}
	if err := call("kela-17"); err != nil || g.behind.caller.Duty != identity.SetOf("a/2026-W48") {
		t.Errorf("%+v, %v", g.behind.caller, err)
	}
	g.behind.token = ""
	if err := call("stranger"); fault.ReasonOf(err) != fault.OnBehalfNotAllowed || g.behind.token != "" {
		t.Errorf("%q, %v", g.behind.token, err)
	}
}

// A request on a stream names its worker as the header of a call does. The header of the stream and the
// request may not differ; a person's stream names nobody.
func TestOnBehalfOnAStream(t *testing.T) {
	g := limited(t, `[{"roles":["benefit_handler","team_leader"]}]`)
	stream := func(who identity.Caller, header string) string {
		t.Helper()
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+g.issue(t, who, time.Hour))
		if header != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, identity.MetadataOnBehalfOf, header)
		}
		if _, err := g.exchange.Conn(g.behind).NewStream(ctx, &grpc.StreamDesc{}, "/x/Y"); err != nil {
			t.Fatal(err)
		}
		token, _ := identity.Bearer(g.behind.token)
		return token
	}
	system := identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "kelmu"}
	alone, named := stream(system, ""), stream(system, "kela-17;a;benefit_handler")
	for _, test := range []struct {
		stream, named string
		want          fault.Reason
	}{
		{alone, "kela-17;a;benefit_handler", ""},
		{alone, "kela%2D17;%61;benefit_handler", ""},
		{alone, "kela-17;a;social_worker", fault.OnBehalfNotAllowed},
		{alone, "kela-17;zz;benefit_handler", fault.UnknownParty},
		{alone, "kela-17;a", fault.InvalidField},
		{alone, "stranger;a;benefit_handler", fault.OnBehalfNotAllowed},
		{named, "kela-17;a;benefit_handler", ""},
		{named, "kela%2D17;a;benefit_handler", ""},
		{named, "kela-18;a;benefit_handler", fault.InvalidField},
		{named, "kela-17;a;team_leader", fault.InvalidField},
		{stream(kelaWorker, ""), "kela-17;a;benefit_handler", fault.RoleNotAllowed},
		{alone + "x", "kela-17;a;benefit_handler", fault.TokenInvalid},
		{g.issue(t, system, time.Hour), "kela-17;a;benefit_handler", fault.TokenInvalid},
	} {
		token, err := g.exchange.OnBehalf(t.Context(), test.stream, test.named, func(_ context.Context, who identity.Caller) (identity.Caller, error) {
			if who.Worker == "stranger" {
				return who, fault.New(fault.OnBehalfNotAllowed, "unknown")
			}
			return who, nil
		})
		if fault.ReasonOf(err) != test.want || (token == "") != (err != nil) {
			t.Errorf("%s: %v, want %s", test.named, err, test.want)
			continue
		}
		if err != nil {
			continue
		}
		seen, err := g.behind.verifier.Authenticate(metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer "+token)))
		caller, _ := identity.FromContext(seen)
		if err != nil || caller.Worker != "kela-17" || caller.Unit != "a" || caller.Role != identity.RoleBenefitHandler || caller.SystemSubject != "kelmu" || !caller.System {
			t.Errorf("%s: %+v, %v", test.named, caller, err)
		}
		if !caller.ActsFor(test.named) || caller.ActsFor("kela-18;a;benefit_handler") || caller.ActsFor("kela-17") {
			t.Errorf("%s: for whom %+v acts", test.named, caller)
		}
	}
}

// The access log records a system by its own subject, and beside it the worker.
func TestRecorded(t *testing.T) {
	acting := identity.Caller{Agency: "kela", Unit: "a", Worker: "w", Role: identity.RoleBenefitHandler, System: true, SystemSubject: "s"}
	if by, worker := acting.Recorded(); by.GetAgency() != "kela" || by.GetUnit() != "" || by.GetWorker() != "s" || worker != "w" {
		t.Errorf("%v, %q", by, worker)
	}
	if by, worker := kelaWorker.Recorded(); by.GetUnit() != kelaWorker.Unit || by.GetWorker() != kelaWorker.Worker || worker != "" {
		t.Errorf("%v, %q", by, worker)
	}
}
