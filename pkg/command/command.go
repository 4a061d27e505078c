// Package command runs one command: load the histories, fold them, let the rules decide, append; on
// a conflict it starts again. A service changes its data only through this package, and only here
// do events become rows and case messages.
package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// maxAttempts limits how often a command is decided again after a conflict. Each conflict means
// that another command succeeded, so that many conflicts in a row on one subject mean overload, and
// the caller should back off.
const maxAttempts = 64

// Command is one request to change something.
type Command[S matter.State] struct {
	// Agency of the caller; a request_id is unique within it.
	Agency string
	// Client is the internal id of the person whom the subject concerns, if the person and not an
	// agency commands.
	Client string
	// Holders admits agencies that hold a copy and must acknowledge a withdrawn consent, even after
	// they have left.
	Holders bool
	// Subject that is commanded. It must exist unless Starts is set: then the command creates it.
	Subject string
	Starts  bool
	// Open says that any caller may command the subject, and that it need not exist. The caller's
	// permission is checked beforehand.
	Open bool
	// RequestID and Digest make the command idempotent: the same id with the same digest has one
	// effect. The sweep uses an empty id, because it repeats nothing.
	RequestID string
	Digest    []byte
	// Claims returns the unique keys whose holders the decision needs; may be nil.
	Claims func(matter.World[S]) []string
	// Check may refuse the command from the commanded subject alone, before more is read; may be
	// nil.
	Check func(matter.World[S]) error
	// Related returns the other subjects that the decision needs, given what is loaded so far; the
	// result may include loaded ones. If nil, Rules.Related applies.
	Related func(context.Context, matter.World[S]) ([]string, error)
	// Prepare gathers external facts. It runs once in each attempt, after loading and after the
	// checks of relation and request_id; may be nil.
	Prepare func(ctx context.Context, world matter.World[S], at time.Time) error
	// Decide turns what was loaded into events; it is pure. At is the time of the attempt.
	Decide func(world matter.World[S], at time.Time) ([]matter.Event, error)
	// NotBefore is the time of the event that caused the command, by this clock or another; zero if
	// there is none.
	NotBefore time.Time
	// Admit receives the agencies to which the decision discloses a subject for the first time; the
	// list is empty if there are none. It may refuse. Otherwise it returns rows to append in the
	// same transaction, and the versions that must be unchanged since they were read. May be nil.
	Admit func(ctx context.Context, told []NewRecipient) (journal.Batch, error)
	// Clients returns the client's sealed identity by subject, for the subjects that the command
	// starts; may be nil.
	Clients func() map[string][]byte
	// Access is the access log record of this command; the engine sets subject, client and time.
	Access journal.Access
}

// requestKey is the unique key of the command's request_id; empty without one.
func (c Command[S]) requestKey() string {
	switch {
	case c.RequestID == "":
		return ""
	case c.Agency == "":
		return "request/client/" + c.Client + "/" + c.RequestID
	default:
		return "request/" + c.Agency + "/" + c.RequestID
	}
}

// relates tells whether the caller has a relation to a subject.
func (c Command[S]) relates(history matter.History[S]) bool {
	if c.Agency == "" {
		return c.Client != "" && history.Version > 0 && history.State.Common().Client == c.Client
	}
	return history.Related(c.Agency) || c.Holders && history.Version > 0 && slices.Contains(history.State.Common().Withdrawal.Holders, c.Agency)
}

// claims returns all unique keys that the command must read, including its own request_id's.
func (c Command[S]) claims(world matter.World[S]) []string {
	var keys []string
	if c.RequestID != "" {
		keys = append(keys, c.requestKey())
	}
	if c.Claims != nil {
		keys = append(keys, c.Claims(world)...)
	}
	return keys
}

// Result is the commanded subject as the command left it. A repetition of the request_id gets the
// same result.
type Result[S matter.State] struct {
	Subject string
	History matter.History[S]
}

// Handle runs a command. It returns refusals as *fault.Error, and Busy after maxAttempts conflicts.
func (e *Engine[S]) Handle(ctx context.Context, command Command[S]) (Result[S], error) {
	for range maxAttempts {
		result, err := e.attempt(ctx, command)
		var conflict *journal.ConflictError
		if errors.As(err, &conflict) {
			continue
		}
		return result, err
	}
	return Result[S]{}, fault.New(fault.Busy, "too many changes to this matter at once").RetryAfter(time.Second)
}

