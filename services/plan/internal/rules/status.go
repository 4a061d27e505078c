package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Status is the loop's status of a plan, the same for every member: the turn is that of
// whoever owns the earliest open item, and it is overdue while any is.
func Status(view Plan, _ loop.Reader) *commonv1.LoopStatus {
	items := view.Items()
	if len(items) == 0 {
		return loop.NewStatus(view.Head, nil, nil, loop.Deadline{})
	}
	status := loop.NewStatus(view.Head, view.Plan.GetResponsible(), items[0].Owner, loop.Deadline{At: items[0].Due})
	status.Overdue = slices.ContainsFunc(items, view.isLate)
	return status
}

// WorklistEntry is the plan's place in a member's worklist: at the worker who answers for
// it, and at the other agencies' units.
func WorklistEntry(view Plan, reader loop.Reader) loop.WorklistEntry {
	standing := loop.WorklistEntry{State: int32(view.Plan.GetState())}
	if named := view.Plan.GetResponsible(); named.GetAgency() == reader.Agency {
		standing.Unit, standing.Worker = named.GetUnit(), named.GetWorker()
		return standing
	}
	for _, member := range view.Plan.GetMembers() {
		if member.GetParty().GetAgency() == reader.Agency {
			standing.Unit = member.GetParty().GetUnit()
		}
	}
	return standing
}

// Readers are the agencies that a plan is told to: its creator's and its members'. Who
// has left, or said no, is told no more, but that it was entered in error, or its consent
// withdrawn.
func Readers(p Plan, withdrawn bool) []loop.Reader {
	readers := []loop.Reader{{Agency: p.Sender.GetAgency(), Role: loop.RoleSender}}
	for _, member := range p.Plan.GetMembers() {
		agency := member.GetParty().GetAgency()
		if !slices.ContainsFunc(readers, func(r loop.Reader) bool { return r.Agency == agency }) {
			readers = append(readers, loop.Reader{Agency: agency, Role: loop.RoleParticipant})
		}
	}
	for i := range readers {
		readers[i].Gone = !p.IsRevoked() && !isMember(p.Plan, readers[i].Agency)
	}
	return p.OnGround(readers, withdrawn)
}

// NextCheck is the earliest due time that was not told to have passed.
func NextCheck(history loop.History[Plan]) time.Time {
	for _, item := range history.State.Items() {
		if !history.State.isLate(item) {
			return item.Due
		}
	}
	return time.Time{}
}

// Overdue records the items whose due times have passed, once each.
func Overdue(history loop.History[Plan], at time.Time) []loop.Event {
	var events []loop.Event
	for _, item := range history.State.Items() {
		if !item.Due.After(at) && !history.State.isLate(item) {
			events = append(events, loop.ByClock(history.State.Head, at, &planv1.PlanOverdue{What: item.What, DueAt: timestamppb.New(item.Due)}))
		}
	}
	return events
}

// Shared tells whether another agency than the given has joined a plan: one that it made and
// only invited others to is its own alone.
func Shared(view Plan, agency string) bool {
	return slices.ContainsFunc(view.Plan.GetMembers(), func(m *planv1.Member) bool {
		return m.GetState() == planv1.MemberState_MEMBER_STATE_JOINED && m.GetParty().GetAgency() != agency
	})
}
