package journal

import (
	"context"
	"time"
)

// Overviews counts what operators watch. It names loops and agencies, and nothing of what
// a loop is about.
type Overviews interface {
	// OpenLoops are those that have not ended, as their senders are shown them, by whose
	// turn it is and phase.
	OpenLoops(ctx context.Context) ([]OpenLoops, error)
	// Silent returns up to limit open loops in which something is past due, as their
	// senders are shown them, the longest due first.
	Silent(ctx context.Context, limit int) ([]Standing, error)
	// Readers are all consumers of all mailboxes, and how far behind each is.
	Readers(ctx context.Context) ([]ReaderLag, error)
}

// OpenLoops are the open loops of one phase in which it is one agency's turn.
type OpenLoops struct {
	WaitingOn string
	Phase     int32
	// Loops, and those of them in which something is past due.
	Loops, Overdue int64
	// Oldest is when the first of them was started.
	Oldest time.Time
}

// ReaderLag is how far a consumer is behind its mailbox.
type ReaderLag struct {
	Agency, Consumer string
	// Head is the mailbox's last sequence, Acknowledged the consumer's.
	Head, Acknowledged uint64
	// At is when it last acknowledged, or was opened.
	At time.Time
	// Next is the event whose message it is to acknowledge next; empty where it has all.
	// Its id tells since when: it is a UUIDv7.
	Next string
}

// Behind is how many messages the consumer has not acknowledged.
func (r ReaderLag) Behind() uint64 {
	if r.Head <= r.Acknowledged {
		return 0
	}
	return r.Head - r.Acknowledged
}
