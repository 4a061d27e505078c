package directive_test

import (
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const why = "Asiakas pyysi vastaanotolla."

// Directives that an agency records wait for confirmation or are refused. Those of the client do
// not wait.
func TestWaitingForConfirmation(t *testing.T) {
	first := worker("kela", "a")
	for name, test := range map[string]struct {
		by    *commonv1.Party
		ask   func(w *fixture) proto.Message
		waits bool
		want  fault.Reason
	}{
		"a prohibition": {first, func(*fixture) proto.Message {
			return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why}
		}, true, ""},
		"the client's": {nil, func(*fixture) proto.Message { return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva")} }, false, ""},
		"without a reason": {first, func(*fixture) proto.Message {
			return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: "  "}
		}, false, fault.ExplanationRequired},
		"the client's with one": {nil, func(*fixture) proto.Message {
			return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why}
		}, false, fault.InvalidField},
		"a system's": {&commonv1.Party{Agency: "kela"}, func(*fixture) proto.Message {
			return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why}
		}, false, fault.RoleNotAllowed},
		"a lifting": {first, func(w *fixture) proto.Message {
			return &consentv1.LiftProhibitionRequest{ProhibitionId: w.prohibits(first, toAgency("hva")), Reason: why}
		}, true, ""},
		"a lifting without a reason": {first, func(w *fixture) proto.Message {
			return &consentv1.LiftProhibitionRequest{ProhibitionId: w.prohibits(first, toAgency("hva"))}
		}, false, fault.ExplanationRequired},
		"a lifting of another's": {worker("hva", "b"), func(w *fixture) proto.Message {
			return &consentv1.LiftProhibitionRequest{ProhibitionId: w.prohibits(first, toAgency("hva")), Reason: why}
		}, false, fault.NotFound},
		"a lifting of the client's": {first, func(w *fixture) proto.Message {
			return &consentv1.LiftProhibitionRequest{ProhibitionId: w.must(nil, &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva")}), Reason: why}
		}, false, fault.NotFound},
		"a withdrawal that others cite": {first, func(w *fixture) proto.Message {
			return &consentv1.WithdrawAdvanceConsentRequest{ConsentId: w.consents(nil), Reason: why}
		}, true, ""},
		"a withdrawal that it alone cites": {first, func(w *fixture) proto.Message {
			return &consentv1.WithdrawAdvanceConsentRequest{ConsentId: w.consents(first), Reason: why}
		}, false, ""},
		"a withdrawal without a reason": {first, func(w *fixture) proto.Message {
			return &consentv1.WithdrawAdvanceConsentRequest{ConsentId: w.consents(first)}
		}, false, fault.ExplanationRequired},
		"a consent": {first, func(*fixture) proto.Message { return giving() }, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t)
			r := test.ask(w)
			before := len(w.directives.Pending)
			id, err := w.does(test.by, r)
			open := w.directives.Unconfirmed("kela", "second", w.at)
			if fault.ReasonOf(err) != test.want || (len(open) == 1) != test.waits {
				t.Fatalf("%v, and %v waits", err, open)
			}
			if test.waits && (len(w.directives.Pending) != before || open[0].GetWishId() != id || open[0].GetReason() != why) {
				t.Errorf("%v waits, but %v is already pending", open, w.directives.Pending)
			}
		})
	}
}

// consents records a consent in advance: by an agency, or, if by is nil, by the client.
func (w *fixture) consents(by *commonv1.Party) string { return w.must(by, giving()) }

func giving() *consentv1.GiveConsentRequest {
	return &consentv1.GiveConsentRequest{Recipient: toAgency("hva"), Services: []string{"referral"}, Until: timestamppb.New(noon.AddDate(1, 0, 0))}
}

// Who can confirm, and who can refuse, a waiting directive.
func TestConfirmation(t *testing.T) {
	first := worker("kela", "a")
	for name, test := range map[string]struct {
		by        *commonv1.Party
		automatic bool
		yes, no   fault.Reason
	}{
		"a second officer":             {worker("kela", "b"), false, "", ""},
		"the client":                   {nil, false, "", ""},
		"the first":                    {first, false, fault.SecondOfficerRequired, ""},
		"the first in another unit":    {&commonv1.Party{Agency: "kela", Unit: "other", Worker: "a"}, false, fault.SecondOfficerRequired, ""},
		"the first, spelt otherwise":   {worker("kela", "A "), false, fault.SecondOfficerRequired, ""},
		"a system":                     {&commonv1.Party{Agency: "kela"}, true, fault.RoleNotAllowed, fault.RoleNotAllowed},
		"a system in a second's name":  {worker("kela", "b"), true, fault.RoleNotAllowed, fault.RoleNotAllowed},
		"a worker of another agency":   {worker("hva", "b"), false, fault.NotFound, fault.NotFound},
		"the first's name, of another": {worker("hva", "a"), false, fault.NotFound, fault.NotFound},
	} {
		for confirm, want := range map[bool]fault.Reason{true: test.yes, false: test.no} {
			w := newFixture(t)
			id := w.must(first, &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why})
			err := w.decides(directive.Command{By: test.by, Automatic: test.automatic, ID: "d", Request: &consentv1.DecideWishRequest{WishId: id, Confirm: confirm}})
			stands := w.directives.Prohibits(w.sending(worker("hva", "b")), "hva", "")
			if fault.ReasonOf(err) != want || stands != (confirm && want == "") {
				t.Errorf("%s decides %v: %v, in force: %v", name, confirm, err, stands)
			}
			if err == nil && fault.ReasonOf(w.decides(directive.Command{By: worker("kela", "c"), ID: "e", Request: &consentv1.DecideWishRequest{WishId: id, Confirm: true}})) != fault.IllegalStep {
				t.Errorf("%s: it is decided twice", name)
			}
			if !stands {
				continue
			}
			p := w.directives.Prohibitions[0]
			if p.GetProhibitionId() != id || p.GetBy().GetWorker() != "a" || p.GetReason() != why || p.GetConfirmedByClient() != (test.by == nil) || len(w.directives.Pending) != 1 {
				t.Errorf("%s: %v", name, p)
			}
		}
	}
	w := newFixture(t)
	for range 20 {
		w.must(first, &consentv1.ProhibitTransferRequest{Recipient: toAgency(strconv.Itoa(w.count)), Reason: why})
	}
	if _, err := w.does(first, &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why}); fault.ReasonOf(err) != fault.Busy {
		t.Errorf("more than the limit wait: %v", err)
	}
}

