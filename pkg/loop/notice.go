package loop

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// workingDaysToAcknowledge is how long holders of a copy have.
const workingDaysToAcknowledge = 3

// Notice is something that every holder of a copy must acknowledge: that a subject was
// entered in error, or that the consent on which it rests was withdrawn.
type Notice struct {
	At  time.Time
	By  *commonv1.Party
	Due time.Time
	// ByClient says that the client did it or confirmed it; By is absent then, and also
	// where it was done in the client's name by an agency of which the parties are not told.
	ByClient bool
	// Holders must acknowledge; Acknowledged says who did, and when.
	Holders      []string
	Acknowledged map[string]time.Time
	// LeftApart says that who had left is told nothing of the other holders.
	LeftApart bool
	// Erased tells that the keys of what was told before are destroyed, Overdue that the
	// due time was told to have passed.
	Erased, Overdue bool
}

func noticeOf(e Event, holders []string, due *timestamppb.Timestamp) Notice {
	return Notice{At: e.At, By: e.By, Holders: holders, Due: due.AsTime()}
}

// acknowledge notes that a holder has seen to its copy.
func (n *Notice) acknowledge(e Event) {
	acknowledged := map[string]time.Time{e.By.GetAgency(): e.At}
	maps.Copy(acknowledged, n.Acknowledged)
	n.Acknowledged = acknowledged
}

// Pending are the holders that have not acknowledged.
func (n Notice) Pending() []string {
	var pending []string
	for _, holder := range n.Holders {
		if _, done := n.Acknowledged[holder]; !done {
			pending = append(pending, holder)
		}
	}
	return pending
}

// Awaits tells whether an agency has yet to acknowledge.
func (n Notice) Awaits(agency string) bool { return slices.Contains(n.Pending(), agency) }

// Awaited is what an agency has yet to acknowledge of a subject; nil for nothing.
func (h Head) Awaited(agency string) *Notice {
	notice := &h.Withdrawal
	if h.IsRevoked() {
		notice = &h.Revocation.Notice
	}
	if !notice.Awaits(agency) {
		return nil
	}
	return notice
}

// NextCheck is when the clock must look at it again; zero for never.
func (n Notice) NextCheck() time.Time {
	switch {
	case n.At.IsZero():
		return time.Time{}
	case !n.Erased:
		return n.At
	case len(n.Pending()) > 0 && !n.Overdue:
		return n.Due
	default:
		return time.Time{}
	}
}

// isLate tells whether somebody is, and it was not told.
func (n Notice) isLate(at time.Time) bool {
	return len(n.Pending()) > 0 && !n.Overdue && !n.Due.After(at)
}

// holdersOf are the readers that must acknowledge what an agency says, and until when.
func holdersOf(readers []Reader, at time.Time, by ...string) ([]string, *timestamppb.Timestamp) {
	var holders []string
	for _, reader := range readers {
		if !slices.Contains(by, reader.Agency) {
			holders = append(holders, reader.Agency)
		}
	}
	return holders, timestamppb.New(EndOfWorkingDay(at, workingDaysToAcknowledge))
}

// NoticesDue are the events that the clock makes of a subject's notices: that the copies
// are erased, once they are, and that somebody is late.
func NoticesDue(h Head, at time.Time) []Event {
	var events []Event
	add := func(message proto.Message) { events = append(events, ByClock(h, at, message)) }
	if r := h.Revocation; h.IsRevoked() {
		if !r.Erased {
			add(&commonv1.CopiesErased{})
		}
		if r.isLate(at) {
			add(&commonv1.RevocationOverdue{Holders: r.Pending(), DueAt: timestamppb.New(r.Due)})
		}
		return events
	}
	if w := h.Withdrawal; h.IsWithdrawn() {
		if !w.Erased {
			add(&commonv1.CopiesErased{})
		}
		if w.isLate(at) {
			add(&commonv1.WithdrawalOverdue{Holders: w.Pending(), DueAt: timestamppb.New(w.Due)})
		}
	}
	return events
}
