package concern

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	"koppi.internal/services/concern/internal/rules"
)

const (
	sweepEvery = time.Second
	sweepBatch = 100
)

// Run tells of due times that passed, and of mailboxes that advanced, until the
// context ends. Any number of replicas may run it: the version check fires each
// due time once.
func (s *Service) Run(ctx context.Context) error {
	var together sync.WaitGroup
	together.Go(func() { s.exchange.Run(ctx) })
	together.Go(func() { s.sweeps(ctx) })
	together.Wait()
	return nil
}

func (s *Service) sweeps(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.deps.Logger.ErrorContext(ctx, "overdue sweep", slog.String("service", Name), slog.String("error", err.Error()))
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

// Now is the domain's time as this service has it.
func (s *Service) Now() time.Time { return s.now() }

// AdvanceClock moves the service's clock forward and returns once every due time
// passed has been acted on. Only a development clock can be moved.
func (s *Service) AdvanceClock(ctx context.Context, to time.Time) error {
	adjustable, ok := s.deps.Clock.(Adjustable)
	if !ok {
		return fault.New(fault.NotServed, "this clock cannot be moved")
	}
	if err := adjustable.AdvanceTo(ctx, to); err != nil {
		return err
	}
	return s.sweep(ctx)
}

// sweep acts on all that is due now.
func (s *Service) sweep(ctx context.Context) error {
	now := s.now()
	for {
		due, err := s.deps.Store.Due(ctx, now, sweepBatch)
		if err != nil {
			return err
		}
		for _, subject := range due {
			if err := s.overdue(ctx, subject, now); err != nil {
				return err
			}
		}
		if len(due) < sweepBatch {
			return nil
		}
	}
}

func (s *Service) overdue(ctx context.Context, subject string, now time.Time) error {
	_, err := s.engine.Handle(ctx, decide.Command[rules.Concern]{
		Subject: subject,
		Decide: func(world rules.World) ([]loop.Event, error) {
			return rules.Overdue(world.Subjects[subject], now), nil
		},
		Access: journal.Access{At: now, Role: "clock", Method: "koppi.concern/Overdue"},
	})
	return err
}