// For any sequence of recording, confirming and refusing: a directive that one worker recorded has
// no effect on other agencies. A prohibition stops another agency's sending, a prohibition ends,
// and a consent that others may cite is withdrawn, only by the client or by two workers of one
// agency within seven days.
func TestConfirmationProperties(t *testing.T) {
	type recorded struct {
		by               *commonv1.Party
		at               time.Time
		decided          bool
		prohibits, lifts string
		withdraws        string
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := newFixture(t)
		waiting, inForce, receivers := map[string]*recorded{}, map[string]string{}, rapid.SampledFrom([]string{"hva", "terveys"})
		consents, gone := map[string]bool{w.consents(nil): true}, map[string]bool{}
		officers := rapid.Custom(func(rt *rapid.T) *commonv1.Party {
			return &commonv1.Party{
				Agency: rapid.SampledFrom([]string{"kela", "kunta"}).Draw(rt, "agency"), Unit: rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "unit"),
				Worker: rapid.SampledFrom([]string{"a", "A", "b", ""}).Draw(rt, "worker"),
			}
		})
		record := func(by *commonv1.Party, r proto.Message, one *recorded) {
			before := len(w.directives.Waiting)
			if id, err := w.does(by, r); err == nil && len(w.directives.Waiting) > before {
				one.by, one.at = by, w.at
				waiting[id] = one
			}
		}
		apply := func(id string, one *recorded) {
			switch {
			case one.prohibits != "":
				inForce[id] = one.prohibits
			case one.lifts != "":
				delete(inForce, one.lifts)
			default:
				gone[one.withdraws] = true
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"time": func(rt *rapid.T) { w.at = w.at.Add(time.Duration(rapid.IntRange(1, 60).Draw(rt, "hours")) * time.Hour) },
			"prohibit": func(rt *rapid.T) {
				to := receivers.Draw(rt, "to")
				record(officers.Draw(rt, "by"), &consentv1.ProhibitTransferRequest{Recipient: toAgency(to), Reason: why}, &recorded{prohibits: to})
			},
			"lift": func(rt *rapid.T) {
				for _, p := range w.directives.Prohibitions {
					record(officers.Draw(rt, "by"), &consentv1.LiftProhibitionRequest{ProhibitionId: p.GetProhibitionId(), Reason: why}, &recorded{lifts: p.GetProhibitionId()})
				}
			},
			"withdraw": func(rt *rapid.T) {
				for id := range consents {
					record(officers.Draw(rt, "by"), &consentv1.WithdrawAdvanceConsentRequest{ConsentId: id, Reason: why}, &recorded{withdraws: id})
				}
			},
			"decide": func(rt *rapid.T) {
				by, yes, automatic := officers.Draw(rt, "by"), rapid.Bool().Draw(rt, "yes"), rapid.Bool().Draw(rt, "automatic")
				if rapid.Bool().Draw(rt, "client") {
					by, automatic = nil, false
				}
				for i := range w.count + 1 {
					id := strconv.Itoa(i)
					one := waiting[id]
					if one == nil || !rapid.Bool().Draw(rt, "this") {
						continue
					}
					err := w.decides(directive.Command{By: by, Automatic: automatic, ID: "d", Request: &consentv1.DecideWishRequest{WishId: id, Confirm: yes}})
					second := by == nil || !automatic && by.GetWorker() != "" && by.GetAgency() == one.by.GetAgency() && (!yes || (by.GetWorker() == "b") != (one.by.GetWorker() == "b"))
					may := second && !one.decided && w.at.Sub(one.at) < 7*24*time.Hour
					if may != (err == nil) {
						rt.Fatalf("%v decides %+v: %v", by, one, err)
					}
					if one.decided = one.decided || may; may && yes {
						apply(id, one)
					}
				}
			},
			"": func(rt *rapid.T) {
				for _, to := range []string{"hva", "terveys"} {
					prohibited := false
					for _, one := range inForce {
						prohibited = prohibited || one == to
					}
					if w.directives.Prohibits(w.sending(worker("third", "z")), to, "") != prohibited {
						rt.Fatalf("%s is prohibited to others: not %v", to, prohibited)
					}
					own := prohibited
					for _, one := range waiting {
						own = own || one.prohibits == to && one.by.GetAgency() == "kela" && !one.decided && w.at.Sub(one.at) < 7*24*time.Hour
					}
					if w.directives.Prohibits(w.sending(worker("kela", "z")), to, "") != own {
						rt.Fatalf("%s is prohibited to who recorded it: not %v", to, own)
					}
				}
				for id := range consents {
					_, err := w.directives.Cited(w.sending(worker("third", "z")), id)
					if w.at.Before(noon.AddDate(1, 0, 0)) && gone[id] != (fault.ReasonOf(err) == fault.ConsentWithdrawn) {
						rt.Fatalf("others cite it: %v", err)
					}
				}
			},
		})
	})
}
