package command

import (
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Rules are a service's pure functions; S is its state.
type Rules[S matter.State] struct {
	// Service as case messages name it, such as "concern".
	Service string
	// Class of the keys that seal the events; a document's if empty.
	Class journal.Class
	// Evolve folds one event into a state. It does not modify the given state.
	Evolve func(S, matter.Event) S
	// Readers returns the agencies to which the subject is disclosed, in the order in which they
	// receive it; withdrawn says that the consent on which the subject rests has been withdrawn.
	Readers func(state S, withdrawn bool) []matter.Reader
	// Disclose returns what is disclosed of an event to a reader, given the reader's view so far;
	// false if nothing is.
	Disclose func(view S, event matter.Event, reader matter.Reader) (matter.Event, []matter.Withheld, bool)
	// Disclosures is the table that Disclose follows. Provisions gives the legal provision by the
	// first part of a rule's key. Disclosed lists, by event name, the audiences to which an event
	// is disclosed at all; nil if it is disclosed to all.
	Disclosures []matter.Disclosure
	Provisions  map[string]string
	Disclosed   map[string][]matter.Audience
	// Status is the matter's status as a reader sees it.
	Status func(view S, reader matter.Reader) *commonv1.LoopStatus
	// Expected is what the client can expect next, given what the client is shown at a time.
	Expected func(view S, now time.Time) matter.Expectation
	// WorklistEntry is the subject's row in a reader's worklist.
	WorklistEntry func(view S, reader matter.Reader) matter.WorklistEntry
	// Named are the parties, besides the entry's own worker, whose workers a matter names as those who
	// handle it now, such as the owners of a plan's actions; may be nil.
	Named func(view S) []*commonv1.Party
	// Shared tells whether another agency has a part in an ongoing subject, judged by what was
	// disclosed to the given agency: the other agency began it, or has taken up what this agency
	// began. May be nil if no agency can act in a client's name on the strength of such a subject.
	Shared func(view S, agency string) bool
	// Waits returns rows for the worklists of agencies to which the subject is not disclosed, with
	// Agency, Unit, WaitingOn, DueAt, Ended and Parts; may be nil.
	Waits func(S) []journal.WorklistEntry
	// Counters returns what statistics count of an event.
	Counters func(before, after S, event matter.Event) matter.Counters
	// Consents says what of a subject in a state the client's consent carries; nil if one consent
	// carries the whole.
	Consents func(S) matter.Consents
	// Withdraw returns the events of a consent's withdrawal, including the given one, in services
	// where other events follow from it; may be nil.
	Withdraw func(world matter.World[S], actor matter.Actor, subject string, withdrawn *commonv1.ConsentWithdrawn, at time.Time) []matter.Event
	// Number returns the number of a state. Held returns the unique key that a subject holds in it
	// besides that of the matter's number, empty for none; Held may be nil in a service without
	// further unique keys.
	Number func(S) int32
	Held   func(S) string
	// NextCheck returns the earliest due time that has not been handled, zero for none. Overdue
	// returns the events of the due times that have passed. The kernel handles matters entered in
	// error itself: see Due and FallenDue.
	NextCheck func(matter.History[S]) time.Time
	Overdue   func(history matter.History[S], at time.Time) []matter.Event
	// Later returns the events that disclose something of a subject later than it happened, once it
	// is time. They come after the due times that have passed: where the clock stood still past both,
	// a subject with nothing to disclose later is overdue before anybody can take its next step. May
	// be nil.
	Later func(world matter.World[S], subject string, at time.Time) []matter.Event
	// Always are steps that are never refused for a subject's size: each can be taken only a few
	// times, and ends the subject, answers a question or acknowledges something. Finishes are steps
	// that end what was begun in the subject; matter.Reserve is kept free for them.
	Always, Finishes []string
	// Related returns subjects that a decision about the loaded ones also needs; may be nil.
	Related func(matter.World[S]) []string
}

// ClientStatus returns what the client of a subject can expect next, and from whom; nil for every
// other reader. It is computed from the reader's view alone, so that it tells the client nothing new.
func (r Rules[S]) ClientStatus(view matter.View[S], now time.Time) *commonv1.ClientStatus {
	if view.Reader.Role != matter.RoleClient {
		return nil
	}
	return r.Expected(view.State, now).ClientStatus(r.Status(view.State, view.Reader).GetResponsible(), now)
}

// Due returns when the clock must check a subject again; zero for never.
func (r Rules[S]) Due(history matter.History[S]) time.Time {
	head := history.State.Common()
	if head.IsRevoked() {
		return head.NextNotice()
	}
	next, notice := r.NextCheck(history), head.NextNotice()
	if next.IsZero() || !notice.IsZero() && notice.Before(next) {
		return notice
	}
	return next
}

// FallenDue returns the events that the clock records on a subject at the given time, each of them
// once.
func (r Rules[S]) FallenDue(world matter.World[S], subject string, at time.Time) []matter.Event {
	head := world.State(subject).Common()
	events := matter.NoticesDue(head, at)
	if head.IsRevoked() {
		return events
	}
	overdue := r.Overdue(world.Subjects[subject], at)
	if r.Later == nil || len(overdue) > 0 {
		return append(events, overdue...)
	}
	return append(events, r.Later(world, subject, at)...)
}

// ConsentsOf returns what of a subject the client's consent carries.
func (r Rules[S]) ConsentsOf(state S) matter.Consents {
	if r.Consents == nil {
		return matter.Consents{}
	}
	return r.Consents(state)
}

// WithdrawConsent returns the events of a consent's withdrawal by an actor; the actor has no agency if
// it is the client, or an agency that the parties may not know of. It refuses with fault.IllegalStep
// what matter.WithdrawConsent refuses.
func (r Rules[S]) WithdrawConsent(world matter.World[S], actor matter.Actor, subject string, w matter.Withdrawing) ([]matter.Event, error) {
	state := world.State(subject)
	w.By = actor.Agency
	withdrawn, err := matter.WithdrawConsent(state.Common(), r.ConsentsOf(state), r.Readers(state, false), w)
	if err != nil {
		return nil, err
	}
	if r.Withdraw != nil {
		return r.Withdraw(world, actor, subject, withdrawn, w.At), nil
	}
	event := matter.ByClock(state.Common(), w.At, withdrawn)
	event.By = actor.Party()
	return []matter.Event{event}, nil
}

// HeldBy returns the unique keys that a state holds.
func (r Rules[S]) HeldBy(state S) []string {
	var keys []string
	if number := state.Common().Number.UniqueKey(); number != "" {
		keys = append(keys, number)
	}
	if r.Held != nil {
		if held := r.Held(state); held != "" {
			keys = append(keys, held)
		}
	}
	return keys
}
