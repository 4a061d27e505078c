package rules

import (
	"slices"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

const (
	stateSubmitted    = concernv1.ConcernState_CONCERN_STATE_SUBMITTED
	stateReceived     = concernv1.ConcernState_CONCERN_STATE_RECEIVED
	stateTriaged      = concernv1.ConcernState_CONCERN_STATE_TRIAGED
	stateTaken        = concernv1.ConcernState_CONCERN_STATE_TAKEN
	stateInAssessment = concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT
	stateAssessed     = concernv1.ConcernState_CONCERN_STATE_ASSESSED
	stateDeclined     = concernv1.ConcernState_CONCERN_STATE_DECLINED
)

var (
	reporter = []matter.Role{matter.RoleSender}
	receiver = []matter.Role{matter.RoleReceiver}
	both     = []matter.Role{matter.RoleSender, matter.RoleReceiver}
)

// condition says when a step may be taken.
type condition = func(view Concern, actor matter.Actor) bool

// run returns the states from first to last, both included.
func run(first, last concernv1.ConcernState) []concernv1.ConcernState {
	order := []concernv1.ConcernState{
		stateSubmitted, stateReceived, stateTriaged, stateTaken, stateInAssessment, stateAssessed, stateDeclined,
	}
	return order[slices.Index(order, first) : slices.Index(order, last)+1]
}

func in(states ...concernv1.ConcernState) condition {
	return func(view Concern, _ matter.Actor) bool { return slices.Contains(states, view.State) }
}

// leading allows a step in the given states, but not on a report that joined another.
func leading(states []concernv1.ConcernState) condition {
	return func(view Concern, _ matter.Actor) bool {
		return slices.Contains(states, view.State) && (!view.IsOpen() || view.Lead == "")
	}
}

// untaken allows a step in the given states, but not if the concern was already taken under an
// earlier lead.
func untaken(states []concernv1.ConcernState) condition {
	return func(view Concern, actor matter.Actor) bool { return leading(states)(view, actor) && !view.TakenBefore }
}

// awaitsResult allows a step in the given states while an appointment has no result.
func awaitsResult(states []concernv1.ConcernState) condition {
	return func(view Concern, actor matter.Actor) bool {
		return leading(states)(view, actor) && matter.AwaitsResult(view.Appointments)
	}
}

// profession refuses to let another than a social worker assess a client for whom triage recorded a
// need of special support.
func profession(view Concern, actor matter.Actor) error {
	return checkAssessor(view.SupportNeed, actor)
}

// checkAssessor refuses to let another than a social worker make the assessment of a client with such a
// need (1301/2014 § 36, § 3 on special support).
func checkAssessor(need concernv1.SupportNeed, actor matter.Actor) error {
	special := need == concernv1.SupportNeed_SUPPORT_NEED_SPECIAL || need == concernv1.SupportNeed_SUPPORT_NEED_SPECIAL_NOT_ENGAGED
	if special && !actor.IsSocialWorker() {
		return fault.New(fault.ProfessionNotAllowed, "only a social worker can assess a client in need of special support").
			Advise("record the need by triage and hand the concern to a social worker")
	}
	return nil
}
