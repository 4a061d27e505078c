package rules

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Status returns the status of a concern as a reader sees it. A reporter without consent to hear how
// it goes on learns what became of its report and no more: of other parties it sees the agency only,
// and once the concern is taken it sees neither a due time nor a turn, but those of what the two sides
// asked each other. A new due time would reveal that an assessment began.
func Status(view Concern, reader matter.Reader) *commonv1.LoopStatus {
	if reader.Role == matter.RoleSender {
		view = view.asHeard()
	}
	if isSilent(reader) && view.taken() {
		return statusWith(view, reader, asked(view))
	}
	return statusWith(view, reader, next(view))
}

// statusBefore returns the status by the rules before matter.DueRules 1.
func statusBefore(view Concern, reader matter.Reader) *commonv1.LoopStatus {
	if isSilent(reader) && view.taken() && !view.holds() {
		return statusWith(view, reader, matter.Turn{})
	}
	return statusWith(view, reader, matter.Turn{Deadline: matter.Promised(dueBefore(view)), Of: next(view).Of})
}

// isSilent reports whether a reader is a reporter that does not hear how the concern goes on.
func isSilent(reader matter.Reader) bool {
	return reader.Role == matter.RoleSender && !reader.HearsBack
}

func statusWith(view Concern, reader matter.Reader, turn matter.Turn) *commonv1.LoopStatus {
	status := matter.WithoutBasis(matter.NewStatus(view.Head, Responsible(view), turn.Of, turn.Deadline), reader)
	if !isSilent(reader) {
		return status
	}
	return asSilent(status, reader.Agency)
}

// Responsible returns the party that is responsible: exactly one until the concern ends.
func Responsible(c Concern) *commonv1.Party {
	switch {
	case c.Ended():
		return nil
	case c.State == stateSubmitted, c.State == stateDeclined:
		return c.Sender
	case c.State == stateTriaged && c.Assigned == c.Holder:
		// Triage passes it to a unit's queue. A worker named there has yet to take it.
		return &commonv1.Party{Agency: c.Holder.GetAgency(), Unit: c.Holder.GetUnit()}
	default:
		return c.Holder
	}
}

// MayContact returns the party that may read contact data under a non-disclosure: the responsible
// one. An agency that forwarded a concern may read them, if at all, because of the concern that it
// still has, not because of the one that it passed on.
func MayContact(c Concern) *commonv1.Party {
	responsible := Responsible(c)
	if c.ForwardedFrom != "" && responsible.GetAgency() == c.Sender.GetAgency() {
		return nil
	}
	return responsible
}

// WorklistEntry returns the concern's entry in a reader's worklist.
func WorklistEntry(view Concern, reader matter.Reader) matter.WorklistEntry {
	holder := view.Holder
	if reader.Role == matter.RoleSender {
		holder = view.Sender
	}
	entry := matter.WorklistEntry{
		Unit: holder.GetUnit(), Worker: holder.GetWorker(), State: int32(view.Shown()), Urgency: view.Clock.Urgency,
		Touched: view.Clock.Touched,
		// The receiver works on the leading concern; a report that joined it is hidden, unless its reporter
		// waits for an answer.
		Hidden: reader.Role == matter.RoleReceiver && view.Lead != "" && !view.asks(matter.RoleSender),
	}
	if reader.Role == matter.RoleReceiver {
		entry.Second, entry.Marks = view.Second.GetWorker(), marks(view)
		entry.OnCall, entry.OnCallAt = view.OnCall.Unit.GetUnit(), view.OnCall.Since
	}
	return entry
}

// marks returns the marks of a concern in its receiver's worklist.
func marks(view Concern) int32 {
	marks := matter.MarkJudged(int32(view.Track), int32(view.SupportNeed))
	if view.IsRepeatedUnreached() {
		marks |= matter.MarkRepeatedUnreached
	}
	if view.EndedUnreached() {
		marks |= matter.MarkEndedUnreached
	}
	return marks
}

// Named returns the workers, beside the holder, who have a part in a concern.
func Named(view Concern) []*commonv1.Party { return []*commonv1.Party{view.Second} }

// Readers returns the agencies to which a concern is disclosed, the reporter first. Withdrawn says
// that the consent on which it rests is withdrawn, which also ends what the reporter hears.
func Readers(c Concern, withdrawn bool) []matter.Reader {
	consent := c.RestsOnConsent() && !withdrawn
	return []matter.Reader{
		{Agency: c.Sender.GetAgency(), Role: matter.RoleSender, Consent: consent, OnConsent: c.RestsOnConsent(), HearsBack: c.HearsBack && !withdrawn},
		{Agency: c.Receiver.GetAgency(), Role: matter.RoleReceiver, Consent: consent},
	}
}

// NextCheck returns when the clock must check a concern again; zero for never.
func NextCheck(history matter.History[Concern]) time.Time {
	next := matter.NextCheck(history, Status)
	if c := history.State; c.IsOpen() && !c.ClosesAt.IsZero() && (next.IsZero() || c.ClosesAt.Before(next)) {
		next = c.ClosesAt
	}
	if later := history.State.Later; len(later) > 0 && (next.IsZero() || later[0].GetAt().AsTime().Before(next)) {
		return later[0].GetAt().AsTime()
	}
	return next
}

// Overdue returns an event for each due time that has passed and was not yet recorded.
func Overdue(history matter.History[Concern], at time.Time) []matter.Event {
	return matter.Overdue(history, at, Status, func(c Concern, due *timestamppb.Timestamp) proto.Message {
		return &concernv1.ConcernOverdue{State: c.Shown(), DueAt: due, DueRules: matter.DueRules, InformationRequestId: c.LapsingAt(due.AsTime())}
	})
}

// Shared reports whether another agency than the given one takes part in a concern, by what the
// given agency is shown: the other reported it or has taken it.
func Shared(view Concern, agency string) bool {
	if view.State == stateDeclined {
		return false
	}
	if reporter := view.Sender.GetAgency(); reporter != agency {
		return reporter != ""
	}
	return view.taken() && view.Receiver.GetAgency() != agency
}
