package command

import (
	"context"
	"fmt"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
)

// Repeats tells whether a command with this request_id and body has been recorded.
func (e *Engine[S]) Repeats(ctx context.Context, target Target) (bool, error) {
	key := target.requestKey()
	held, err := e.Store.UniqueKeys(ctx, key)
	if err != nil {
		return false, fault.Store(err)
	}
	first, known := held[key]
	return known && string(first.Digest) == string(target.Digest), nil
}

// replay answers a request_id that was used before. The same request gets the first answer: the
// fold up to the version that the first run reached. A different request gets RequestIDReused.
func (e *Engine[S]) replay(ctx context.Context, target Target, first journal.UniqueKey) (Result[S], error) {
	if string(first.Digest) != string(target.Digest) {
		return Result[S]{}, fault.New(fault.RequestIDReused, "this request_id was used for another request")
	}
	// A server that lost its standby may return data that no other server has, and that is
	// therefore not acknowledged yet.
	if err := e.Store.Settled(ctx); err != nil {
		return Result[S]{}, fault.Store(err)
	}
	events, err := e.Events(ctx, first.Subject)
	switch {
	case err != nil:
		return Result[S]{}, err
	case len(events) == 0:
		return Result[S]{}, notFound()
	case uint64(len(events)) < first.Version:
		return Result[S]{}, fmt.Errorf("command: unique key beyond the history of %s", first.Subject)
	}
	history, now := e.Rules.Fold(events[:first.Version], false), e.Rules.Fold(events, false)
	before, after := history.State.Common(), now.State.Common()
	switch {
	case after.IsRevoked() && !before.IsRevoked():
		// The first answer contains a matter that was later entered in error.
		return Result[S]{}, goneSince("the matter was entered in error")
	case after.WithdrawnFor(target.Agency) > before.WithdrawnFor(target.Agency) && history.Views[target.Agency].Reader.OnConsent:
		// The first answer contains what was disclosed to the caller on a consent that was later
		// withdrawn.
		return Result[S]{}, goneSince("the client withdrew consent")
	}
	return Result[S]{Subject: first.Subject, History: history, Changed: true, Repeated: true}, nil
}

// goneSince refuses the repetition of a request whose first answer may no longer be disclosed.
func goneSince(what string) error {
	return fault.New(fault.IllegalStep, "this was done, and %s since", what).With("allowed_steps", "")
}

func notFound() error { return fault.New(fault.NotFound, "there is no such matter for you") }
