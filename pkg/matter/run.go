package matter

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
)

const (
	sweepEvery = time.Second
	sweepBatch = 100
)

// Run tells of due times that passed, and of mailboxes that advanced, until the
// context ends. Any number of replicas may run it: the version check fires each
// due time once.
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
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := k.sweep(ctx); err != nil && ctx.Err() == nil {
			k.Logger.ErrorContext(ctx, "overdue sweep", slog.String("service", k.config.Rules.Service), slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Adjustable is a clock that development may move.
type Adjustable interface {
	AdvanceTo(ctx context.Context, to time.Time) error
}

// AdvanceClock moves the service's clock forward and returns once every due time
// passed has been acted on. Only a development clock can be moved.
func (k *Kernel[S]) AdvanceClock(ctx context.Context, to time.Time) error {
	adjustable, ok := k.Clock.(Adjustable)
	if !ok {
		return fault.New(fault.NotServed, "this clock cannot be moved")
	}
	if err := adjustable.AdvanceTo(ctx, to); err != nil {
		return err
	}
	return errors.Join(k.sweep(ctx), k.expire(ctx))
}

// sweep acts on all that is due now.
func (k *Kernel[S]) sweep(ctx context.Context) error {
	now := k.Now()
	for {
		due, err := k.Store.Due(ctx, now, sweepBatch)
		if err != nil {
			return err
		}
		stuck := 0
		for _, subject := range due {
			err := k.overdue(ctx, subject, now)
			switch {
			case errors.Is(err, journal.ErrUnreadable):
				// It silences the clock for none of the others.
				k.leftOut(ctx, subject, err)
				stuck++
			case err != nil:
				return err
			}
		}
		if len(due) < sweepBatch || stuck == len(due) {
			return nil
		}
	}
}

func (k *Kernel[S]) overdue(ctx context.Context, subject string, now time.Time) error {
	if strings.HasPrefix(subject, wishCollection) {
		return k.carryOut(ctx, subject)
	}
	_, err := k.Engine.Handle(ctx, decide.Command[S]{
		Subject: subject, NotBefore: now,
		Prepare: func(ctx context.Context, world loop.World[S], _ time.Time) error {
			return k.eraseCopies(ctx, world.State(subject).Common())
		},
		Decide: func(world loop.World[S], at time.Time) ([]loop.Event, error) {
			return k.config.Rules.FallenDue(world.Subjects[subject], at), nil
		},
		Access: journal.Access{Role: "clock", Method: "koppi." + k.config.Rules.Service + "/Overdue"},
	})
	return err
}

// eraseCopies destroys the keys of all messages about a subject that was entered in
// error, but of those that say so, or of those that were told on a consent that was
// withdrawn. It comes before the event that records it, so
// that it is done again where a process died between the two.
func (k *Kernel[S]) eraseCopies(ctx context.Context, head loop.Head) error {
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
