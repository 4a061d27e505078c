package decide

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
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Rules are a service's pure functions; S is its state.
type Rules[S loop.State] struct {
	// Service as case messages name it, such as "concern".
	Service string
	// Class whose keys seal the events; a document's where empty.
	Class journal.Class
	// Evolve folds one event into a state and leaves the given state as it was.
	Evolve func(S, loop.Event) S
	// Readers are the agencies to which the subject is told, in the order in which
	// they are; withdrawn says that the consent it rests on is gone.
	Readers func(state S, withdrawn bool) []loop.Reader
	// Disclose turns an event into what a reader is told, given its view so far;
	// false where it is told nothing.
	Disclose func(view S, event loop.Event, reader loop.Reader) (loop.Event, []loop.Withheld, bool)
	// Disclosures is the table that Disclose goes by, Provisions say why, by the first part
	// of a rule's key, and Told the audiences that are told
	// of an event at all, by its name; nil where all are.
	Disclosures []loop.Disclosure
	Provisions  map[string]string
	Disclosed   map[string][]loop.Audience
	// Status is the loop's status as a reader sees it.
	Status func(view S, reader loop.Reader) *commonv1.LoopStatus
	// WorklistEntry is the subject's place in a reader's worklist.
	WorklistEntry func(view S, reader loop.Reader) loop.WorklistEntry
	// Shared tells whether, by what an agency is shown of a subject that goes on, another
	// agency has its part in it: it began it, or has taken up what this one began. May be
	// nil where no agency acts in a client's name by it.
	Shared func(view S, agency string) bool
	// Waits are rows of the worklists of agencies that are told nothing, with Agency, Unit,
	// WaitingOn, DueAt and Ended; may be nil.
	Waits func(S) []journal.WorklistEntry
	// Counters is what statistics count of an event.
	Counters func(before, after S, event loop.Event) loop.Counters
	// Withdraw are the events of a consent's withdrawal, the given one among them, where
	// others follow; may be nil.
	Withdraw func(world loop.World[S], actor loop.Actor, subject string, withdrawn *commonv1.ConsentWithdrawn, at time.Time) []loop.Event
	// Number is the number of a state, and Held the claim that a subject holds in it,
	// empty for none; may be nil where a service has no claims.
	Number func(S) int32
	Held   func(S) string
	// NextCheck is the earliest due time that was not acted upon, zero for none, and
	// Overdue are the events of those that have passed. What was entered in error is the
	// kernel's: see Due and FallenDue.
	NextCheck func(loop.History[S]) time.Time
	Overdue   func(history loop.History[S], at time.Time) []loop.Event
	// Later are the events of what a subject is told later than it happened, once it is
	// time; while there are any nothing is overdue yet. May be nil.
	Later func(world loop.World[S], subject string, at time.Time) []loop.Event
	// Always are steps that are never refused for a subject's size: each can be taken but
	// a few times, and ends it, answers what waits or says that it is seen. Finishes are
	// steps that end what was begun in it, for which loop.Reserve is kept.
	Always, Finishes []string
	// Related names subjects that a decision about the known ones also needs; may be
	// nil.
	Related func(loop.World[S]) []string
}

