package matter_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// A scope allows a matter exactly if one of its parts is the caller's; in an emergency it allows to read.
func TestScope(t *testing.T) {
	keys := rapid.SampledFrom([]string{"a", "b", "ab", "a-b", "c"})
	some := func(t *rapid.T, name string) []string { return rapid.SliceOfN(keys, 0, 4).Draw(t, name) }
	meets := func(a, b []string) bool {
		return slices.ContainsFunc(a, func(one string) bool { return slices.Contains(b, one) })
	}
	rapid.Check(t, func(t *rapid.T) {
		units, workers := some(t, "units"), some(t, "workers")
		parts := matter.PartsOf(units, workers)
		scope := matter.Scope{
			Agency: "x", Units: some(t, "reads"), Worker: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "worker"),
			Intake: rapid.Bool().Draw(t, "intake"), Known: some(t, "known"),
		}
		if rapid.Bool().Draw(t, "emergency") {
			scope.Emergencies, scope.EmergencyUnits = map[string]string{"client": "id"}, some(t, "emergency units")
		}
		want := matter.PermissionNone
		switch {
		case meets(units, scope.Units), scope.Worker != "" && slices.Contains(workers, scope.Worker), scope.Intake && !meets(units, scope.Known):
			want = matter.PermissionFull
		case scope.Emergencies != nil && meets(units, scope.EmergencyUnits):
			want = matter.PermissionRead
		}
		if got := scope.Permission(parts, "client"); got != want {
			t.Fatalf("%+v in %q: %v, want %v", scope, parts, got, want)
		}
		if scope.Emergencies != nil && scope.Permission(parts, "other") == matter.PermissionRead {
			t.Fatal("an emergency reading of one client reads another")
		}
	})
	if (matter.Scope{}).Permission(matter.PartsOf([]string{"a"}, []string{"w"}), "client") != matter.PermissionNone {
		t.Error("the zero scope reads")
	}
	if matter.WholeScope("x").Permission(" ", "") != matter.PermissionFull {
		t.Error("the whole scope does not read")
	}
}

// Parts hold each unit that acted or is named, of the reader's agency alone, and none that is only suggested, to which
// the client is guided, or of which one worker alone works on the matter.
func TestUnitsOfAView(t *testing.T) {
	party := func(agency, unit string) *commonv1.Party { return &commonv1.Party{Agency: agency, Unit: unit} }
	view := matter.View[matter.Head]{Reader: matter.Reader{Agency: "x"}}
	for _, event := range []matter.Event{
		{By: party("y", "outside"), Message: &concernv1.ConcernSubmitted{Receiver: party("x", "first")}},
		{By: party("x", "second"), Message: &concernv1.ConcernForwarded{Receiver: party("y", "z")}},
		{By: party("x", ""), Message: &concernv1.ConcernDeclined{SuggestedReceiver: party("x", "suggested")}},
		{By: party("x", ""), Message: &referralv1.ReferralDeclined{SuggestedReceiver: party("x", "suggested")}},
		{By: party("x", ""), Message: &concernv1.ContactAttempted{GuidedTo: []*concernv1.Guidance{{To: &concernv1.Guidance_Party{Party: party("x", "guided")}}}}},
		{By: party("x", ""), Message: &concernv1.ConcernClosed{GuidedTo: []*concernv1.Guidance{{To: &concernv1.Guidance_Party{Party: party("x", "guided")}}}}},
		{By: party("x", ""), Message: &concernv1.SecondWorkerSet{Worker: party("x", "pair")}},
		{Message: &concernv1.ConcernReassigned{To: party("x", "third")}},
	} {
		view = view.With(matter.Head{}, event)
	}
	if got := strings.Join(view.Units, " "); got != "first second third" || view.Version != 8 {
		t.Errorf("%q after %d", got, view.Version)
	}
}
