package overview

import (
	"context"
	"time"

	"koppi.internal/pkg/matter"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// daysUnreviewed is for how many days after its last use an unreviewed ground is listed.
const daysUnreviewed = 30

// unreviewed returns the grounds on which this service sent something within the last days although no
// lawyer had accepted them, and that none has accepted since.
func (o *Overview) unreviewed(ctx context.Context, now time.Time) ([]*operatorv1.UnreviewedGround, error) {
	last := now.In(matter.Helsinki())
	first := last.AddDate(0, 0, -daysUnreviewed)
	var all []*operatorv1.UnreviewedGround
	for _, row := range o.Grounds.Table().Unreviewed(now) {
		used, err := o.used(ctx, row.Key, first, last)
		if err != nil {
			return nil, err
		}
		if used {
			all = append(all, &operatorv1.UnreviewedGround{Key: row.Key, Provision: row.Provision, Doubts: row.Doubts})
		}
	}
	return all, nil
}

// used reports whether something was sent on a ground that was not reviewed then, between two days.
func (o *Overview) used(ctx context.Context, key string, first, last time.Time) (bool, error) {
	from, until := matter.CountUnreviewed(key, first.Format(time.DateOnly)), matter.CountUnreviewed(key, last.Format(time.DateOnly))
	for month, end := matter.Month(first), matter.Month(last); ; {
		used, err := o.Counters.Counted(ctx, month, string(from), string(until))
		if used || err != nil || month >= end {
			return used, err
		}
		if month, err = matter.NextMonth(month); err != nil {
			return false, err
		}
	}
}
