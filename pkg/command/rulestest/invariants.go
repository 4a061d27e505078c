package rulestest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Checks are the invariants that hold in every service after every command.
type Checks[S matter.State, F any] struct {
	ended, seen map[string]uint64
	// last is each matter as it was at the last check.
	last map[string]matter.History[S]
}

// Check checks a fixture against the invariants of all services, and returns the matters that
// changed since the last check.
func (c *Checks[S, F]) Check(t *rapid.T, w *Fixture[S, F]) map[string]matter.History[S] {
	before, changed := maps.Clone(c.last), map[string]matter.History[S]{}
	if c.ended == nil {
		c.ended, c.seen, c.last = map[string]uint64{}, map[string]uint64{}, map[string]matter.History[S]{}
	}
	for subject, history := range w.Histories {
		if c.seen[subject] == history.Version {
			continue
		}
		c.seen[subject], changed[subject] = history.Version, history
		head := history.State.Common()
		checkTimes(t, history)
		w.checkUrgent(t, before[subject], history)
		w.checkClient(t, subject, history)
		c.last[subject] = history
		for _, view := range history.Views {
			w.checkStatus(t, subject, view)
		}
		// If a step moves a due time into the past, the clock handles it in its next round.
		longAgo := w.Now.Add(-200 * 24 * time.Hour)
		if next := w.Rules.Due(before[subject]); before[subject].Version > 0 && before[subject].LastAt().Before(longAgo) && !next.IsZero() && next.Before(longAgo) {
			t.Fatalf("%s was due at %s and this was not recorded", subject, next)
		}
		if version, was := c.ended[subject]; was && version != history.Version && !head.IsRevoked() && len(head.Withdrawals()) == 0 {
			t.Fatalf("%s has an event after its end", subject)
		}
		if head.Ended() {
			c.ended[subject] = history.Version
		} else if _, was := c.ended[subject]; was {
			t.Fatalf("%s has reopened", subject)
		}
	}
	w.checkRevoked(t, before, changed)
	return changed
}

// checkTimes checks that the times of a matter never go back, whichever replica's clock decided
// each event, and that its phase began between its start and its last event.
func checkTimes[S matter.State](t *rapid.T, history matter.History[S]) {
	for i, event := range history.Events {
		if i > 0 && event.At.Before(history.Events[i-1].At) {
			t.Fatalf("%s: %s comes before %s", event.Subject, matter.NameOf(event.Message), matter.NameOf(history.Events[i-1].Message))
		}
	}
	if head := history.State.Common(); head.Since.Before(head.Started) || head.Since.After(history.LastAt()) {
		t.Fatalf("%s entered its phase at %s", head.Subject, head.Since)
	}
}

// checkFolds checks that a view is the fold of what was disclosed to its reader, so that a partner
// can rebuild all that it may know from its mailbox alone.
func (w *Fixture[S, F]) checkFolds(t *rapid.T) {
	for subject, history := range w.Histories {
		for agency, view := range history.Views {
			if history.State.Common().IsWithdrawn() && view.Reader.OnConsent {
				// What was disclosed to the reader on consent is no longer in its mailbox.
				continue
			}
			if head := history.State.Common(); head.HoldsWithdrawn(agency) && (!history.Related(agency) || head.IsRevoked()) {
				// Nor is it for a member that left by a withdrawal, whose mailbox may keep what another of its
				// units had on another ground, without what came before; it is then told of a revocation too.
				continue
			}
			if refolded := w.refold(agency, subject); fmt.Sprintf("%+v", refolded) != fmt.Sprintf("%+v", view.State) {
				t.Fatalf("the view of %s on %s is not the fold of what was disclosed to it", agency, subject)
			}
		}
	}
}

// checkNumbers fails unless each matter keeps the number of its first event, for each reader and for
// the client, and no two have the same. What was disclosed shows a reader no other number.
func (w *Fixture[S, F]) checkNumbers(t *rapid.T) {
	t.Helper()
	matters := map[matter.Number]string{}
	for subject, history := range w.Histories {
		number := matter.NumberIn(history.Events)
		if other := matters[number]; number == "" || other != "" || history.State.Common().Number != number {
			t.Fatalf("%s has the number %q, of %q, and then %q", subject, number, other, history.State.Common().Number)
		}
		matters[number] = subject
		for agency, view := range history.Views {
			if shown := view.State.Common().Number; view.Number != number || shown != "" && shown != number {
				t.Fatalf("%s has the number %q, and for %s %q and %q", subject, number, agency, view.Number, shown)
			}
		}
		if client := w.Rules.ForClient(history.Events); client.Number != number {
			t.Fatalf("%s has the number %q, and for the client %q", subject, number, client.Number)
		}
	}
}