// Due is when the clock must look at a subject again; zero for never.
func (r Rules[S]) Due(history loop.History[S]) time.Time {
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

// FallenDue are the events that the clock makes of a subject at a time, once each.
func (r Rules[S]) FallenDue(world loop.World[S], subject string, at time.Time) []loop.Event {
	head := world.State(subject).Common()
	events := loop.NoticesDue(head, at)
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

// Withdrawal are the events of a consent's withdrawal by an actor: nobody's agency for
// the client.
func (r Rules[S]) Withdrawal(
	world loop.World[S], actor loop.Actor, subject string, withdrawn *commonv1.ConsentWithdrawn, at time.Time,
) []loop.Event {
	if r.Withdraw != nil {
		return r.Withdraw(world, actor, subject, withdrawn, at)
	}
	event := loop.ByClock(world.State(subject).Common(), at, withdrawn)
	event.By = actor.Party()
	return []loop.Event{event}
}

// HeldBy is the claim that a state holds; empty for none.
func (r Rules[S]) HeldBy(state S) string {
	if r.Held == nil {
		return ""
	}
	return r.Held(state)
}

// Pseudonyms gives out what an agency may call a client and a case: other agencies
// get other names for the same, so that they cannot match them.
type Pseudonyms interface {
	ClientName(agency, inner string) string
	CaseName(agency, inner string) string
}

// Engine runs the commands of one service.
type Engine[S loop.State] struct {
	Rules      Rules[S]
	Store      journal.Store
	Pseudonyms Pseudonyms
	// Notify is told of each mailbox that advanced.
	Notify func(agency string, sequence uint64)
	// NewID makes message ids: UUIDv7.
	NewID func() string
	// Now is the domain's time, to the microsecond. Each attempt at a command asks it anew.
	Now func() time.Time
}

// timeOf is the time of an attempt at a command: now, and not before the last event of the
// commanded subject, nor before what the command follows from. The clocks of two replicas
// may differ, and an attempt that lost a race decides upon what has come since.
func (e *Engine[S]) timeOf(command Command[S], world loop.World[S]) time.Time {
	return loop.Later(e.Now(), loop.Later(command.NotBefore, world.Subjects[command.Subject].LastAt()))
}

// loaded is what a command is decided upon.
type loaded[S loop.State] struct {
	world loop.World[S]
	// first is the claim of the command's request_id, nil where it is new.
	first *journal.UniqueKey
	// refusal is why the command is refused by the commanded subject alone.
	refusal error
}

// load reads the commanded subject, and nothing more where that settles it: what else is
// read takes time that tells of subjects which the caller may not know. Then it reads, until
// nothing new turns up, what the command names as related and who holds the claims asked
// about.
func (e *Engine[S]) load(ctx context.Context, command Command[S]) (loaded[S], error) {
	l := loaded[S]{world: loop.World[S]{Subjects: map[string]loop.History[S]{}, UniqueKeys: map[string]string{}}}
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

// refusal refuses who commands what it has no relation to, and what the commanded subject
// alone does not allow.
func (e *Engine[S]) refusal(command Command[S], l loaded[S]) error {
	if !command.Starts && !command.Open && command.RequestID != "" && !command.relates(l.world.Subjects[command.Subject]) {
		return notFound()
	}
	if command.Check == nil || l.first != nil {
		return nil
	}
	return command.Check(l.world)
}

// related are the subjects that a command's decision also needs, known or not.
func (e *Engine[S]) related(ctx context.Context, command Command[S], world loop.World[S]) ([]string, error) {
	switch {
	case command.Related != nil:
		return command.Related(ctx, world)
	case e.Rules.Related != nil:
		return e.Rules.Related(world), nil
	default:
		return nil, nil
	}
}

// stillHeld is a conflict where a claim was given up between its reading and that of the
// subject that held it: who then decides upon the claim would join what has ended.
func (e *Engine[S]) stillHeld(world loop.World[S]) error {
	for key, holder := range world.UniqueKeys {
		if history, known := world.Subjects[holder]; known && e.Rules.HeldBy(history.State) != key {
			return &journal.ConflictError{UniqueKey: key}
		}
	}
	return nil
}

// missing are the wanted names that are not had.
func missing(had, wanted []string) []string {
	var more []string
	for _, name := range wanted {
		if !slices.Contains(had, name) && !slices.Contains(more, name) {
			more = append(more, name)
		}
	}
	return more
}

func (e *Engine[S]) loadSubjects(ctx context.Context, world loop.World[S], subjects []string) error {
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

func (e *Engine[S]) events(ctx context.Context, subject string) ([]loop.Event, error) {
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

// fromRows opens stored events. A history whose content was erased is as if it
// were not there.
func fromRows(rows []journal.Event) ([]loop.Event, error) {
	events := make([]loop.Event, 0, len(rows))
	for _, row := range rows {
		if row.Erased {
			return nil, nil
		}
		event, err := fromRow(row)
		if err != nil {
			return nil, fmt.Errorf("decide: event %d of %s: %w (%w)", row.Version, row.Subject, journal.ErrUnreadable, err)
		}
		events = append(events, event)
	}
	return events, nil
}

func fromRow(row journal.Event) (loop.Event, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(row.Type))
	if err != nil {
		return loop.Event{}, err
	}
	event := loop.Event{
		Subject: row.Subject, ID: row.ID, At: row.At, Client: row.Client, Case: row.Case, Trace: row.Trace,
		Message: kind.New().Interface(), Basis: &commonv1.LegalBasis{},
	}
	if err := proto.Unmarshal(row.Payload, event.Message); err != nil {
		return loop.Event{}, err
	}
	if err := proto.Unmarshal(row.Basis, event.Basis); err != nil {
		return loop.Event{}, err
	}
	if len(row.By) > 0 {
		event.By = &commonv1.Party{}
		if err := proto.Unmarshal(row.By, event.By); err != nil {
			return loop.Event{}, err
		}
	}
	return event, nil
}
