package journal

import (
	"context"
	"errors"
	"time"
)

// ErrHeld says that a retention hold forbids to destroy anything of the subject.
var ErrHeld = errors.New("journal: the subject is held")

// Retention finds the subjects that have ended, destroys the keys of those whose retention time is
// over, and keeps the holds that prevent it.
type Retention interface {
	// Ended returns subjects by their end, the earliest first. It leaves out those with a hold.
	Ended(ctx context.Context, query EndedQuery) ([]Ended, error)

	// Expire destroys keys of a subject, as Erase does. It must refuse a subject with a hold with
	// ErrHeld. With the document's key, Expire also removes the due time and the worklist entries:
	// nothing is left to act upon, nor to derive the rows from.
	Expire(ctx context.Context, expiry Expiry) error

	// Destroyed returns the subjects whose document key was destroyed, in byte order. It includes
	// those that the journal itself shows as not destroyed because it was restored to an earlier
	// time.
	Destroyed(ctx context.Context) ([]string, error)

	// Subjects returns the subjects of a client, by internal id, in byte order.
	Subjects(ctx context.Context, client string) ([]string, error)

	// Hold prevents the expiry of a subject; ErrNotFound where there is no such subject. A subject
	// may have several holds.
	Hold(ctx context.Context, hold RetentionHold) error

	// Release ends all holds of a subject; ErrNotFound where there are none. The store keeps who
	// ended them and when.
	Release(ctx context.Context, subject, by string, at time.Time) error

	// Holds returns the holds that are in force, by subject and time.
	Holds(ctx context.Context) ([]RetentionHold, error)
}

// EndedQuery selects subjects that have ended.
type EndedQuery struct {
	// Expired is the retention term, in years, that was last recorded for the subjects; 0 where
	// none was.
	Expired int
	// Before keeps the subjects that ended at or before this time.
	Before time.Time
	// After continues after a subject that was returned; nil starts at the beginning.
	After *Ended
	// Limit is the most rows returned.
	Limit int
}

// Ended is a subject that has ended. A later event does not move its end.
type Ended struct {
	Subject string
	At      time.Time
}

// Expiry says which keys of a subject are destroyed.
type Expiry struct {
	Subject string
	// Classes are those of the keys; all where none is named.
	Classes []Class
	// Years is the retention term to record: the keys of its classes have been destroyed. 0 records
	// none.
	Years int
	// ReleaseBut releases all unique keys of the subject except those with this prefix, since a key
	// that an expired subject holds would never become free. Empty releases none.
	ReleaseBut string
}

// RetentionHold says why a subject is kept whatever its age. Reason is stored in the clear and must
// hold no personal data.
type RetentionHold struct {
	Subject, Reason, By string
	At                  time.Time
}

// EndOf returns the time of the last event of a subject in a batch's events.
func EndOf(events []Event, subject string) time.Time {
	var end time.Time
	for _, event := range events {
		if event.Subject == subject {
			end = event.At
		}
	}
	return end
}
