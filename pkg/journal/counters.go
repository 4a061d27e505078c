package journal

import (
	"context"
	"time"
)

// Taken is what Waits are of: the name of the tally that ends a loop's wait.
const Taken = "taken"

// Counter is one thing that is counted of a subject. It names nobody and is not sealed,
// so that what was counted outlives the keys.
type Counter struct {
	Subject string
	// What is counted, such as "sent"; a subject is counted once for each, the first
	// time.
	What string
	// Month in which it happened, such as "2026-11".
	Month string
	// Sender and Receiver are agencies; there may be no receiver.
	Sender, Receiver string
	At               time.Time
	// Waited since the subject's start, to the second; of Taken alone.
	Waited time.Duration
}

// Counters reads what was counted.
type Counters interface {
	// FirstMonth is the first in which anything was counted; empty for none.
	FirstMonth(ctx context.Context) (string, error)
	// Counts are the subjects counted in a month, by what, sender and receiver.
	Counts(ctx context.Context, month string) ([]CounterSum, error)
	// Waits are those of what was taken in a month, in the order of taking.
	Waits(ctx context.Context, month string) ([]CounterWait, error)
	// Encounters are the clients of events from a time until before another, and who
	// acted, each pair once.
	Encounters(ctx context.Context, from, to time.Time) ([]Encounter, error)
}

// CounterSum is how many subjects something was counted of.
type CounterSum struct {
	What, Sender, Receiver string
	Subjects               int64
}

// CounterWait is how long one subject waited to be taken.
type CounterWait struct {
	Sender, Receiver string
	Waited           time.Duration
}

// Encounter is a client, by inner id, and a serialized koppi.common.v1.Party that acted in
// a matter of the client's.
type Encounter struct {
	Client string
	By     []byte
}
