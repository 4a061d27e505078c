package matter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
)

// Term is how long what is of some classes is kept.
type Term struct {
	// Years from the subject's end, by the calendar in Helsinki.
	Years   int
	Classes []journal.Class
}

// Terms are those of all classes, the shortest first. Each subject passes them in this
// order: one that is put between later is passed by those that are not beyond it.
var Terms = []Term{
	{3, []journal.Class{journal.ClassCorrespondence, journal.ClassConsent, journal.ClassNotice}},
	{10, []journal.Class{journal.ClassDocument, journal.ClassIdentity}},
}

// Ends is when what is of a subject that ended has been kept for the term: at the time
// of its end, so many years later. What ended on 29 February is kept until 1 March.
func (t Term) Ends(ended time.Time) time.Time {
	return ended.In(loop.Helsinki()).AddDate(t.Years, 0, 0)
}

// before is a time at or before which everything ended whose term has: a little later
// than the last of them, since calendars do not run backwards.
func (t Term) before(now time.Time) time.Time {
	return now.In(loop.Helsinki()).AddDate(-t.Years, 0, 2)
}

// RequestClaims begins the claims of request_ids, which stay when a subject is erased: a
// request that is sent again must not make anew what was erased.
const RequestClaims = "request/"

const (
	expireEvery = time.Hour
	expireBatch = 100
)

// expiries destroys the keys of what has been kept long enough.
func (k *Kernel[S]) expiries(ctx context.Context) {
	ticker := time.NewTicker(expireEvery)
	defer ticker.Stop()
	for {
		if err := k.expire(ctx); err != nil && ctx.Err() == nil {
			k.Logger.ErrorContext(ctx, "retention sweep", slog.String("service", k.config.Rules.Service), slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (k *Kernel[S]) expire(ctx context.Context) error {
	if k.Retention == nil {
		return nil
	}
	now, passed := k.Now(), 0
	for _, term := range Terms {
		if err := k.expireTerm(ctx, term, passed, now); err != nil {
			return err
		}
		passed = term.Years
	}
	return nil
}

func (k *Kernel[S]) expireTerm(ctx context.Context, term Term, passed int, now time.Time) error {
	query := journal.EndedQuery{Expired: passed, Before: term.before(now), Limit: expireBatch}
	// What cannot be expired keeps nothing else from it: the next time tries it again.
	var errs []error
	for {
		ended, err := k.Retention.Ended(ctx, query)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for i := range ended {
			if now.Before(term.Ends(ended[i].At)) {
				return tooMany(errs)
			}
			if err := contained(func() error { return k.expireOne(ctx, term, ended[i].Subject) }); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", ended[i].Subject, err))
			}
			query.After = &ended[i]
		}
		if len(ended) < expireBatch {
			return tooMany(errs)
		}
	}
}

func (k *Kernel[S]) expireOne(ctx context.Context, term Term, subject string) error {
	if slices.Contains(term.Classes, journal.ClassDocument) {
		// Its papers go with it: once the key is destroyed nobody can tell which they were.
		if err := k.forgetPapers(ctx, subject); err != nil {
			return err
		}
	}
	err := k.Retention.Expire(ctx, journal.Expiry{Subject: subject, Classes: term.Classes, Years: term.Years})
	if errors.Is(err, journal.ErrHeld) {
		return nil
	}
	return err
}