// checkCounts checks that the counters of a matter follow the rules at matter.Count.
func (w *Fixture[S, F]) checkCounts(t *rapid.T) {
	for subject, counted := range w.Counted {
		had := func(what matter.Count, before int) bool { return slices.Contains(counted[:before], what) }
		for i, what := range counted {
			legal := had(matter.CountSent, i) && !had(matter.CountClosed, i)
			switch what {
			case matter.CountSent:
				legal = i == 0
			case matter.CountRepeat:
				legal = i == 1
			case matter.CountOverdue:
			case matter.CountNoShow:
				legal = legal && !had(matter.CountDeclined, i)
			case matter.CountTaken, matter.CountDeclined:
				legal = legal && !had(matter.CountTaken, i) && !had(matter.CountDeclined, i)
			default:
				legal = legal && had(matter.CountTaken, i)
			}
			if !legal {
				t.Fatalf("%s was counted as %v", subject, counted)
			}
		}
	}
}

// withdraw sometimes lets a client, or an agency in the client's name, withdraw a consent, and
// holders of copies acknowledge it.
func (w *Fixture[S, F]) withdraw(t *rapid.T) bool {
	subjects := w.Subjects()
	if len(subjects) == 0 || rapid.IntRange(0, 19).Draw(t, "withdraw") > 0 {
		return false
	}
	subject, agency := rapid.SampledFrom(subjects).Draw(t, "subject"), rapid.SampledFrom(append(Agencies(), "")).Draw(t, "agency")
	var members []string
	if rapid.Bool().Draw(t, "of one member") {
		members = []string{rapid.SampledFrom(Agencies()).Draw(t, "member")}
	}
	w.Now = w.Now.Add(time.Second)
	return w.Withdraw(agency, subject, members...) == nil || w.AcknowledgeWithdrawal(agency, subject) == nil
}

// checkWithdrawn checks that nothing of a matter is disclosed on a consent once that is withdrawn, until
// a reader is invited again, and that each reader sees what may be disclosed to it now.
func (w *Fixture[S, F]) checkWithdrawn(t *rapid.T) {
	for agency, mail := range w.Mail {
		withdrawn := map[string]bool{}
		for _, one := range mail {
			switch _, is := one.Event.Message.(*commonv1.ConsentWithdrawn); {
			case is && one.View.Reader.IsSilenced():
				withdrawn[one.Event.Subject] = true
			case hasSnapshot(one.Event.Message):
				withdrawn[one.Event.Subject] = false
			}
			if withdrawn[one.Event.Subject] && one.View.Reader.OnConsent && (one.View.Reader.Consent || one.View.State.Common().Phase == 0) {
				t.Fatalf("%s was shown %s of %s on a consent that was withdrawn", agency, matter.NameOf(one.Event.Message), one.Event.Subject)
			}
		}
	}
	for subject, history := range w.Histories {
		if len(history.State.Common().Withdrawals()) == 0 || history.State.Common().IsRevoked() {
			continue
		}
		for agency, view := range history.Views {
			bare := w.Rules.Fold(history.Events, true).Views[agency]
			if view.Reader.IsSilenced() && fmt.Sprintf("%+v", bare.State) != fmt.Sprintf("%+v", view.State) {
				t.Fatalf("%s is shown more of %s than without consent:\n%+v\n%+v", agency, subject, view.State, bare.State)
			}
			var now S
			if told := w.Rules.DisclosedNow(history.Events, history.Version, agency); len(told) > 0 {
				now = told[len(told)-1].View.State
			}
			if fmt.Sprintf("%+v", now) != fmt.Sprintf("%+v", view.State) {
				t.Fatalf("%s is shown of %s other than what may be disclosed to it now:\n%+v\n%+v", agency, subject, view.State, now)
			}
		}
	}
}

func hasSnapshot(message proto.Message) bool {
	field := message.ProtoReflect().Descriptor().Fields().ByName("snapshot")
	return field != nil && message.ProtoReflect().Has(field)
}

// checkStatus checks that exactly one agency is responsible, with a turn and a due time, until the
// end, and none after it, and that a reader's status leaves out what the reader may not know.
func (w *Fixture[S, F]) checkStatus(t *rapid.T, subject string, view matter.View[S]) {
	status := w.Rules.Status(view.State, view.Reader)
	ended := view.State.Common().Ended()
	if (status.GetResponsible() == nil) != ended {
		t.Fatalf("%s for %s in %s: responsible is %v", subject, view.Reader.Agency, status.GetPhase(), status.GetResponsible())
	}
	whole := view.Reader.Role == matter.RoleReceiver || view.Reader.Consent
	if w.Rules.Service == "concern" && view.Reader.Role == matter.RoleSender {
		whole = view.Reader.HearsBack
	}
	if !ended && whole && (status.GetDueAt() == nil || status.GetWaitingOn() == nil) {
		t.Fatalf("%s for %s in %s has no turn or no due time", subject, view.Reader.Agency, status.GetPhase())
	}
	if ended && (status.GetDueAt() != nil || status.GetWaitingOn() != nil) {
		t.Fatalf("%s has ended and still waits for somebody", subject)
	}
}

