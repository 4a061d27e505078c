// Package retention destroys the keys of data whose retention term is over.
package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/periodic"
)

// Term is how long data of some classes are kept.
type Term struct {
	// Years from the end of the subject, by the calendar in Helsinki.
	Years   int
	Classes []journal.Class
}

// Terms are the retention terms of all classes, the shortest first. Each subject passes them in
// this order. If a term is later added between them, it applies to the subjects that have not
// passed a longer one.
var Terms = []Term{
	{3, []journal.Class{journal.ClassCorrespondence, journal.ClassConsent, journal.ClassNotice}},
	{10, []journal.Class{journal.ClassDocument, journal.ClassIdentity}},
}

// Ends returns when the term of a subject that ended is over: that many years later, at the same
// time of day. For an end on 29 February this is 1 March.
func (t Term) Ends(ended time.Time) time.Time {
	return ended.In(matter.Helsinki()).AddDate(t.Years, 0, 0)
}

// before returns a time at or before which every subject ended whose term is over. It is two days
// later than necessary, because calendar arithmetic is not exact in reverse.
func (t Term) before(now time.Time) time.Time {
	return now.In(matter.Helsinki()).AddDate(-t.Years, 0, 2)
}

// RequestKeys is the prefix of the unique keys of request_ids. These stay when a subject is
// erased, so that a repeated request does not create again what was erased.
const RequestKeys = "request/"

const (
	expireEvery = time.Hour
	expireBatch = 100
)

// Job destroys the keys of data whose retention term is over.
type Job struct {
	Service string
	// Retention finds and destroys them; nil if nothing is destroyed.
	Retention journal.Retention
	// Forget makes the attachment store check again whether any subject names the attachments of
	// one that expires.
	Forget func(ctx context.Context, subject string) error
	Clock  clock.Clock
	Logger *slog.Logger
}

// Run destroys what has expired, every hour, until the context ends.
func (j *Job) Run(ctx context.Context) {
	periodic.Job{
		Name: "retention job failed", Every: expireEvery, Level: slog.LevelError, Logger: j.Logger, About: []slog.Attr{slog.String("service", j.Service)},
		Do: j.Expire,
	}.Run(ctx)
}

// Expire destroys what has expired by now.
func (j *Job) Expire(ctx context.Context) error {
	if j.Retention == nil {
		return nil
	}
	now, passed := j.Clock.Now(), 0
	for _, term := range Terms {
		if err := j.expireTerm(ctx, term, passed, now); err != nil {
			return err
		}
		passed = term.Years
	}
	return nil
}

func (j *Job) expireTerm(ctx context.Context, term Term, passed int, now time.Time) error {
	query := journal.EndedQuery{Expired: passed, Before: term.before(now), Limit: expireBatch}
	// A subject that cannot be expired does not block the others: the next run tries it again.
	var errs []error
	for {
		ended, err := j.Retention.Ended(ctx, query)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for i := range ended {
			if now.Before(term.Ends(ended[i].At)) {
				return periodic.Join(errs)
			}
			if err := periodic.Contain(func() error { return j.expireOne(ctx, term, ended[i].Subject) }); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", ended[i].Subject, err))
			}
			query.After = &ended[i]
		}
		if len(ended) < expireBatch {
			return periodic.Join(errs)
		}
	}
}

func (j *Job) expireOne(ctx context.Context, term Term, subject string) error {
	if slices.Contains(term.Classes, journal.ClassDocument) {
		// The attachments go with the subject: once its key is destroyed, nobody can tell which
		// they were.
		if err := j.Forget(ctx, subject); err != nil {
			return err
		}
	}
	err := j.Retention.Expire(ctx, journal.Expiry{Subject: subject, Classes: term.Classes, Years: term.Years})
	if errors.Is(err, journal.ErrHeld) {
		return nil
	}
	return err
}
