// Package duetime acts on due times that have passed, in every replica of a service.
package duetime

import (
	"context"
	"slices"
	"time"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/revocation"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Actions are what the clock does to one matter. S is its state.
type Actions[S matter.State] struct {
	Engine *command.Engine[S]
	Copies *revocation.Copies[S]
}

// Overdue records on a matter what is due by the given time.
func (a *Actions[S]) Overdue(ctx context.Context, subject string, now time.Time) error {
	_, err := command.Handle(ctx, a.Engine, command.Command[S, command.None]{
		Target: command.Target{Subject: subject, NotBefore: now, Access: a.Engine.ByClock("Overdue")},
		Prepare: func(ctx context.Context, world matter.World[S], _ time.Time) (command.None, error) {
			return command.None{}, a.Copies.Erase(ctx, world.State(subject).Common())
		},
		Decide: func(world matter.World[S], _ command.None, at time.Time) ([]matter.Event, error) {
			return a.Engine.Rules.FallenDue(world, subject, at), nil
		},
	})
	return err
}

// EraseRevoked removes from every mailbox what was disclosed of a matter entered in error, and of
// what was passed on from it, before the caller receives the answer to the revocation. It also runs
// for a repeated request if the first run failed.
func (a *Actions[S]) EraseRevoked(ctx context.Context, subject string) error {
	known := matter.World[S]{Subjects: map[string]matter.History[S]{}}
	for subjects := []string{subject}; len(subjects) > 0; {
		all, err := a.Engine.ReadableEvents(ctx, subjects...)
		if err != nil {
			return err
		}
		for i, events := range all {
			entered := slices.IndexFunc(events, func(e matter.Event) bool { _, is := e.Message.(*commonv1.EnteredInError); return is })
			if entered < 0 {
				// A related matter that was not entered in error continues.
				known.Subjects[subjects[i]] = matter.History[S]{}
				continue
			}
			if err := a.Overdue(ctx, subjects[i], a.Engine.Now()); err != nil {
				return err
			}
			// The state before the revocation names what was passed on from the matter.
			known.Subjects[subjects[i]] = a.Engine.Rules.HistoryOf(events[:entered])
		}
		subjects = nil
		if a.Engine.Rules.Related != nil {
			subjects = slices.Compact(slices.Sorted(slices.Values(a.Engine.Rules.Related(known))))
			subjects = slices.DeleteFunc(subjects, func(one string) bool { _, read := known.Subjects[one]; return read })
		}
	}
	return nil
}
