package matter

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// workingDaysToAcknowledge is the number of working days that a holder of a copy has to
// acknowledge.
const workingDaysToAcknowledge = 3

// Notice is something that every holder of a copy must acknowledge: that a matter was entered in
// error, or that the consent on which it rests was withdrawn.
type Notice struct {
	At  time.Time
	By  *commonv1.Party
	Due time.Time
	// ByClient says that the client gave the notice or confirmed it; then By is nil. By is also nil
	// if an agency gave it in the client's name and the parties may not know of that agency.
	ByClient bool
	// Holders are the agencies that must acknowledge; Acknowledged says which have, and when.
	Holders      []string
	Acknowledged map[string]time.Time
	// LeftApart says that readers that had left see nothing of the other holders.
	LeftApart bool
	// Erased says that the keys of what was disclosed before are destroyed, Overdue that the due
	// time was recorded as passed.
	Erased, Overdue bool
}

func noticeOf(e Event, holders []string, due *timestamppb.Timestamp) Notice {
	return Notice{At: e.At, By: e.By, Holders: holders, Due: due.AsTime()}
}

// acknowledge notes that a holder has dealt with its copy.
func (n *Notice) acknowledge(e Event) {
	acknowledged := map[string]time.Time{e.By.GetAgency(): e.At}
	maps.Copy(acknowledged, n.Acknowledged)
	n.Acknowledged = acknowledged
}

// Pending returns the holders that have not acknowledged.
func (n Notice) Pending() []string {
	var pending []string
	for _, holder := range n.Holders {
		if _, done := n.Acknowledged[holder]; !done {
			pending = append(pending, holder)
		}
	}
	return pending
}

// Awaits reports whether an agency has yet to acknowledge.
func (n Notice) Awaits(agency string) bool { return slices.Contains(n.Pending(), agency) }

// Awaited returns the notice of a matter that an agency has yet to acknowledge; nil if there is
// none.
func (h Head) Awaited(agency string) *Notice {
	notices := h.Withdrawals()
	if h.IsRevoked() {
		notices = []Notice{h.Revocation.Notice}
	}
	at := slices.IndexFunc(notices, func(one Notice) bool { return one.Awaits(agency) })
	if at < 0 {
		return nil
	}
	return &notices[at]
}

// NextNotice returns when a matter's notices need the next event by the clock; zero for never.
func (h Head) NextNotice() time.Time {
	if h.IsRevoked() {
		return h.Revocation.NextCheck()
	}
	var next time.Time
	for _, one := range h.Withdrawals() {
		if check := one.NextCheck(); next.IsZero() || !check.IsZero() && check.Before(next) {
			next = check
		}
	}
	return next
}

// NextCheck returns when the notice needs the next event by the clock; zero for never.
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

// isLate reports whether a holder is late and this was not yet recorded.
func (n Notice) isLate(at time.Time) bool {
	return len(n.Pending()) > 0 && !n.Overdue && !n.Due.After(at)
}

// holdersOf returns the agencies that must acknowledge a notice, without the agencies by that gave
// it, and the end of the time that they have.
func holdersOf(readers []Reader, at time.Time, by ...string) ([]string, *timestamppb.Timestamp) {
	var holders []string
	for _, reader := range readers {
		if !slices.Contains(by, reader.Agency) {
			holders = append(holders, reader.Agency)
		}
	}
	return holders, timestamppb.New(acknowledgedBy(at))
}

// acknowledgedBy returns the end of the time to acknowledge a notice.
func acknowledgedBy(at time.Time) time.Time { return EndOfWorkingDay(at, workingDaysToAcknowledge) }

// NoticesDue returns the events that the clock adds to a matter's notices: that the copies are
// erased, and that a holder is late.
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
	withdrawals := h.Withdrawals()
	if slices.ContainsFunc(withdrawals, func(one Notice) bool { return !one.Erased }) {
		add(&commonv1.CopiesErased{})
	}
	// What is due at the same time is recorded as late together.
	late := map[time.Time]*commonv1.WithdrawalOverdue{}
	for _, one := range withdrawals {
		switch known := late[one.Due]; {
		case !one.isLate(at):
		case known != nil:
			known.Holders = append(known.Holders, one.Pending()...)
		default:
			late[one.Due] = &commonv1.WithdrawalOverdue{Holders: one.Pending(), DueAt: timestamppb.New(one.Due)}
			add(late[one.Due])
		}
	}
	return events
}

// IsNotice reports whether a message remains after the content of its matter is erased: messages
// about a revocation or a withdrawn consent do.
func IsNotice(message proto.Message) bool {
	switch message.(type) {
	case *commonv1.EnteredInError, *commonv1.RevocationAcknowledged, *commonv1.RevocationOverdue,
		*commonv1.ConsentWithdrawn, *commonv1.WithdrawalAcknowledged, *commonv1.WithdrawalOverdue:
		return true
	default:
		return false
	}
}

// DiscloseNotice returns a notice as a reader may see it, given the reader's view so far; false if
// the reader may not see it. All parties see the same, and of other parties the agency only. A
// reader that had left the matter sees what concerns its own copy: it may not know who joined later
// or what the others acknowledge (621/1999 § 24). Whoever was not told of a withdrawal does not learn
// of it by its acknowledgement. Apart is Notice.LeftApart of the matter's notice: before that field
// existed all readers saw all acknowledgements, and the mailboxes count those messages.
func DiscloseNotice(view Head, e Event, reader Reader, apart bool) (Event, bool) {
	e.By = AgencyAlone(e.By, reader.Agency)
	own := e.By.GetAgency() == reader.Agency
	shown := !reader.Left || !apart || own
	switch m := e.Message.(type) {
	case *commonv1.ConsentWithdrawn:
		m = proto.CloneOf(m)
		m.LeftApart, m.Holders = false, holdersFor(m.GetHolders(), reader)
		// A reader that had left is told of the end of its own consent alone.
		e.Message, shown = m, !reader.Left || reader.OnConsent && (reader.Share == "" || len(m.GetHolders()) > 0)
	case *commonv1.WithdrawalAcknowledged:
		shown = shown && view.wasToldOf(e.By.GetAgency())
	case *commonv1.EnteredInError:
		m = proto.CloneOf(m)
		m.LeftApart, m.Holders = false, holdersFor(m.GetHolders(), reader)
		e.Message, shown = m, true
	case *commonv1.WithdrawalOverdue:
		m = proto.CloneOf(m)
		m.Holders = slices.DeleteFunc(holdersFor(m.GetHolders(), reader), func(agency string) bool { return !view.wasToldOf(agency) })
		e.Message, shown = m, shown && view.IsWithdrawn() || len(m.GetHolders()) > 0
	case *commonv1.RevocationOverdue:
		m = proto.CloneOf(m)
		m.Holders = holdersFor(m.GetHolders(), reader)
		e.Message, shown = m, shown || len(m.GetHolders()) > 0
	}
	if reader.Left && apart && !own && e.By.GetAgency() != view.Sender.GetAgency() {
		e.By = nil
	}
	return e, shown
}

// wasToldOf reports whether a view shows that an agency must acknowledge a withdrawal. What is recorded
// of the withdrawal of a whole matter is shown to everybody who was told of that.
func (h Head) wasToldOf(agency string) bool { return h.IsWithdrawn() || h.HoldsWithdrawn(agency) }

// holdersFor returns the holders that a reader may see.
func holdersFor(holders []string, reader Reader) []string {
	if !reader.Left {
		return holders
	}
	var own []string
	for _, holder := range holders {
		if holder == reader.Agency {
			own = append(own, holder)
		}
	}
	return own
}
