package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	sweepEvery = time.Second
	sweepBatch = 100
)

// Run handles due times that passed, mailboxes that advanced, the transparency log and retention,
// until the context ends. Any number of replicas may run it: the version check records each due
// time once.
func (k *Kernel[S]) Run(ctx context.Context) error {
	defer k.observe()()
	var together sync.WaitGroup
	together.Go(func() { k.exchange.Run(ctx) })
	together.Go(func() { k.sweeps(ctx) })
	together.Go(func() { k.logs(ctx) })
	together.Go(func() { k.expiries(ctx) })
	together.Wait()
	return nil
}

func (k *Kernel[S]) sweeps(ctx context.Context) {
	for {
		if err := k.look(ctx); err != nil && ctx.Err() == nil {
			k.Logger.ErrorContext(ctx, "overdue sweep", slog.String("service", k.config.Rules.Service), slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepEvery/2 + rand.N(sweepEvery)): //nolint:gosec // no secret: it spreads
			// The interval is random. With a fixed one, the fraction of a second at which a message
			// comes would reveal that the clock sent it because of a report that joined another.
		}
	}
}

// Adjustable is a clock that development may move.
type Adjustable interface {
	AdvanceTo(ctx context.Context, to time.Time) error
}

// AdvanceClock moves the service's clock forward, and returns once every due time that passed has
// been handled. Only a development clock can be moved.
func (k *Kernel[S]) AdvanceClock(ctx context.Context, to time.Time) error {
	adjustable, ok := k.Clock.(Adjustable)
	if !ok {
		return fault.New(fault.NotServed, "this clock cannot be moved")
	}
	if err := adjustable.AdvanceTo(ctx, to); err != nil {
		return err
	}
	return errors.Join(k.look(ctx), k.expire(ctx))
}

// sweep acts on everything that is due now. A subject on which it cannot act does not block the
// others: the sweep skips it and reports it, and the next sweep tries it again.
func (k *Kernel[S]) sweep(ctx context.Context) error {
	now, failed := k.Now(), map[string]bool{}
	var errs []error
	for {
		// Failed subjects still come first in the order.
		limit := sweepBatch + len(failed)
		due, err := k.Store.Due(ctx, now, limit)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		acted := false
		for _, subject := range due {
			if failed[subject] {
				continue
			}
			acted = true
			if err := contained(func() error { return k.overdue(ctx, subject, now) }); err != nil {
				failed[subject] = true
				if errors.Is(err, journal.ErrUnreadable) {
					k.leftOut(ctx, subject, err)
				}
				errs = append(errs, fmt.Errorf("%s: %w", subject, err))
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if len(due) < limit || !acted {
			return tooMany(errs)
		}
	}
}

// told is the most errors of one sweep that are reported.
const told = 10

// tooMany joins the first errors, and says how many more there are.
func tooMany(errs []error) error {
	if len(errs) > told {
		errs = append(errs[:told:told], fmt.Errorf("and %d more", len(errs)-told))
	}
	return errors.Join(errs...)
}

// contained turns a panic into an error, so that rules that fail on one matter do not end the
// process that serves all others. The error leaves out the panic's value, which may hold client
// data.
func contained(act func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("service: panic: %s", debug.Stack())
		}
	}()
	return act()
}

func (k *Kernel[S]) overdue(ctx context.Context, subject string, now time.Time) error {
	if strings.HasPrefix(subject, wishCollection) {
		return k.carryOut(ctx, subject)
	}
	_, err := k.Engine.Handle(ctx, command.Command[S]{
		Subject: subject, NotBefore: now,
		Prepare: func(ctx context.Context, world matter.World[S], _ time.Time) error {
			return k.eraseCopies(ctx, world.State(subject).Common())
		},
		Decide: func(world matter.World[S], at time.Time) ([]matter.Event, error) {
			return k.config.Rules.FallenDue(world, subject, at), nil
		},
		Access: journal.Access{Role: "clock", Method: "koppi." + k.config.Rules.Service + "/Overdue"},
	})
	return err
}

// eraseRevoked removes from every mailbox what was disclosed of a matter entered in error, and of
// what was passed on from it, before the caller receives the answer to the revocation. It also runs
// for a repeated request if the first run failed.
func (k *Kernel[S]) eraseRevoked(ctx context.Context, subject string) error {
	known := matter.World[S]{Subjects: map[string]matter.History[S]{}}
	for subjects := []string{subject}; len(subjects) > 0; {
		all, err := k.readableEvents(ctx, subjects...)
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
			if err := k.overdue(ctx, subjects[i], k.Now()); err != nil {
				return err
			}
			// The state before the revocation names what was passed on from the matter.
			known.Subjects[subjects[i]] = k.fold(events[:entered])
		}
		subjects = nil
		if k.config.Rules.Related != nil {
			subjects = slices.Compact(slices.Sorted(slices.Values(k.config.Rules.Related(known))))
			subjects = slices.DeleteFunc(subjects, func(one string) bool { _, read := known.Subjects[one]; return read })
		}
	}
	return nil
}

// eraseCopies destroys the keys of all messages about a subject entered in error, except the
// notices of the revocation, or of the messages that were disclosed on a withdrawn consent. It runs
// before the event that records it is appended, so that it is repeated if the process dies between
// the two.
func (k *Kernel[S]) eraseCopies(ctx context.Context, head matter.Head) error {
	switch {
	case head.IsRevoked() && !head.Revocation.Erased:
		if err := k.forgetPapers(ctx, head.Subject); err != nil {
			return err
		}
		return k.Store.Erase(ctx, head.Subject, journal.ClassCorrespondence, journal.ClassConsent)
	case !head.IsRevoked() && head.IsWithdrawn() && !head.Withdrawal.Erased:
		return k.Store.Erase(ctx, head.Subject, journal.ClassConsent)
	default:
		return nil
	}
}
