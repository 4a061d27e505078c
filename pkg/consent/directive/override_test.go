package directive_test

import (
	"testing"
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"

	"koppi.internal/pkg/consent/directive"
)

// An approved override admits only the sending that was requested.
func TestOverrideScope(t *testing.T) {
	first, second := worker("kela", "a"), worker("kela", "b")
	for name, test := range map[string]struct {
		approve  bool
		used     bool
		change   func(*directive.Sending)
		receiver string
		want     bool
	}{
		"as asked":           {true, false, func(*directive.Sending) {}, "hva", true},
		"by a colleague":     {true, false, func(s *directive.Sending) { s.By = worker("kela", "c") }, "hva", true},
		"at the last moment": {true, false, func(s *directive.Sending) { s.At = s.At.Add(24*time.Hour - 1) }, "hva", true},
		"a day later":        {true, false, func(s *directive.Sending) { s.At = s.At.Add(24 * time.Hour) }, "hva", false},
		"refused":            {false, false, func(*directive.Sending) {}, "hva", false},
		"used":               {true, true, func(*directive.Sending) {}, "hva", false},
		"another receiver":   {true, false, func(*directive.Sending) {}, "terveys", false},
		"another agency":     {true, false, func(s *directive.Sending) { s.By = worker("kunta", "a") }, "hva", false},
		"another ground":     {true, false, func(s *directive.Sending) { s.Ground = notification }, "hva", false},
		"on consent":         {true, false, func(s *directive.Sending) { s.Ground = commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT }, "hva", false},
		"another service":    {true, false, func(s *directive.Sending) { s.Service = "plan" }, "hva", false},
	} {
		w := newFixture(t)
		w.record(first, w.directives.BlockedEvent(w.sending(first), "hva"))
		id := w.must(first, &consentv1.RequestOverrideRequest{Service: "referral", Receiver: "hva", Ground: access, Provision: "§", Reason: "Syy."})
		if w.directives.OverrideFor(w.sending(first), "hva") != nil {
			t.Fatal("one officer suffices")
		}
		w.must(second, &consentv1.DecideOverrideRequest{Service: "referral", OverrideId: id, Approve: test.approve})
		if test.used {
			w.record(first, &consentv1.OverrideUsed{OverrideId: id, Subject: "referrals/1"})
		}
		sending := w.sending(first)
		test.change(&sending)
		if got := w.directives.OverrideFor(sending, test.receiver); (got != nil) != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// An override that was requested for a row of the table of grounds admits a sending on that row alone; one that
// was requested for none admits a sending on any row of its ground.
func TestOverrideOfARow(t *testing.T) {
	for name, test := range map[string]struct {
		asked, sent string
		ground      commonv1.LegalGround
		want        bool
	}{
		"on its row":                  {"atl-53-6", "atl-53-6", access, true},
		"on another row":              {"atl-53-6", "atl-56", access, false},
		"on no row":                   {"atl-53-6", "", access, false},
		"on its row, another ground":  {"atl-53-6", "atl-53-6", notification, false},
		"for none, on a row":          {"", "atl-53-6", access, true},
		"for none, on another ground": {"", "atl-53-6", notification, false},
	} {
		w := newFixture(t)
		w.record(worker("kela", "a"), w.directives.BlockedEvent(w.sending(worker("kela", "a")), "hva"))
		id := w.must(worker("kela", "a"), &consentv1.RequestOverrideRequest{Service: "referral", Receiver: "hva", Ground: access, Provision: "§", Reason: "Syy.", GroundKey: test.asked})
		w.must(worker("kela", "b"), &consentv1.DecideOverrideRequest{Service: "referral", OverrideId: id, Approve: true})
		sending := w.sending(worker("kela", "a"))
		sending.GroundKey, sending.Ground = test.sent, test.ground
		if got := w.directives.OverrideFor(sending, "hva"); (got != nil) != test.want || got != nil && got.GetGroundKey() != test.asked {
			t.Errorf("%s: %v", name, got)
		}
	}
}
