package matter

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Draft collects the events that one command records on each matter, and knows the state that each
// matter then has. The rules of a service add the events that follow for other matters.
type Draft[S State] struct {
	Actor Actor
	At    time.Time

	world   World[S]
	evolve  func(S, Event) S
	main    string
	states  map[string]S
	decided map[string][]Event
	// touched lists the matters in the order in which they got their first event.
	touched []string
}

// NewDraft begins the draft of a command on a matter.
func NewDraft[S State, F any](world World[S], command Command[F], evolve func(S, Event) S) *Draft[S] {
	return &Draft[S]{
		Actor: command.Actor, At: command.At, main: command.Subject,
		world: world, evolve: evolve, states: map[string]S{}, decided: map[string][]Event{},
	}
}

// Evolve returns a state after an event that the draft does not hold. Steps call it instead of
// their service's own function, which depends on the table of steps.
func (d *Draft[S]) Evolve(state S, e Event) S { return d.evolve(state, e) }

// View returns the commanded matter as the actor's agency was shown it before the command.
func (d *Draft[S]) View() View[S] { return d.world.View(d.main, d.Actor.Agency) }

// State returns the state of a matter after all events that the draft holds.
func (d *Draft[S]) State(subject string) S {
	if state, touched := d.states[subject]; touched {
		return state
	}
	return d.world.State(subject)
}

// Start records the first event of a new matter.
func (d *Draft[S]) Start(subject string, basis *commonv1.LegalBasis, client, caseID string, m proto.Message) {
	d.record(Event{Subject: subject, Message: m, By: d.Actor.Party(), Basis: basis, At: d.At, Client: client, Case: caseID})
}

// Add records an event on a matter, as the actor's act.
func (d *Draft[S]) Add(subject string, m proto.Message) {
	d.AddBy(subject, m, d.Actor.Party())
}

// AddBy records an event on a matter, as the act of another party.
func (d *Draft[S]) AddBy(subject string, m proto.Message, by *commonv1.Party) {
	d.add(subject, m, by, d.State(subject).Common().Basis)
}

// AddUnder records an event with a legal basis of its own, as when another agency is invited.
func (d *Draft[S]) AddUnder(subject string, m proto.Message, basis *commonv1.LegalBasis) {
	d.add(subject, m, d.Actor.Party(), basis)
}

func (d *Draft[S]) add(subject string, m proto.Message, by *commonv1.Party, basis *commonv1.LegalBasis) {
	event := ByClock(d.State(subject).Common(), d.At, m)
	event.By, event.Basis = by, basis
	d.record(event)
}

// record adds an event with a time no earlier than the last event of its matter. Times are kept for
// each matter separately: a hidden event of one matter must not show in the times of another.
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

// Revoke records that a matter was entered in error. Every reader must acknowledge it, except the
// revoking party and the actor's agency.
func (d *Draft[S]) Revoke(subject, reason string, readers []Reader, by *commonv1.Party) {
	entered := &commonv1.EnteredInError{Reason: reason, LeftApart: true}
	entered.Holders, entered.DueAt = holdersOf(readers, d.At, by.GetAgency(), d.Actor.Agency)
	d.AddBy(subject, entered, by)
}

// Events returns what was decided: first the events of the commanded matter, then those of the
// others in the order in which those matters began.
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
