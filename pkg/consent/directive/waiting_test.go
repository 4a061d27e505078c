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

// What an agency records waits, or is refused, and what the client says does not.
func TestWhatWaits(t *testing.T) {
	first := worker("kela", "a")
	for name, test := range map[string]struct {
		by    *commonv1.Party
		ask   func(w *town) proto.Message
		waits bool
		want  fault.Reason
	}{
		"a prohibition": {first, func(*town) proto.Message {
			return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why}
		}, true, ""},
		"the client's": {nil, func(*town) proto.Message { return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva")} }, false, ""},
		"without a reason": {first, func(*town) proto.Message {
			return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: "  "}
		}, false, fault.ExplanationRequired},
		"the client's with one": {nil, func(*town) proto.Message {
			return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why}
		}, false, fault.InvalidField},
		"a system's": {&commonv1.Party{Agency: "kela"}, func(*town) proto.Message {
			return &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why}
		}, false, fault.RoleNotAllowed},
		"a lifting": {first, func(w *town) proto.Message {
			return &consentv1.LiftProhibitionRequest{ProhibitionId: w.prohibits(first, toAgency("hva")), Reason: why}
		}, true, ""},
		"a lifting without a reason": {first, func(w *town) proto.Message {
			return &consentv1.LiftProhibitionRequest{ProhibitionId: w.prohibits(first, toAgency("hva"))}
		}, false, fault.ExplanationRequired},
		"a lifting of another's": {worker("hva", "b"), func(w *town) proto.Message {
			return &consentv1.LiftProhibitionRequest{ProhibitionId: w.prohibits(first, toAgency("hva")), Reason: why}
		}, false, fault.NotFound},
		"a lifting of the client's": {first, func(w *town) proto.Message {
			return &consentv1.LiftProhibitionRequest{ProhibitionId: w.must(nil, &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva")}), Reason: why}
		}, false, fault.NotFound},
		"a withdrawal that others cite": {first, func(w *town) proto.Message {
			return &consentv1.WithdrawAdvanceConsentRequest{ConsentId: w.consents(nil), Reason: why}
		}, true, ""},
		"a withdrawal that it alone cites": {first, func(w *town) proto.Message {
			return &consentv1.WithdrawAdvanceConsentRequest{ConsentId: w.consents(first), Reason: why}
		}, false, ""},
		"a withdrawal without a reason": {first, func(w *town) proto.Message {
			return &consentv1.WithdrawAdvanceConsentRequest{ConsentId: w.consents(first)}
		}, false, fault.ExplanationRequired},
		"a consent": {first, func(*town) proto.Message { return giving() }, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			r := test.ask(w)
			before := len(w.wishes.Pending)
			id, err := w.does(test.by, r)
			open := w.wishes.Unconfirmed("kela", "second", w.at)
			if fault.ReasonOf(err) != test.want || (len(open) == 1) != test.waits {
				t.Fatalf("%v, and %v waits", err, open)
			}
			if test.waits && (len(w.wishes.Pending) != before || open[0].GetWishId() != id || open[0].GetReason() != why) {
				t.Errorf("%v waits, and %v follows already", open, w.wishes.Pending)
			}
		})
	}
}

// consents is a consent in advance, the client's to anybody or an agency's own.
func (w *town) consents(by *commonv1.Party) string { return w.must(by, giving()) }

func giving() *consentv1.GiveConsentRequest {
	return &consentv1.GiveConsentRequest{Recipient: toAgency("hva"), Services: []string{"referral"}, Until: timestamppb.New(noon.AddDate(1, 0, 0))}
}