// refold computes a view from the mailbox alone. What was disclosed on a consent of the reader's own that
// was withdrawn since is no longer in it.
func (w *Fixture[S, F]) refold(agency, subject string) S {
	var mail []command.Disclosed[S]
	for _, one := range w.Mail[agency] {
		if one.Event.Subject != subject {
			continue
		}
		if m, is := one.Event.Message.(*commonv1.ConsentWithdrawn); is && m.GetContinues() && slices.Contains(m.GetHolders(), agency) {
			mail = slices.DeleteFunc(mail, func(before command.Disclosed[S]) bool {
				return before.View.Reader.OnConsent && before.View.Reader.Consent && !matter.IsNotice(before.Event.Message)
			})
		}
		mail = append(mail, one)
	}
	var state S
	for _, one := range mail {
		state = w.Rules.Evolve(state, one.Event)
	}
	return state
}

// minutes that may pass between two commands.
var minutes = []int{1, 30, 24 * 60, 9 * 24 * 60, 40 * 24 * 60, 100 * 24 * 60}

// Act lets a random party do one random thing: begin a matter, let time pass, or take a step, in
// most cases one that is offered. Vary may modify a request; it may be nil.
func Act[S matter.State, F any](
	t *rapid.T, w *Fixture[S, F], begin func(*rapid.T, *Fixture[S, F]), steps []string,
	vary func(t *rapid.T, request proto.Message, subject string, actor matter.Actor),
) {
	people := Everybody()
	subjects := w.Subjects()
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case kind <= 1 || len(subjects) == 0:
		w.Now = w.Now.Add(time.Second)
		begin(t, w)
	case kind == 2:
		w.Pass(time.Duration(rapid.SampledFrom(minutes).Draw(t, "minutes")) * time.Minute)
	default:
		subject := rapid.SampledFrom(subjects).Draw(t, "subject")
		actor := rapid.SampledFrom(people).Draw(t, "actor")
		step := rapid.SampledFrom(steps).Draw(t, "step")
		if likely := w.likely(subject, people); len(likely) > 0 && rapid.IntRange(0, 9).Draw(t, "likely") > 0 {
			chosen := rapid.SampledFrom(likely).Draw(t, "offered")
			actor, step = chosen.actor, chosen.step
		}
		w.Now = w.Now.Add(time.Second)
		request := w.RequestBy(actor, subject, step, rapid.SampledFrom(people).Draw(t, "other"))
		if vary != nil {
			vary(t, request, subject, actor)
		}
		_ = w.Try(actor, subject, request)
	}
}

type offer struct {
	actor matter.Actor
	step  string
}

func (w *Fixture[S, F]) likely(subject string, people []matter.Actor) []offer {
	var offers []offer
	for _, actor := range people {
		if view := w.View(actor.Agency, subject); w.Histories[subject].Related(actor.Agency) {
			for _, step := range w.service.Allowed(view, actor) {
				offers = append(offers, offer{actor, step})
			}
		}
	}
	return offers
}

// stepsPerCheck times rapid's default of 100 checks is 3 × 10^4 steps.
const stepsPerCheck = 300

// Invariants runs random commands in fixtures of their own and checks the invariants after each:
// 3 × 10^4 commands in all, unless -rapid.checks says otherwise. More checks what has changed.
func Invariants[S matter.State, F any](
	t *testing.T, newFixture func() *Fixture[S, F], act func(*rapid.T, *Fixture[S, F]), more func(*rapid.T, *Fixture[S, F], map[string]matter.History[S]),
) {
	rapid.Check(t, func(t *rapid.T) {
		for done := 0; done < stepsPerCheck; {
			w, checks := newFixture(), Checks[S, F]{}
			for range 50 {
				w.Skew = time.Duration(rapid.IntRange(-3, 3).Draw(t, "skew")) * time.Second
				if !w.withdraw(t) {
					act(t, w)
				}
				done++
				more(t, w, checks.Check(t, w))
			}
			w.checkFolds(t)
			w.checkNumbers(t)
			w.checkCounts(t)
			w.checkWithdrawn(t)
		}
	})
}
