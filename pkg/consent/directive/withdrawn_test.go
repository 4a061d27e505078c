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

// Whatever was withdrawn, in whatever order: a consent counts unless one withdrawal ended
// it, for the agencies that were reached; what was given after the last of them counts for
// all, and what counts goes on counting had it been given later.
func TestWhatCountsAfterWithdrawals(t *testing.T) {
	agencies := []string{"kela", "hva", "terveys", "kunta"}
	moment := func(rt *rapid.T, name string) time.Time {
		return noon.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, name)) * time.Minute)
	}
	rapid.Check(t, func(rt *rapid.T) {
		w, last := newTown(t), noon
		type ended struct {
			given, withdrawn time.Time
			by               func(string) bool
			to               func(string) bool
			advance          bool
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
				all = append(all, ended{given, withdrawn, func(a string) bool { return sender == "" || sender == a }, func(a string) bool { return a == recipient }, true})
				continue
			}
			told := rapid.SliceOfNDistinct(rapid.SampledFrom(agencies), 1, 3, rapid.ID).Draw(rt, "told")
			w.record(nil, w.wishes.Note(&consentv1.WithdrawnConsent{
				Subject: fmt.Sprint("referrals/", i), GivenAt: timestamppb.New(given), WithdrawnAt: timestamppb.New(withdrawn), Agencies: told,
			}, false))
			in := func(a string) bool { return slices.Contains(told, a) }
			all = append(all, ended{given, withdrawn, in, in, false})
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
			case len(to) == 0 || slices.ContainsFunc(to, one.to):
				want = false
			case !given.Cited && !given.At.After(one.given):
				want = false
			}
		}
		if got := w.wishes.Counts(given); got != want {
			rt.Fatalf("counts: %v, not %v: %+v after %+v", got, want, given, all)
		}
		later := given
		later.At = given.At.Add(time.Minute)
		if want && !w.wishes.Counts(later) {
			rt.Fatalf("given later it counts no more: %+v after %+v", given, all)
		}
		later.At = last.Add(time.Microsecond)
		if !w.wishes.Counts(later) {
			rt.Fatalf("given after all it does not count: %+v", given)
		}
	})
}

// A withdrawn consent of a matter is kept once, and given to the other services until they
// have it; one of another service is not.
func TestWithdrawnIsPassedOnOnce(t *testing.T) {
	w := newTown(t)
	one := func(subject string) *consentv1.WithdrawnConsent {
		return &consentv1.WithdrawnConsent{Subject: subject, Agencies: []string{"kela"}}
	}
	w.record(nil, w.wishes.Note(one("referrals/1"), true))
	w.record(nil, w.wishes.Note(one("plans/1"), false))
	if w.wishes.Note(one("referrals/1"), true) != nil || w.wishes.Note(one("plans/1"), false) != nil {
		t.Error("it is kept twice")
	}
	if left := w.wishes.ToPassOn(); len(left) != 1 || left[0].Consent.GetSubject() != "referrals/1" {
		t.Errorf("to pass on are %v", left)
	}
	if w.wishes.PassedOn("plans/1") != nil || w.wishes.PassedOn("plans/2") != nil {
		t.Error("what is of another service is passed on")
	}
	w.record(nil, w.wishes.PassedOn("referrals/1"))
	if w.wishes.PassedOn("referrals/1") != nil || len(w.wishes.ToPassOn()) != 0 || !w.wishes.Knows("referrals/1") || len(w.wishes.Pending) != 0 {
		t.Errorf("%+v", w.wishes)
	}
}