// Who may confirm what waits, and say no to it.
func TestWhoConfirms(t *testing.T) {
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
			w := newTown(t)
			id := w.must(first, &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why})
			err := w.decides(directive.Command{By: test.by, Automatic: test.automatic, ID: "d", Request: &consentv1.DecideWishRequest{WishId: id, Confirm: confirm}})
			stands := w.wishes.Prohibits(w.sending(worker("hva", "b")), "hva", "")
			if fault.ReasonOf(err) != want || stands != (confirm && want == "") {
				t.Errorf("%s says %v: %v, and it stands: %v", name, confirm, err, stands)
			}
			if err == nil && fault.ReasonOf(w.decides(directive.Command{By: worker("kela", "c"), ID: "e", Request: &consentv1.DecideWishRequest{WishId: id, Confirm: true}})) != fault.IllegalStep {
				t.Errorf("%s: it is decided twice", name)
			}
			if !stands {
				continue
			}
			p := w.wishes.Prohibitions[0]
			if p.GetProhibitionId() != id || p.GetBy().GetWorker() != "a" || p.GetReason() != why || p.GetConfirmedByClient() != (test.by == nil) || len(w.wishes.Pending) != 1 {
				t.Errorf("%s: %v", name, p)
			}
		}
	}
	w := newTown(t)
	for range 20 {
		w.must(first, &consentv1.ProhibitTransferRequest{Recipient: toAgency(strconv.Itoa(w.count)), Reason: why})
	}
	if _, err := w.does(first, &consentv1.ProhibitTransferRequest{Recipient: toAgency("hva"), Reason: why}); fault.ReasonOf(err) != fault.Busy {
		t.Errorf("without end: %v", err)
	}
}

// Whatever agencies record, confirm and refuse, and whenever: of what one recorded alone
// nothing follows for others. A prohibition stops another agency's sending, one ends, and a
// consent that others cite is withdrawn, only by the client, or by two workers of one
// agency within seven days.
func TestWaitingHolds(t *testing.T) {
	type recorded struct {
		by               *commonv1.Party
		at               time.Time
		decided          bool
		prohibits, lifts string
		withdraws        string
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := newTown(t)
		waiting, standing, receivers := map[string]*recorded{}, map[string]string{}, rapid.SampledFrom([]string{"hva", "terveys"})
		consents, gone := map[string]bool{w.consents(nil): true}, map[string]bool{}
		officers := rapid.Custom(func(rt *rapid.T) *commonv1.Party {
			return &commonv1.Party{
				Agency: rapid.SampledFrom([]string{"kela", "kunta"}).Draw(rt, "agency"), Unit: rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "unit"),
				Worker: rapid.SampledFrom([]string{"a", "A", "b", ""}).Draw(rt, "worker"),
			}
		})
		record := func(by *commonv1.Party, r proto.Message, one *recorded) {
			before := len(w.wishes.Waiting)
			if id, err := w.does(by, r); err == nil && len(w.wishes.Waiting) > before {
				one.by, one.at = by, w.at
				waiting[id] = one
			}
		}
		apply := func(id string, one *recorded) {
			switch {
			case one.prohibits != "":
				standing[id] = one.prohibits
			case one.lifts != "":
				delete(standing, one.lifts)
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
				for _, p := range w.wishes.Prohibitions {
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
					for _, one := range standing {
						prohibited = prohibited || one == to
					}
					if w.wishes.Prohibits(w.sending(worker("third", "z")), to, "") != prohibited {
						rt.Fatalf("%s is prohibited to others: not %v", to, prohibited)
					}
					own := prohibited
					for _, one := range waiting {
						own = own || one.prohibits == to && one.by.GetAgency() == "kela" && !one.decided && w.at.Sub(one.at) < 7*24*time.Hour
					}
					if w.wishes.Prohibits(w.sending(worker("kela", "z")), to, "") != own {
						rt.Fatalf("%s is prohibited to who recorded it: not %v", to, own)
					}
				}
				for id := range consents {
					_, err := w.wishes.Cited(w.sending(worker("third", "z")), id)
					if w.at.Before(noon.AddDate(1, 0, 0)) && gone[id] != (fault.ReasonOf(err) == fault.ConsentWithdrawn) {
						rt.Fatalf("others cite it: %v", err)
					}
				}
			},
		})
	})
}
