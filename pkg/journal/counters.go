package journal

import (
	"context"
	"time"
)

// Taken is the name of the counter that ends a stream's waiting time; Waits reads it.
const Taken = "taken"

// Counter is one thing that is counted of a subject. It names no person and is not sealed, so
// that the counts outlive the keys.
type Counter struct {
	Subject string
	// What names the counted thing, such as "sent". Each is counted once for a subject, the first
	// time.
	What string
	// Month is when it happened, such as "2026-11".
	Month string
	// Sender and Receiver are agencies; Receiver may be empty.
	Sender, Receiver string
	At               time.Time
	// Waited is the time since the subject's start, to the second; set for Taken only.
	Waited time.Duration
}

// Counters reads what statistics count.
type Counters interface {
	// FirstMonth returns the first month in which anything was counted; empty when nothing was.
	FirstMonth(ctx context.Context) (string, error)
	// Counts returns how many subjects were counted in a month, by what, sender and receiver.
	Counts(ctx context.Context, month string) ([]CounterSum, error)
	// Counted reports whether anything was counted in a month under a name from the first to the last.
	Counted(ctx context.Context, month, first, last string) (bool, error)
	// Waits returns the waiting times of the subjects that were taken in a month, in the order in
	// which they were taken.
	Waits(ctx context.Context, month string) ([]CounterWait, error)
	// Encounters returns the clients of events at or after from and before to, with the party that
	// acted. Each pair comes once.
	Encounters(ctx context.Context, from, to time.Time) ([]Encounter, error)
}

// CounterSum is the number of subjects of which one thing was counted.
type CounterSum struct {
	What, Sender, Receiver string
	Subjects               int64
}

// CounterWait is how long one subject waited to be taken.
type CounterWait struct {
	Sender, Receiver string
	Waited           time.Duration
}

// Encounter is a client, by internal id, and the party that acted in one of the client's matters,
// as a serialized koppi.common.v1.Party.
type Encounter struct {
	Client string
	By     []byte
}
