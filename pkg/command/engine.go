package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/pkg/fault"
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
	// WorklistEntry is the subject's row in a reader's worklist.
	WorklistEntry func(view S, reader matter.Reader) matter.WorklistEntry
	// Shared tells whether another agency has a part in an ongoing subject, judged by what was
	// disclosed to the given agency: the other agency began it, or has taken up what this agency
	// began. May be nil if no agency can act in a client's name on the strength of such a subject.
	Shared func(view S, agency string) bool
	// Waits returns rows for the worklists of agencies to which the subject is not disclosed, with
	// Agency, Unit, WaitingOn, DueAt and Ended; may be nil.
	Waits func(S) []journal.WorklistEntry
	// Counters returns what statistics count of an event.
	Counters func(before, after S, event matter.Event) matter.Counters
	// Withdraw returns the events of a consent's withdrawal, including the given one, in services
	// where other events follow from it; may be nil.
	Withdraw func(world matter.World[S], actor matter.Actor, subject string, withdrawn *commonv1.ConsentWithdrawn, at time.Time) []matter.Event
	// Number returns the number of a state. Held returns the unique key that a subject holds in it,
	// empty for none; Held may be nil in a service without unique keys.
	Number func(S) int32
	Held   func(S) string
	// NextCheck returns the earliest due time that has not been handled, zero for none. Overdue
	// returns the events of the due times that have passed. The kernel handles matters entered in
	// error itself: see Due and FallenDue.
	NextCheck func(matter.History[S]) time.Time
	Overdue   func(history matter.History[S], at time.Time) []matter.Event
	// Later returns the events that disclose something of a subject later than it happened, once it
	// is time. While there are any, nothing counts as overdue. May be nil.
	Later func(world matter.World[S], subject string, at time.Time) []matter.Event
	// Always are steps that are never refused for a subject's size: each can be taken only a few
	// times, and ends the subject, answers a question or acknowledges something. Finishes are steps
	// that end what was begun in the subject; matter.Reserve is kept free for them.
	Always, Finishes []string
	// Related returns subjects that a decision about the loaded ones also needs; may be nil.
	Related func(matter.World[S]) []string
}

// Due returns when the clock must check a subject again; zero for never.
func (r Rules[S]) Due(history matter.History[S]) time.Time {
	head := history.State.Common()
	if head.IsRevoked() {
		return head.Revocation.NextCheck()
	}
	next, notice := r.NextCheck(history), head.Withdrawal.NextCheck()
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
	if r.Later != nil {
		if later := r.Later(world, subject, at); len(later) > 0 {
			return append(events, later...)
		}
	}
	return append(events, r.Overdue(world.Subjects[subject], at)...)
}

// Withdrawal returns the events of a consent's withdrawal by an actor; the actor has no agency if
// it is the client.
func (r Rules[S]) Withdrawal(
	world matter.World[S], actor matter.Actor, subject string, withdrawn *commonv1.ConsentWithdrawn, at time.Time,
) []matter.Event {
	if r.Withdraw != nil {
		return r.Withdraw(world, actor, subject, withdrawn, at)
	}
	event := matter.ByClock(world.State(subject).Common(), at, withdrawn)
	event.By = actor.Party()
	return []matter.Event{event}
}

// HeldBy returns the unique key that a state holds; empty for none.
func (r Rules[S]) HeldBy(state S) string {
	if r.Held == nil {
		return ""
	}
	return r.Held(state)
}

// Pseudonyms returns the names of a client and a case for one agency. Each agency gets different
// names, so that agencies cannot match them.
type Pseudonyms interface {
	ClientName(agency, inner string) string
	CaseName(agency, inner string) string
}

// Engine runs the commands of one service.
type Engine[S matter.State] struct {
	Rules      Rules[S]
	Store      journal.Store
	Pseudonyms Pseudonyms
	// Notify is called for each mailbox that advanced, with its new last sequence.
	Notify func(agency string, sequence uint64)
	// NewID makes message ids: UUIDv7.
	NewID func() string
	// Now returns the domain's time, to the microsecond. Each attempt at a command calls it again.
	Now func() time.Time
}

// timeOf returns the time of an attempt at a command: now, but not before the last event of the
// commanded subject nor before Command.NotBefore. The clocks of two replicas may differ, and an
// attempt that lost a race decides on events that came in between.
func (e *Engine[S]) timeOf(command Command[S], world matter.World[S]) time.Time {
	return matter.Later(e.Now(), matter.Later(command.NotBefore, world.Subjects[command.Subject].LastAt()))
}

// loaded is the data on which a command is decided.
type loaded[S matter.State] struct {
	world matter.World[S]
	// first is the unique key of the command's request_id if it was used before; nil if it is new.
	first *journal.UniqueKey
	// refusal is the reason to refuse the command from the commanded subject alone.
	refusal error
}

