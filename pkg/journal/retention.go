package journal

import (
	"context"
	"errors"
	"time"
)

// ErrHeld says that nothing of the subject may be destroyed now.
var ErrHeld = errors.New("journal: the subject is held")

// Retention is what ends, what is destroyed when it has been kept long enough, and
// what is held although it has.
type Retention interface {
	// Ended returns subjects by their end, the earliest first. Held ones are left out.
	Ended(ctx context.Context, query EndedQuery) ([]Ended, error)

	// Expire destroys keys of a subject, as Erase does. It must refuse one that is held
	// with ErrHeld. With the key of its document go its due time and its place in
	// worklists: there is nothing left to act on, nor to derive its rows from.
	Expire(ctx context.Context, expiry Expiry) error

	// Destroyed are subjects whose document's key was destroyed, in byte order: also those
	// of which the journal does not know it, since it was restored to a time before.
	Destroyed(ctx context.Context) ([]string, error)

	// Subjects are those of a client, by inner id, in byte order.
	Subjects(ctx context.Context, client string) ([]string, error)

	// Hold keeps a subject from being expired; ErrNotFound where there is none. It may
	// be held more than once.
	Hold(ctx context.Context, hold RetentionHold) error

	// Release ends all holds of a subject; ErrNotFound where there is none. Who ended
	// them and when is kept.
	Release(ctx context.Context, subject, by string, at time.Time) error

	// Holds are those that stand, by subject and time.
	Holds(ctx context.Context) ([]RetentionHold, error)
}

// EndedQuery selects subjects that ended.
type EndedQuery struct {
	// Expired is the term of years that was last noted of them; 0 where none was.
	Expired int
	// Before is the time at or before which they ended.
	Before time.Time
	// After continues behind one that was returned; nil starts.
	After *Ended
	// Limit is the most rows returned.
	Limit int
}

// Ended is a subject that ended. What is added to it afterwards does not move its end.
type Ended struct {
	Subject string
	At      time.Time
}

// Expiry says what is destroyed of a subject.
type Expiry struct {
	Subject string
	// Classes of the keys; all where none is named.
	Classes []Class
	// Years is the term that is noted: that its classes are done with. 0 notes none.
	Years int
	// ReleaseBut has all claims of the subject released but those that begin so: what it
	// holds would else be held for good. Empty releases none.
	ReleaseBut string
}

// RetentionHold is why a subject is kept, whatever its age. Reason is kept in the clear and
// must hold no personal data.
type RetentionHold struct {
	Subject, Reason, By string
	At                  time.Time
}

// EndOf is the time of the last of a batch's events of a subject.
func EndOf(events []Event, subject string) time.Time {
	var end time.Time
	for _, event := range events {
		if event.Subject == subject {
			end = event.At
		}
	}
	return end
}