func (e *Engine[S]) attempt(ctx context.Context, command Command[S]) (result Result[S], err error) {
	loaded, err := e.load(ctx, command)
	if err != nil {
		return Result[S]{}, err
	}
	world := loaded.world
	at := e.timeOf(command, world)
	ctx, seen := e.see(ctx, &command, world)
	defer func() { seen.end(result, err) }()
	if loaded.refusal != nil {
		return Result[S]{}, loaded.refusal
	}
	if loaded.first != nil {
		seen.outcome = repeated
		return e.replay(ctx, command, *loaded.first)
	}
	if command.Prepare != nil {
		if err := command.Prepare(ctx, world, at); err != nil {
			return Result[S]{}, err
		}
	}
	events, err := command.Decide(world, at)
	if err != nil {
		return Result[S]{}, err
	}
	if len(events) == 0 {
		seen.outcome = nothing
		return Result[S]{Subject: command.Subject, History: world.Subjects[command.Subject]}, nil
	}
	change, err := e.change(world, command, events)
	if err != nil {
		return Result[S]{}, err
	}
	if err := change.admit(ctx); err != nil {
		return Result[S]{}, err
	}
	seen.sends(ctx, change.batch)
	appended, err := e.Store.Append(ctx, change.batch)
	var conflict *journal.ConflictError
	if errors.As(err, &conflict) {
		return Result[S]{}, err
	}
	if err != nil {
		return Result[S]{}, fault.Store(err)
	}
	for agency, head := range appended.Positions {
		e.Notify(agency, head)
		seen.woken(agency)
	}
	for _, subject := range change.broken {
		e.replayTrace(ctx, change.after(subject))
	}
	return Result[S]{Subject: command.Subject, History: change.after(command.Subject)}, nil
}

// Repeats tells whether a command with this request_id and body has been recorded.
func (e *Engine[S]) Repeats(ctx context.Context, command Command[S]) (bool, error) {
	key := command.requestKey()
	held, err := e.Store.UniqueKeys(ctx, key)
	if err != nil {
		return false, fault.Store(err)
	}
	claim, known := held[key]
	return known && string(claim.Digest) == string(command.Digest), nil
}

// replay answers a request_id that was used before. The same request gets the first answer: the
// fold up to the version that the first run reached. A different request gets RequestIDReused.
func (e *Engine[S]) replay(ctx context.Context, command Command[S], claim journal.UniqueKey) (Result[S], error) {
	if string(claim.Digest) != string(command.Digest) {
		return Result[S]{}, fault.New(fault.RequestIDReused, "this request_id was used for another request")
	}
	// A server that lost its standby may return data that no other server has, and that is
	// therefore not acknowledged yet.
	if err := e.Store.Settled(ctx); err != nil {
		return Result[S]{}, fault.Store(err)
	}
	events, err := e.events(ctx, claim.Subject)
	if err != nil {
		return Result[S]{}, err
	}
	if uint64(len(events)) < claim.Version {
		return Result[S]{}, fmt.Errorf("command: claim beyond the history of %s", claim.Subject)
	}
	history, now := e.Rules.Fold(events[:claim.Version], false), e.Rules.Fold(events, false)
	before, after := history.State.Common(), now.State.Common()
	switch {
	case after.IsRevoked() && !before.IsRevoked():
		// The first answer contains a matter that was later entered in error.
		return Result[S]{}, goneSince("the matter was entered in error")
	case after.IsWithdrawn() && !before.IsWithdrawn() && history.Views[command.Agency].Reader.OnConsent:
		// The first answer contains what was disclosed to the caller on a consent that was later
		// withdrawn.
		return Result[S]{}, goneSince("the client withdrew consent")
	}
	return Result[S]{Subject: claim.Subject, History: history}, nil
}

// Read folds the histories of subjects, in the given order. A subject to which the agency has no
// relation is not found, as if it did not exist.
func (e *Engine[S]) Read(ctx context.Context, agency string, subjects ...string) ([]matter.History[S], error) {
	world := matter.World[S]{Subjects: map[string]matter.History[S]{}}
	if err := e.loadSubjects(ctx, world, subjects); err != nil {
		return nil, err
	}
	histories := make([]matter.History[S], 0, len(subjects))
	for _, subject := range subjects {
		history := world.Subjects[subject]
		if !history.Related(agency) {
			return nil, notFound()
		}
		histories = append(histories, history)
	}
	return histories, nil
}

// ReadClient folds the histories of subjects as the person whom they concern sees them. A subject
// of another person is not found, as if it did not exist.
func (e *Engine[S]) ReadClient(ctx context.Context, client string, subjects ...string) ([]matter.View[S], error) {
	histories, err := e.Store.Load(ctx, subjects...)
	if err != nil {
		return nil, fault.Store(err)
	}
	views := make([]matter.View[S], 0, len(subjects))
	for _, rows := range histories {
		events, err := fromRows(rows)
		if err != nil {
			return nil, err
		}
		if len(events) == 0 || client == "" || events[0].Client != client {
			return nil, notFound()
		}
		views = append(views, e.Rules.ForClient(events))
	}
	return views, nil
}

// goneSince refuses the repetition of a request whose first answer may no longer be disclosed.
func goneSince(what string) error {
	return fault.New(fault.IllegalStep, "this was done, and %s since", what).With("allowed_steps", "")
}

func notFound() error { return fault.New(fault.NotFound, "there is no such matter for you") }