// load reads the commanded subject, and stops if that settles the command: further reading takes
// time, which would reveal subjects that the caller may not know. Otherwise it reads the related
// subjects and the holders of the requested unique keys, and repeats that until nothing new turns
// up.
func (e *Engine[S]) load(ctx context.Context, command Command[S]) (loaded[S], error) {
	l := loaded[S]{world: matter.World[S]{Subjects: map[string]matter.History[S]{}, UniqueKeys: map[string]string{}}}
	var subjects []string
	if !command.Starts {
		subjects = append(subjects, command.Subject)
	}
	if err := e.loadSubjects(ctx, l.world, subjects); err != nil {
		return l, err
	}
	claims := command.claims(l.world)
	if !command.Starts && command.RequestID != "" {
		claims = []string{command.requestKey()}
	}
	if err := e.loadClaims(ctx, &l, command, claims); err != nil {
		return l, err
	}
	if l.refusal = e.refusal(command, l); l.refusal != nil || l.first != nil {
		return l, nil
	}
	for {
		related, err := e.related(ctx, command, l.world)
		if err != nil {
			return l, err
		}
		wanted, asked := missing(subjects, related), missing(claims, command.claims(l.world))
		if len(wanted)+len(asked) == 0 {
			return l, e.stillHeld(l.world)
		}
		if err := errors.Join(e.loadSubjects(ctx, l.world, wanted), e.loadClaims(ctx, &l, command, asked)); err != nil {
			return l, err
		}
		subjects, claims = append(subjects, wanted...), append(claims, asked...)
	}
}

// refusal refuses a caller without a relation to the commanded subject, and a command that
// Command.Check refuses.
func (e *Engine[S]) refusal(command Command[S], l loaded[S]) error {
	if !command.Starts && !command.Open && command.RequestID != "" && !command.relates(l.world.Subjects[command.Subject]) {
		return notFound()
	}
	if command.Check == nil || l.first != nil {
		return nil
	}
	return command.Check(l.world)
}

// related returns the subjects that a command's decision also needs, loaded or not.
func (e *Engine[S]) related(ctx context.Context, command Command[S], world matter.World[S]) ([]string, error) {
	switch {
	case command.Related != nil:
		return command.Related(ctx, world)
	case e.Rules.Related != nil:
		return e.Rules.Related(world), nil
	default:
		return nil, nil
	}
}

// stillHeld returns a conflict if a unique key was given up between reading the key and reading the
// subject that held it. Without this check, a decision on the key would join a subject that has
// ended.
func (e *Engine[S]) stillHeld(world matter.World[S]) error {
	for key, holder := range world.UniqueKeys {
		if history, known := world.Subjects[holder]; known && e.Rules.HeldBy(history.State) != key {
			return &journal.ConflictError{UniqueKey: key}
		}
	}
	return nil
}

// missing returns the wanted names that are not among those had, each once.
func missing(had, wanted []string) []string {
	var more []string
	for _, name := range wanted {
		if !slices.Contains(had, name) && !slices.Contains(more, name) {
			more = append(more, name)
		}
	}
	return more
}

func (e *Engine[S]) loadSubjects(ctx context.Context, world matter.World[S], subjects []string) error {
	if len(subjects) == 0 {
		return nil
	}
	histories, err := e.Store.Load(ctx, subjects...)
	if err != nil {
		return fault.Store(err)
	}
	for i, subject := range subjects {
		events, err := fromRows(histories[i])
		if err != nil {
			return err
		}
		if len(events) == 0 {
			continue
		}
		world.Subjects[subject] = e.Rules.Fold(events, false)
	}
	return nil
}

func (e *Engine[S]) loadClaims(ctx context.Context, l *loaded[S], command Command[S], keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	held, err := e.Store.UniqueKeys(ctx, keys...)
	if err != nil {
		return fault.Store(err)
	}
	for key, claim := range held {
		if key == command.requestKey() {
			l.first = &claim
		} else {
			l.world.UniqueKeys[key] = claim.Subject
		}
	}
	return nil
}

func (e *Engine[S]) events(ctx context.Context, subject string) ([]matter.Event, error) {
	histories, err := e.Store.Load(ctx, subject)
	if err != nil {
		return nil, fault.Store(err)
	}
	events, err := fromRows(histories[0])
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, notFound()
	}
	return events, nil
}

// fromRows decodes stored events. It returns no events for a history whose content was erased, as
// if it did not exist.
func fromRows(rows []journal.Event) ([]matter.Event, error) {
	events := make([]matter.Event, 0, len(rows))
	for _, row := range rows {
		if row.Erased {
			return nil, nil
		}
		event, err := fromRow(row)
		if err != nil {
			return nil, fmt.Errorf("command: event %d of %s: %w (%w)", row.Version, row.Subject, journal.ErrUnreadable, err)
		}
		events = append(events, event)
	}
	return events, nil
}

func fromRow(row journal.Event) (matter.Event, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(row.Type))
	if err != nil {
		return matter.Event{}, err
	}
	event := matter.Event{
		Subject: row.Subject, ID: row.ID, At: row.At, Client: row.Client, Case: row.Case, Trace: row.Trace,
		Message: kind.New().Interface(), Basis: &commonv1.LegalBasis{},
	}
	if err := proto.Unmarshal(row.Payload, event.Message); err != nil {
		return matter.Event{}, err
	}
	if err := proto.Unmarshal(row.Basis, event.Basis); err != nil {
		return matter.Event{}, err
	}
	if len(row.By) > 0 {
		event.By = &commonv1.Party{}
		if err := proto.Unmarshal(row.By, event.By); err != nil {
			return matter.Event{}, err
		}
	}
	return event, nil
}
