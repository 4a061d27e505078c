package journal

import (
	"context"
	"time"
)

// Overviews counts what operators watch. It names loops and agencies, and nothing of what
// a loop is about.
type Overviews interface {
	// OpenMatters are those that have not ended, as their senders are shown them, by whose
	// turn it is and phase; at is the time at which due times have passed.
	OpenMatters(ctx context.Context, at time.Time) ([]OpenMatters, error)
	// Untouched counts what is urgent, past its due time at a time, and was touched by no person
	// of the receiver whose turn it is, as that receiver is shown it, by receiver and urgency.
	// What is hidden is not counted: it is worked on with another.
	Untouched(ctx context.Context, at time.Time) ([]Untouched, error)
	// Silent returns up to limit open loops in which something is past due: first those that
	// Untouched counts, an emergency before what is urgent, then the others, as their senders
	// are shown them; of each the longest due first.
	Silent(ctx context.Context, at time.Time, limit int) ([]Silent, error)
	// Readers are all consumers of all mailboxes, and how far behind each is.
	Readers(ctx context.Context) ([]ReaderLag, error)
}

// OpenMatters are the open loops of one phase in which it is one agency's turn.
type OpenMatters struct {
	WaitingOn string
	Phase     int32
	// Streams, and those of them in which something is past due.
	Streams, Overdue int64
	// Untouched are those of them that Overviews.Untouched counts.
	Untouched int64
	// Oldest is when the first of them was started.
	Oldest time.Time
}

// Untouched is what is urgent and waits for one agency past its due time, touched by nobody.
type Untouched struct {
	WaitingOn string
	// Urgency is the number of koppi.common.v1.Urgency: EMERGENCY or URGENT.
	Urgency int32
	Streams int64
}

// Silent is an open loop in which something is past due.
type Silent struct {
	Subject string
	// Sender is the agency that sent it; empty where it is shown it no more.
	Sender, WaitingOn string
	Phase             int32
	// DueAt of the receiver where Urgency is set, else of the sender; zero where none is.
	DueAt, StartedAt time.Time
	// Urgency where it is urgent and no person has touched it; else 0.
	Urgency int32
}

// Others are silent loops behind those that come first, up to limit, each once.
func Others(first, others []Silent, limit int) []Silent {
	known := map[string]bool{}
	for _, one := range first {
		known[one.Subject] = true
	}
	for _, one := range others {
		if !known[one.Subject] && len(first) < limit {
			first = append(first, one)
		}
	}
	return first
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
