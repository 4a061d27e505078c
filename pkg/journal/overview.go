package journal

import (
	"context"
	"time"
)

// Overviews counts what operators watch. It names streams and agencies, and none of their content.
type Overviews interface {
	// OpenMatters counts the matters that have not ended, as their senders are shown them, by the
	// agency whose turn it is and by phase. A matter is overdue when its due time is past at the
	// given time.
	OpenMatters(ctx context.Context, at time.Time) ([]OpenMatters, error)
	// Untouched counts the urgent matters that are past their due time at the given time and that
	// no person at the receiver has handled, by receiver and urgency. It is the receiver's turn in
	// them, and due time and urgency are those that the receiver is shown. Hidden matters are not
	// counted, because they are handled together with another.
	Untouched(ctx context.Context, at time.Time) ([]Untouched, error)
	// Silent returns up to limit open streams in which something is past due. First come those that
	// Untouched counts, emergencies before urgent ones, then the others, as their senders are shown
	// them. Within each group the longest overdue comes first.
	Silent(ctx context.Context, at time.Time, limit int) ([]Silent, error)
	// Readers returns all consumers of all mailboxes, and how far behind each is.
	Readers(ctx context.Context) ([]ReaderLag, error)
}

// OpenMatters counts the open streams of one phase in which it is the turn of one agency.
type OpenMatters struct {
	WaitingOn string
	Phase     int32
	// Streams counts all of them, Overdue those in which something is past due.
	Streams, Overdue int64
	// Untouched counts those that Overviews.Untouched counts.
	Untouched int64
	// Oldest is the start of the oldest of them.
	Oldest time.Time
}

// Untouched counts the matters of one urgency that wait for one agency past their due time and that
// no person there has handled.
type Untouched struct {
	WaitingOn string
	// Urgency is the number of koppi.common.v1.Urgency: EMERGENCY or URGENT.
	Urgency int32
	Streams int64
}

// Silent is an open stream in which something is past due.
type Silent struct {
	Subject string
	// Sender is the agency that sent the matter; empty where it is no longer shown to the sender.
	Sender, WaitingOn string
	Phase             int32
	// DueAt is the receiver's due time where Urgency is set, else the sender's; zero where there is
	// none.
	DueAt, StartedAt time.Time
	// Urgency is set where the matter is urgent and no person has handled it; else 0.
	Urgency int32
}

// Others appends the streams of others to first, each stream once, until there are limit of them.
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
	// Head is the last sequence of the mailbox, Acknowledged that of the consumer.
	Head, Acknowledged uint64
	// At is when the consumer last acknowledged; before its first acknowledgement, when it was last opened.
	At time.Time
	// Next is the id of the event whose message the consumer is to acknowledge next; empty where it
	// has acknowledged all. The id is a UUIDv7, so that it shows since when the message waits.
	Next string
}

// Behind returns the number of messages that the consumer has not acknowledged.
func (r ReaderLag) Behind() uint64 {
	if r.Head <= r.Acknowledged {
		return 0
	}
	return r.Head - r.Acknowledged
}
