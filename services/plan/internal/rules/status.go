package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Status returns the status of a plan, the same for every member. The turn is that of the owner of
// the earliest open item, and the plan is overdue while any item is.
func Status(view Plan, _ matter.Reader) *commonv1.LoopStatus {
	items := view.Items()
	if len(items) == 0 {
		return matter.NewStatus(view.Head, nil, nil, matter.Deadline{})
	}
	status := matter.NewStatus(view.Head, view.Plan.GetResponsible(), items[0].Owner, matter.Deadline{At: items[0].Due})
	status.Overdue = slices.ContainsFunc(items, view.isLate)
	return status
}

// WorklistEntry returns the plan's entry in a member's worklist: with the worker who answers for
// it, or with the unit of another agency.
func WorklistEntry(view Plan, reader matter.Reader) matter.WorklistEntry {
	entry := matter.WorklistEntry{State: int32(view.Plan.GetState())}
	if named := view.Plan.GetResponsible(); named.GetAgency() == reader.Agency {
		entry.Unit, entry.Worker = named.GetUnit(), named.GetWorker()
		return entry
	}
	for _, member := range view.Plan.GetMembers() {
		if member.GetParty().GetAgency() == reader.Agency {
			entry.Unit = member.GetParty().GetUnit()
		}
	}
	return entry
}

// Readers returns the agencies to which a plan is disclosed: its creator's and its members'. An
// agency that has left or declined sees only that the plan was entered in error or the consent on which
// it has the plan withdrawn.
func Readers(p Plan, withdrawn bool) []matter.Reader {
	readers := []matter.Reader{{Agency: p.Sender.GetAgency(), Role: matter.RoleSender}}
	for _, member := range p.Plan.GetMembers() {
		agency := member.GetParty().GetAgency()
		if !slices.ContainsFunc(readers, func(r matter.Reader) bool { return r.Agency == agency }) {
			readers = append(readers, matter.Reader{Agency: agency, Role: matter.RoleParticipant})
		}
	}
	for i := range readers {
		readers[i].Gone = !p.IsRevoked() && !isMember(p.Plan, readers[i].Agency)
	}
	if p.OnDuty {
		return p.onOwnGround(readers, withdrawn)
	}
	return p.OnGround(readers, withdrawn)
}

// NextCheck returns the earliest due time that was not yet recorded as passed; zero if there is
// none.
func NextCheck(history matter.History[Plan]) time.Time {
	for _, item := range history.State.Items() {
		if !history.State.isLate(item) {
			return item.Due
		}
	}
	return time.Time{}
}

// Overdue returns an event for each item whose due time has passed and was not yet recorded.
func Overdue(history matter.History[Plan], at time.Time) []matter.Event {
	var events []matter.Event
	for _, item := range history.State.Items() {
		if !item.Due.After(at) && !history.State.isLate(item) {
			events = append(events, matter.ByClock(history.State.Head, at, &planv1.PlanOverdue{What: item.What, DueAt: timestamppb.New(item.Due)}))
		}
	}
	return events
}

// Shared reports whether an agency other than the given one has joined a plan. An invitation alone
// does not count.
func Shared(view Plan, agency string) bool {
	return slices.ContainsFunc(view.Plan.GetMembers(), func(m *planv1.Member) bool {
		return m.GetState() == planv1.MemberState_MEMBER_STATE_JOINED && m.GetParty().GetAgency() != agency
	})
}

// Named are the parties that handle a plan now: who is responsible, its social worker, and the owners of
// actions that are not done.
func Named(view Plan) []*commonv1.Party {
	named := []*commonv1.Party{view.Plan.GetResponsible(), view.Plan.GetSocialWorker()}
	for _, action := range view.Plan.GetActions() {
		if action.GetCompletedAt() == nil {
			named = append(named, action.GetOwner())
		}
	}
	return named
}
