package consent

import (
	"testing"
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// A member's consent is that of an advance consent if it has its time, or one that is earlier by what
// clocks may differ.
func TestIsOfAdvance(t *testing.T) {
	given := time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]bool{
		0: true, -matter.ClockTolerance: true, -matter.ClockTolerance - 1: false, 1: false, -24 * time.Hour: false,
	} {
		if got := isOfAdvance(given.Add(after), given); got != want {
			t.Errorf("%s after: %t", after, got)
		}
	}
}

// What a directive does to a matter depends on what the client's consent carries of it, and on whether
// that was withdrawn before the directive or by it.
func TestConsequences(t *testing.T) {
	at := time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC)
	consent := &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT}
	departed := func(when time.Time, agency string) matter.Head {
		return matter.Head{Departures: []matter.Notice{{At: when, Holders: []string{agency}}}}
	}
	apart := func(agencies ...string) (consents matter.Consents) {
		consents.Apart = true
		for _, agency := range agencies {
			consents.Members = append(consents.Members, matter.Consented{Agency: agency, Basis: consent})
		}
		return consents
	}
	reaches := func(agency string) bool { return agency == "terveys" }
	one := effect{at: at, reaches: reaches, covers: func(c matter.Consented) bool { return reaches(c.Agency) }}
	for name, test := range map[string]struct {
		head     matter.Head
		consents matter.Consents
		want     string
	}{
		"on consent":                     {matter.Head{Basis: consent}, matter.Consents{}, "withdraws"},
		"by law":                         {matter.Head{}, matter.Consents{}, "continues"},
		"by law, ended":                  {matter.Head{Phase: commonv1.LoopPhase_LOOP_PHASE_CLOSED}, matter.Consents{}, ""},
		"withdrawn before":               {matter.Head{Basis: consent, Withdrawal: matter.Notice{At: at.Add(-1)}}, matter.Consents{}, ""},
		"withdrawn by it":                {matter.Head{Basis: consent, Withdrawal: matter.Notice{At: at}}, matter.Consents{}, "withdrawn"},
		"a moved application on consent": {matter.Head{Basis: consent}, matter.Consents{Instead: "x"}, "continues"},
		"of a member":                    {matter.Head{Basis: consent}, apart("kela", "terveys"), "withdraws"},
		"of a member of an ended plan":   {matter.Head{Phase: commonv1.LoopPhase_LOOP_PHASE_CLOSED}, apart("terveys"), "withdraws"},
		"of no member":                   {matter.Head{Basis: consent}, apart("kela"), "continues"},
		"a member left by it":            {departed(at, "terveys"), apart("kela"), "withdrawn"},
		"another left since":             {departed(at, "kela"), apart(), "continues"},
		"a member left before":           {departed(at.Add(-1), "terveys"), apart("kela"), "continues"},
	} {
		got := ""
		switch {
		case one.withdraws(test.head, test.consents):
			got = "withdraws"
		case one.hasWithdrawn(test.head):
			got = "withdrawn"
		case one.leaves(test.head, test.consents):
			got = "continues"
		}
		if got != test.want {
			t.Errorf("%s: %q, not %q", name, got, test.want)
		}
	}
}
