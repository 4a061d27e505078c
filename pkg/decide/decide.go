// Package decide runs one command from history to history: load, fold, let the
// rules decide, append; on a conflict again. It is the only way in which a
// service changes anything, and the one place where events become rows and case
// messages.
package decide

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
)

// maxAttempts bounds how often a command is decided again after a conflict.
// Each conflict means that another command succeeded, so that many in a row on
// one subject is a storm, which the caller should back off from.
const maxAttempts = 64

// Command is one request to change something.
type Command[S loop.State] struct {
	// Agency of the caller; a request_id is unique within it.
	Agency string
	// Client commands where no agency does: the person whom the subject concerns, by
	// inner id.
	Client string
	// Holders may command too: agencies that must acknowledge a withdrawn consent, although
	// they have left.
	Holders bool
	// Subject commanded. It must exist unless the command Starts it.
	Subject string
	Starts  bool
	// Open subjects are anybody's to command, and need not exist: who may is checked before.
	Open bool
	// RequestID and Digest make it idempotent: the same id with the same digest
	// has one effect. An empty id is the sweep's, which repeats nothing.
	RequestID string
	Digest    []byte
	// Claims names the claims whose holders the decision needs; may be nil.
	Claims func(loop.World[S]) []string
	// Check refuses by the commanded subject alone, before more is read; may be nil.
	Check func(loop.World[S]) error
	// Related names the subjects that the decision also needs, given what is known so far,
	// known ones among them; nil for those that the rules name.
	Related func(context.Context, loop.World[S]) ([]string, error)
	// Prepare gathers facts from outside, once an attempt, after loading and after
	// the checks of relation and request_id; may be nil.
	Prepare func(ctx context.Context, world loop.World[S], at time.Time) error
	// Decide turns what was loaded into events; it is pure. At is the time of the attempt.
	Decide func(world loop.World[S], at time.Time) ([]loop.Event, error)
	// NotBefore is the time of what the command follows from, on this clock or another;
	// zero for none.
	NotBefore time.Time
	// Admit sees whom the decision tells for the first time, none where it tells nobody new.
	// It may refuse, and returns what is appended in the same moment, and what must still be
	// as it was seen; may be nil.
	Admit func(ctx context.Context, told []NewRecipient) (journal.Batch, error)
	// Clients returns who the client is, by the subject started; may be nil.
	Clients func() map[string][]byte
	// Access is the record of this command; subject, client and time are filled in.
	Access journal.Access
}

// requestKey is the claim of the command's request_id; empty without one.
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

// relates tells whether who commands has to do with a subject.
func (c Command[S]) relates(history loop.History[S]) bool {
	if c.Agency == "" {
		return c.Client != "" && history.Version > 0 && history.State.Common().Client == c.Client
	}
	return history.Related(c.Agency) || c.Holders && history.Version > 0 && slices.Contains(history.State.Common().Withdrawal.Holders, c.Agency)
}

// claims names all claims that the command must see, its own among them.
func (c Command[S]) claims(world loop.World[S]) []string {
	var keys []string
	if c.RequestID != "" {
		keys = append(keys, c.requestKey())
	}
	if c.Claims != nil {
		keys = append(keys, c.Claims(world)...)
	}
	return keys
}

// Result is the commanded subject as the command left it: the first time, and
// again for every repetition of its request_id.
type Result[S loop.State] struct {
	Subject string
	History loop.History[S]
}

// Handle runs a command. It returns refusals as *fault.Error.
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

// replay answers a request_id that was used before: the same request gets the
// first answer, which is the fold up to the version that it reached.
func (e *Engine[S]) replay(ctx context.Context, command Command[S], claim journal.UniqueKey) (Result[S], error) {
	if string(claim.Digest) != string(command.Digest) {
		return Result[S]{}, fault.New(fault.RequestIDReused, "this request_id was used for another request")
	}
	// A server that lost its standby may show what no other has: it is not acknowledged yet.
	if err := e.Store.Settled(ctx); err != nil {
		return Result[S]{}, fault.Store(err)
	}
	events, err := e.events(ctx, claim.Subject)
	if err != nil {
		return Result[S]{}, err
	}
	if uint64(len(events)) < claim.Version {
		return Result[S]{}, fmt.Errorf("decide: claim beyond the history of %s", claim.Subject)
	}
	history, now := e.Rules.Fold(events[:claim.Version], false), e.Rules.Fold(events, false)
	before, after := history.State.Common(), now.State.Common()
	switch {
	case after.IsRevoked() && !before.IsRevoked():
		// The first answer holds what was entered in error.
		return Result[S]{}, goneSince("the matter was entered in error")
	case after.IsWithdrawn() && !before.IsWithdrawn() && history.Views[command.Agency].Reader.OnConsent:
		// It holds what the caller was told on a consent that is gone.
		return Result[S]{}, goneSince("the client withdrew consent")
	}
	return Result[S]{Subject: claim.Subject, History: history}, nil
}

// Read folds the histories of subjects, in their order; one without relation to
// the agency is not found, like one that does not exist.
func (e *Engine[S]) Read(ctx context.Context, agency string, subjects ...string) ([]loop.History[S], error) {
	world := loop.World[S]{Subjects: map[string]loop.History[S]{}}
	if err := e.loadSubjects(ctx, world, subjects); err != nil {
		return nil, err
	}
	histories := make([]loop.History[S], 0, len(subjects))
	for _, subject := range subjects {
		history := world.Subjects[subject]
		if !history.Related(agency) {
			return nil, notFound()
		}
		histories = append(histories, history)
	}
	return histories, nil
}

// ReadClient folds the histories of subjects as the person whom they concern sees
// them; one of another person is not found, like one that does not exist.
func (e *Engine[S]) ReadClient(ctx context.Context, client string, subjects ...string) ([]loop.View[S], error) {
	histories, err := e.Store.Load(ctx, subjects...)
	if err != nil {
		return nil, fault.Store(err)
	}
	views := make([]loop.View[S], 0, len(subjects))
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

// goneSince answers the repetition of a request whose first answer may not be told again.
func goneSince(what string) error {
	return fault.New(fault.IllegalStep, "this was done, and %s since", what).With("allowed_steps", "")
}

func notFound() error { return fault.New(fault.NotFound, "there is no such matter for you") }
