package directive_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/consent/directive"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// For any sequence of withdrawals: a consent counts unless a withdrawal ended it for the agencies
// concerned. A consent given after the last withdrawal counts for all, and a consent that counts
// would also count if it had been given later.
func TestCountsAfterWithdrawals(t *testing.T) {
	agencies := []string{"kela", "hva", "terveys", "kunta"}
	moment := func(rt *rapid.T, name string) time.Time {
		return noon.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, name)) * time.Minute)
	}
	rapid.Check(t, func(rt *rapid.T) {
		w, last := newFixture(t), noon
		type ended struct {
			given, withdrawn time.Time
			by               func(string) bool
			to               func(string) bool
			// member says that it reached one receiver alone, and none that is not known yet.
			member, advance bool
		}
		var all []ended
		for i := range rapid.IntRange(0, 4).Draw(rt, "withdrawals") {
			given := moment(rt, "given")
			withdrawn := given.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "stood")) * time.Minute)
			if last.Before(withdrawn) {
				last = withdrawn
			}
			if rapid.Bool().Draw(rt, "in advance") {
				recipient := rapid.SampledFrom(agencies).Draw(rt, "recipient")
				sender := rapid.SampledFrom(append(agencies, "")).Draw(rt, "sender")
				w.record(nil, &consentv1.ConsentGiven{Consent: &consentv1.AdvanceConsent{
					ConsentId: fmt.Sprint("c", i), Recipient: toAgency(recipient), Sender: sender, GivenAt: timestamppb.New(given),
				}})
				w.at = withdrawn
				w.record(nil, &consentv1.AdvanceConsentWithdrawn{ConsentId: fmt.Sprint("c", i)})
				all = append(all, ended{given, withdrawn, func(a string) bool { return sender == "" || sender == a }, func(a string) bool { return a == recipient }, false, true})
				continue
			}
			recipients := rapid.SliceOfNDistinct(rapid.SampledFrom(agencies), 1, 3, rapid.ID).Draw(rt, "recipients")
			in, towards := func(a string) bool { return slices.Contains(recipients, a) }, rapid.SampledFrom([]string{"", recipients[0]}).Draw(rt, "towards")
			w.record(nil, w.directives.Note(&consentv1.WithdrawnConsent{
				Subject: fmt.Sprint("referrals/", i), GivenAt: timestamppb.New(given), WithdrawnAt: timestamppb.New(withdrawn), Agencies: recipients, Towards: towards,
			}, false))
			to := in
			if towards != "" {
				to = func(a string) bool { return a == towards }
			}
			all = append(all, ended{given, withdrawn, in, to, towards != "", false})
		}
		given := directive.Given{By: rapid.SampledFrom(agencies).Draw(rt, "by"), At: moment(rt, "at"), Cited: rapid.Bool().Draw(rt, "cited")}
		var to []string
		for _, one := range rapid.SliceOfN(rapid.SampledFrom(agencies), 0, 2).Draw(rt, "to") {
			to, given.To = append(to, one), append(given.To, directive.Receiver{Agency: one, Kind: "X"})
		}
		want := true
		for _, one := range all {
			switch {
			case !one.by(given.By) || given.At.After(one.withdrawn) || one.advance && given.Cited:
			case len(to) == 0 && !one.member || slices.ContainsFunc(to, one.to):
				want = false
			case !given.Cited && !given.At.After(one.given):
				want = false
			}
		}
		if got := w.directives.Counts(given); got != want {
			rt.Fatalf("counts: %v, not %v: %+v after %+v", got, want, given, all)
		}
		later := given
		later.At = given.At.Add(time.Minute)
		if want && !w.directives.Counts(later) {
			rt.Fatalf("given later it does not count: %+v after %+v", given, all)
		}
		later.At = last.Add(time.Microsecond)
		if !w.directives.Counts(later) {
			rt.Fatalf("given after all withdrawals it does not count: %+v", given)
		}
	})
}

// A withdrawn consent of a matter is recorded once, and passed on to the other services until they
// have it. One that another service passed on is not.
func TestWithdrawalsToPassOn(t *testing.T) {
	w := newFixture(t)
	one := func(subject string) *consentv1.WithdrawnConsent {
		return &consentv1.WithdrawnConsent{Subject: subject, Agencies: []string{"kela"}}
	}
	w.record(nil, w.directives.Note(one("referrals/1"), true))
	w.record(nil, w.directives.Note(one("plans/1"), false))
	if w.directives.Note(one("referrals/1"), true) != nil || w.directives.Note(one("plans/1"), false) != nil {
		t.Error("it is recorded twice")
	}
	if left := w.directives.ToPassOn(); len(left) != 1 || left[0].Consent.GetSubject() != "referrals/1" {
		t.Errorf("to be passed on: %v", left)
	}
	if w.directives.PassedOn(one("plans/1")) != nil || w.directives.PassedOn(one("plans/2")) != nil {
		t.Error("a withdrawal of another service is passed on")
	}
	// Two members of one plan, and one of them a second time, lose consents of their own.
	for i, agency := range []string{"kela", "hva", "kela"} {
		member := one("plans/3")
		member.Towards, member.WithdrawnAt = agency, timestamppb.New(noon.Add(time.Duration(i)*time.Minute))
		w.record(nil, w.directives.Note(member, true))
		if w.directives.Note(member, true) != nil || !w.directives.Knows("plans/3") {
			t.Errorf("that of %s is not kept", agency)
		}
		w.record(nil, w.directives.PassedOn(member))
	}
	w.record(nil, w.directives.PassedOn(one("referrals/1")))
	if w.directives.PassedOn(one("referrals/1")) != nil || len(w.directives.ToPassOn()) != 0 || !w.directives.Knows("referrals/1") || len(w.directives.Pending) != 0 {
		t.Errorf("%+v", w.directives)
	}
}
