// Package command runs one command on matters: load the histories, fold them, gather facts, let the
// rules decide, authorise new recipients, append, notify. On a conflict it starts again. A service
// changes its data only through this package, and only here do events become rows and case messages.
package command

import (
	"context"
	"errors"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/lookahead"
	"koppi.internal/pkg/matter"
)

// maxAttempts limits how often a command is decided again after a conflict. Each conflict means
// that another command succeeded, so that many conflicts in a row on one subject mean overload, and
// the caller should back off.
const maxAttempts = 64

// Target says who commands which subject.
type Target struct {
	// Agency of the caller; a request_id is unique within it.
	Agency string
	// Scope says which of the agency's matters the caller may command. The zero Scope allows none.
	Scope matter.Scope
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
	// effect. The clock uses an empty id, because it repeats nothing.
	RequestID string
	Digest    []byte
	// NotBefore is the time of the event that caused the command, by this clock or another; zero if
	// there is none.
	NotBefore time.Time
	// Access is the access log record of this command; the pipeline sets subject, client and time.
	Access journal.Access
}

// Command is one request to change something. F are the facts from outside on which it is decided:
// Prepare gathers them, and the later stages receive them.
type Command[S matter.State, F any] struct {
	Target Target
	// Ahead starts readings that the command is known to need, so that they share a round trip with the
	// first; called once an attempt. Only a command that starts its subject may have one: a refusal must
	// not take longer where the subject exists. What it reads may be older than what is loaded. May be nil.
	Ahead func(context.Context)
	// UniqueKeys returns the unique keys whose holders the decision needs; may be nil.
	UniqueKeys func(matter.World[S]) []string
	// Check may refuse the command from the commanded subject alone, before more is read; may be
	// nil.
	Check func(matter.World[S]) error
	// Related returns the other subjects that the decision needs, given what is loaded so far; the
	// result may include loaded ones. If nil, Rules.Related applies.
	Related func(context.Context, matter.World[S]) ([]string, error)
	// Prepare gathers the facts for one attempt, after loading and after the checks of relation and
	// request_id. At is the time of the attempt. If nil, the facts are the zero value.
	Prepare func(ctx context.Context, world matter.World[S], at time.Time) (F, error)
	// Decide turns what was loaded and prepared into events; it is pure.
	Decide func(world matter.World[S], facts F, at time.Time) ([]matter.Event, error)
	// Authorise may refuse what was decided. Otherwise it returns rows to append in the same
	// transaction, and the versions that must be unchanged since they were read. May be nil.
	Authorise func(ctx context.Context, facts F, decision Decision[S]) (journal.Batch, error)
	// Clients returns the client's sealed identity by subject, for the subjects that the command
	// starts; may be nil.
	Clients func(facts F) map[string][]byte
}

// Decision is what a command decided, before it is recorded.
type Decision[S matter.State] struct {
	// World is what was loaded: the subjects before the events.
	World  matter.World[S]
	Events []matter.Event
	// Recipients are the agencies to which the decision discloses a subject for the first time.
	Recipients []NewRecipient
}

// None are the facts of a command that needs none.
type None struct{}

// Result is the commanded subject as the command left it. A repetition of the request_id gets the
// same result.
type Result[S matter.State] struct {
	Subject string
	History matter.History[S]
	// Changed says that this command, or the first one of its request_id, recorded events.
	Changed bool
	// Repeated says that the first command of its request_id recorded them, and not this one.
	Repeated bool
}

// Handle runs a command. It returns refusals as *fault.Error, and Busy after maxAttempts conflicts.
func Handle[S matter.State, F any](ctx context.Context, e *Engine[S], command Command[S, F]) (Result[S], error) {
	for range maxAttempts {
		result, err := attempt(ctx, e, command)
		var conflict *journal.ConflictError
		if errors.As(err, &conflict) {
			continue
		}
		return result, err
	}
	return Result[S]{}, fault.New(fault.Busy, "too many changes to this matter at once").RetryAfter(time.Second)
}

// attempt takes a command through all stages once. It returns a *journal.ConflictError if another
// command changed what the decision rests on.
func attempt[S matter.State, F any](ctx context.Context, e *Engine[S], command Command[S, F]) (result Result[S], err error) {
	ctx = lookahead.Begin(ctx)
	if command.Ahead != nil {
		command.Ahead(ctx)
	}
	loaded, err := e.load(ctx, command.reads())
	if err != nil {
		return Result[S]{}, err
	}
	target, world := command.Target, loaded.world
	at := e.timeOf(target, world)
	ctx, traced := e.trace(ctx, target, world)
	target.Access.Trace = traced.parent(target.Access.Trace)
	defer func() { traced.end(result, err) }()
	switch {
	case loaded.refusal != nil:
		return Result[S]{}, loaded.refusal
	case loaded.first != nil:
		traced.outcome = repeated
		return e.replay(ctx, target, *loaded.first)
	}
	var facts F
	if command.Prepare != nil {
		if facts, err = command.Prepare(ctx, world, at); err != nil {
			return Result[S]{}, err
		}
	}
	events, err := command.Decide(world, facts, at)
	if err != nil {
		return Result[S]{}, err
	}
	if len(events) == 0 {
		traced.outcome = nothing
		return Result[S]{Subject: target.Subject, History: world.Subjects[target.Subject]}, nil
	}
	change, err := e.change(world, target, events)
	if err != nil {
		return Result[S]{}, err
	}
	if command.Clients != nil {
		change.batch.Clients = command.Clients(facts)
	}
	if command.Authorise != nil {
		beside, err := command.Authorise(ctx, facts, Decision[S]{World: world, Events: events, Recipients: change.recipients()})
		if err != nil {
			return Result[S]{}, err
		}
		change.batch = join(change.batch, beside)
	}
	traced.sends(ctx, change.batch)
	appended, err := e.append(ctx, change.batch)
	if err != nil {
		return Result[S]{}, err
	}
	for agency, position := range appended.Positions {
		e.Notify(agency, position)
		traced.notified(agency)
	}
	for _, subject := range change.broken {
		e.replayTrace(ctx, change.after(subject))
	}
	return Result[S]{Subject: target.Subject, History: change.after(target.Subject), Changed: true}, nil
}

// append makes a batch durable. It returns a conflict unchanged, and other failures as refusals.
func (e *Engine[S]) append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	appended, err := e.Store.Append(ctx, batch)
	var conflict *journal.ConflictError
	if errors.As(err, &conflict) {
		return appended, err
	}
	return appended, fault.Store(err)
}

// reads returns what must be loaded for the command.
func (c Command[S, F]) reads() reads[S] {
	return reads[S]{target: c.Target, uniqueKeys: c.UniqueKeys, check: c.Check, related: c.Related}
}

// requestKey is the unique key of the command's request_id; empty without one.
func (t Target) requestKey() string {
	switch {
	case t.RequestID == "":
		return ""
	case t.Agency == "":
		return "request/client/" + t.Client + "/" + t.RequestID
	default:
		return "request/" + t.Agency + "/" + t.RequestID
	}
}

// permission returns what the caller may do with a subject.
func permission[S matter.State](rules Rules[S], t Target, history matter.History[S]) matter.Permission {
	switch {
	case t.Agency == "" && t.Client != "" && history.Version > 0 && history.State.Common().Client == t.Client:
		return matter.PermissionFull
	case t.Agency == "", history.Version == 0:
		return matter.PermissionNone
	case history.Related(t.Agency), t.Holders && history.State.Common().HoldsWithdrawn(t.Agency):
		return rules.PermissionIn(t.Scope, history.Views[t.Agency])
	default:
		return matter.PermissionNone
	}
}
