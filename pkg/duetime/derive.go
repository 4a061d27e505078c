package duetime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/periodic"
)

// deriveAtOnce is how many subjects are derived again in parallel, so that they share commits.
const deriveAtOnce = 8

// derivation is one round of deriving again the rows that an earlier version wrote.
type derivation struct {
	mu sync.Mutex
	// failed are the subjects whose derivation failed: the next round tries them again.
	failed map[string]bool
	errs   []error
	done   int
	// unknown are the subjects that could not be read to complete their entries: the next round tries
	// them again.
	unknown   map[string]bool
	completed int
}

// Round is one run of the job. It derives again, by the present rules, the rows that an earlier
// version wrote, and completes those that lack something, a portion at a time. After each portion it
// acts on everything that is due.
func (j *Job[S]) Round(ctx context.Context) error {
	d := &derivation{failed: map[string]bool{}, unknown: map[string]bool{}}
	defer func() {
		if d.done+d.completed > 0 {
			j.Logger.InfoContext(ctx, "derived rows of an earlier version again",
				slog.String("service", j.Service), slog.Int("count", d.done), slog.Int("completed", d.completed))
		}
	}()
	for {
		rows, failed := j.derive(ctx, d)
		missing, unset := j.complete(ctx, d)
		swept := j.sweep(ctx)
		if err := errors.Join(failed, unset); err != nil || !rows && !missing {
			return errors.Join(swept, err, periodic.Join(d.errs))
		}
	}
}

// complete gives one portion of subjects what their worklist entries lack, and tells whether there may be
// more. It fails if the store fails.
func (j *Job[S]) complete(ctx context.Context, d *derivation) (more bool, err error) {
	// Subjects that cannot be read still come first in the order.
	limit := sweepBatch + len(d.unknown)
	subjects, err := j.Store.Incomplete(ctx, limit)
	if err != nil {
		return false, err
	}
	full := len(subjects) == limit
	subjects = slices.DeleteFunc(subjects, func(subject string) bool { return d.unknown[subject] })
	if len(subjects) == 0 {
		return false, nil
	}
	missing, err := j.Actions.Engine.Completions(ctx, subjects...)
	if err != nil {
		return false, err
	}
	for _, subject := range subjects {
		if !slices.ContainsFunc(missing, func(one journal.Completion) bool { return one.Subject == subject }) {
			d.unknown[subject] = true
		}
	}
	d.completed += len(missing)
	return full, j.Store.Complete(ctx, missing...)
}

// derive derives one portion, and tells whether there may be more. It fails if the store fails.
func (j *Job[S]) derive(ctx context.Context, d *derivation) (more bool, err error) {
	// Failed subjects still come first in the order.
	limit := sweepBatch + len(d.failed)
	stale, err := j.Store.Stale(ctx, limit)
	if err != nil {
		return false, err
	}
	full := len(stale) == limit
	stale = slices.DeleteFunc(stale, func(row journal.Stream) bool { return d.failed[row.Subject] })
	var together errgroup.Group
	together.SetLimit(deriveAtOnce)
	for _, row := range stale {
		together.Go(func() error {
			var derived bool
			err := periodic.Contain(func() (err error) {
				derived, err = j.deriveOne(ctx, row)
				return err
			})
			if errors.Is(err, journal.ErrUnreadable) {
				j.Actions.Engine.ReportUnreadable(ctx, row.Subject, err)
			}
			return d.add(row.Subject, derived, err)
		})
	}
	return full && len(stale) > 0, errors.Join(together.Wait(), ctx.Err())
}

// add records the result of one subject. It returns an error that is not specific to that subject.
func (d *derivation) add(subject string, derived bool, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case derived:
		d.done++
	case fault.ReasonOf(err) == fault.Unavailable && !errors.Is(err, journal.ErrUnreadable):
		return err
	case err != nil:
		d.failed[subject] = true
		d.errs = append(d.errs, fmt.Errorf("%s: derive: %w", subject, err))
	}
	return nil
}

func (j *Job[S]) deriveOne(ctx context.Context, row journal.Stream) (bool, error) {
	if other, is := j.other(row.Subject); is {
		return other.Derive(ctx, row)
	}
	return j.Actions.Engine.Derive(ctx, row)
}
