package duetime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/periodic"
)

const (
	sweepEvery = time.Second
	sweepBatch = 100
)

// Job acts on everything that is due in one service. Any number of replicas may run it: the version
// check records each due time once.
type Job[S matter.State] struct {
	Service string
	Actions *Actions[S]
	// Others acts on the subjects that are no matters of the service, by the prefix of their names.
	Others map[string]Other
	Store  journal.Store
	Clock  clock.Clock
	Logger *slog.Logger
}

// Other acts on subjects that are no matters, such as consent directives.
type Other struct {
	// Act does what is due on a subject.
	Act func(ctx context.Context, subject string) error
	// Derive writes the stored rows of a subject again, as command.Engine.Derive does.
	Derive func(ctx context.Context, stale journal.Stream) (bool, error)
}

// Run acts about once a second, until the context ends. The interval is random. With a fixed one,
// the fraction of a second at which a message comes would reveal that the clock sent it because of
// a report that joined another.
func (j *Job[S]) Run(ctx context.Context) {
	periodic.Job{
		Name: "due-time job failed", Every: sweepEvery, Random: true, Level: slog.LevelError, Logger: j.Logger, About: []slog.Attr{slog.String("service", j.Service)},
		Do: j.Round,
	}.Run(ctx)
}

// act does what is due on a subject.
func (j *Job[S]) act(ctx context.Context, subject string, now time.Time) error {
	if other, is := j.other(subject); is {
		return other.Act(ctx, subject)
	}
	return j.Actions.Overdue(ctx, subject, now)
}

func (j *Job[S]) other(subject string) (Other, bool) {
	for prefix, other := range j.Others {
		if strings.HasPrefix(subject, prefix) {
			return other, true
		}
	}
	return Other{}, false
}

// sweep acts on everything that is due now. A subject on which it cannot act does not block the
// others: the sweep skips it and reports it, and the next sweep tries it again.
func (j *Job[S]) sweep(ctx context.Context) error {
	now, failed := j.Clock.Now(), map[string]bool{}
	var errs []error
	for {
		// Failed subjects still come first in the order.
		limit := sweepBatch + len(failed)
		due, err := j.Store.Due(ctx, now, limit)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		acted := false
		for _, subject := range due {
			if failed[subject] {
				continue
			}
			acted = true
			if err := periodic.Contain(func() error { return j.act(ctx, subject, now) }); err != nil {
				failed[subject] = true
				if errors.Is(err, journal.ErrUnreadable) {
					j.Actions.Engine.ReportUnreadable(ctx, subject, err)
				}
				errs = append(errs, fmt.Errorf("%s: %w", subject, err))
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if len(due) < limit || !acted {
			return periodic.Join(errs)
		}
	}
}
