package loop

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Draft collects what one command records, subject by subject, and knows what each
// subject would then be. What follows from an event for other subjects is the rules'
// to add.
type Draft[S State] struct {
	Actor Actor
	At    time.Time

	world   World[S]
	evolve  func(S, Event) S
	main    string
	states  map[string]S
	decided map[string][]Event
	// touched lists the subjects in the order in which they were first decided on.
	touched []string
}

// NewDraft begins the draft of a command on a subject.
func NewDraft[S State, F any](world World[S], command Command[F], evolve func(S, Event) S) *Draft[S] {
	return &Draft[S]{
		Actor: command.Actor, At: command.At, main: command.Subject,
		world: world, evolve: evolve, states: map[string]S{}, decided: map[string][]Event{},
	}
}

// State of a subject with all that was decided so far.
func (d *Draft[S]) State(subject string) S {
	if state, touched := d.states[subject]; touched {
		return state
	}
	return d.world.State(subject)
}

// Start records the first event of a new subject.
func (d *Draft[S]) Start(subject string, basis *commonv1.LegalBasis, client, caseID string, m proto.Message) {
	d.record(Event{Subject: subject, Message: m, By: d.Actor.Party(), Basis: basis, At: d.At, Client: client, Case: caseID})
}

// Add records an event on a subject, as some party's deed.
func (d *Draft[S]) Add(subject string, m proto.Message, by *commonv1.Party) {
	d.AddUnder(subject, m, by, d.State(subject).Common().Basis)
}

// AddUnder records an event that has a legal basis of its own: an onward hop.
func (d *Draft[S]) AddUnder(subject string, m proto.Message, by *commonv1.Party, basis *commonv1.LegalBasis) {
	event := ByClock(d.State(subject).Common(), d.At, m)
	event.By, event.Basis = by, basis
	d.record(event)
}

// record adds an event, not before the last one of its subject. The time is of each subject
// for itself: when something hidden happened to one must not show in another.
func (d *Draft[S]) record(e Event) {
	e.At = Later(e.At, d.lastAt(e.Subject))
	if d.decided[e.Subject] == nil {
		d.touched = append(d.touched, e.Subject)
	}
	d.decided[e.Subject] = append(d.decided[e.Subject], e)
	d.states[e.Subject] = d.evolve(d.State(e.Subject), e)
}

func (d *Draft[S]) lastAt(subject string) time.Time {
	if decided := d.decided[subject]; len(decided) > 0 {
		return decided[len(decided)-1].At
	}
	return d.world.Subjects[subject].LastAt()
}

// Revoke enters a subject in error. Whoever was told of it, except who revokes, must
// acknowledge.
func (d *Draft[S]) Revoke(subject, reason string, readers []Reader, by *commonv1.Party) {
	entered := &commonv1.EnteredInError{Reason: reason, LeftApart: true}
	entered.Holders, entered.DueAt = holdersOf(readers, d.At, by.GetAgency(), d.Actor.Agency)
	d.Add(subject, entered, by)
}

// Events lists what was decided: the commanded subject's first, then the others' by
// their start.
func (d *Draft[S]) Events() []Event {
	subjects := make([]Head, 0, len(d.decided))
	for _, subject := range d.touched {
		subjects = append(subjects, d.states[subject].Common())
	}
	slices.SortStableFunc(subjects, func(a, b Head) int {
		switch d.main {
		case a.Subject:
			return -1
		case b.Subject:
			return 1
		}
		return a.Started.Compare(b.Started)
	})
	var events []Event
	for _, head := range subjects {
		events = append(events, d.decided[head.Subject]...)
	}
	return events
}
