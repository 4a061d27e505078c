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
)

// Table is the transition table of a concern. A person is offered the steps in this order, the
// likely one first. A step that is not in the table is refused. INFORMATION_REQUESTED counts as the
// state that it interrupted. A report that joined another has only the steps of its own.
var Table = matter.Table[Concern]{
	{Step: "ProvideInformation", By: reporter, When: asked(run(stateReceived, stateAssessed)), Automatic: true},
	{Step: "ReceiveConcern", By: receiver, When: whenever(stateSubmitted), Automatic: true},
	{Step: "TakeConcern", By: receiver, When: leading(run(stateSubmitted, stateTriaged)), Touch: "ConcernTaken"},
	{Step: "TriageConcern", By: receiver, When: leading(run(stateReceived, stateTriaged)), Touch: "ConcernTriaged"},
	{Step: "StartAssessment", By: receiver, When: leading(run(stateTaken, stateTaken)), May: profession, Touch: "AssessmentStarted"},
	{Step: "CompleteAssessment", By: receiver, When: leading(run(stateInAssessment, stateInAssessment)), Touch: "AssessmentCompleted"},
	{Step: "RecordContactAttempt", By: receiver, When: leading(run(stateTaken, stateAssessed)), Touch: "ContactAttempted"},
	// Once it is taken, triage does not change the state, but the urgency may be judged again.
	{Step: "TriageConcern", By: receiver, When: leading(run(stateTaken, stateAssessed)), Touch: "ConcernTriaged"},
	{Step: "PlanContact", By: receiver, When: leading(run(stateReceived, stateAssessed)), Automatic: true},
	{Step: "RequestInformation", By: receiver, When: unasked(run(stateReceived, stateAssessed)), Touch: "InformationRequested"},
	{Step: "ForwardConcern", By: receiver, When: leading(run(stateReceived, stateAssessed)), Touch: "ConcernForwarded"},
	{Step: "ReassignConcern", By: receiver, When: leading(run(stateReceived, stateAssessed))},
	{Step: "CloseConcern", By: receiver, When: leading(run(stateSubmitted, stateAssessed))},
	{Step: "DeclineConcern", By: receiver, When: untaken(run(stateSubmitted, stateReceived))},
	{Step: "SettleConcern", By: reporter, When: whenever(stateDeclined), Automatic: true},
	{Step: "WithdrawConcern", By: reporter, When: whenever(run(stateSubmitted, stateTriaged)...), Automatic: true},
}.WithRevocation("RevokeConcern")

// touching are the names of the events from which the clock of an urgent matter is counted again.
var touching = Table.Touching()

// Always are the steps that are allowed on a concern that has reached its size limit. Each can be
// taken only a few times: one question at a time can be open. Finishes are the steps that end what
// was begun.
var (
	Always = []string{
		"ProvideInformation", "ReceiveConcern", "TakeConcern", "StartAssessment", "CompleteAssessment", "CloseConcern", "DeclineConcern",
		"SettleConcern", "WithdrawConcern", "RevokeConcern", "AcknowledgeRevocation",
	}
	Finishes = []string{"TriageConcern", "ReassignConcern"}
)

// run returns the states from first to last, both included.
func run(first, last concernv1.ConcernState) []concernv1.ConcernState {
	order := []concernv1.ConcernState{
		stateSubmitted, stateReceived, stateTriaged, stateTaken, stateInAssessment, stateAssessed, stateDeclined,
	}
	return order[slices.Index(order, first) : slices.Index(order, last)+1]
}

type when = func(view Concern, actor matter.Actor) bool

func whenever(from ...concernv1.ConcernState) when {
	return func(view Concern, _ matter.Actor) bool { return slices.Contains(from, view.State) }
}

// leading allows a step in the given states, but not on a report that joined another.
func leading(from []concernv1.ConcernState) when {
	return func(view Concern, _ matter.Actor) bool {
		return slices.Contains(from, view.State) && (!view.IsOpen() || view.Lead == "")
	}
}

// untaken allows a step in the given states, but not if the concern was already taken under an
// earlier lead.
func untaken(from []concernv1.ConcernState) when {
	return func(view Concern, actor matter.Actor) bool { return leading(from)(view, actor) && !view.TakenBefore }
}

func unasked(from []concernv1.ConcernState) when {
	return func(view Concern, actor matter.Actor) bool {
		return leading(from)(view, actor) && view.Open == "" && view.Asked == ""
	}
}

func asked(from []concernv1.ConcernState) when {
	return func(view Concern, actor matter.Actor) bool { return leading(from)(view, actor) && view.Open != "" }
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view matter.View[Concern], actor matter.Actor) []string {
	return Table.Allowed(view, actor)
}

// profession lets only social workers make the assessment of a client in need of special support
// (1301/2014 § 36, § 3 on special support).
func profession(view Concern, actor matter.Actor) error {
	special := view.SupportNeed == concernv1.SupportNeed_SUPPORT_NEED_SPECIAL ||
		view.SupportNeed == concernv1.SupportNeed_SUPPORT_NEED_SPECIAL_NOT_ENGAGED
	if special && actor.Role != "social_worker" {
		return fault.New(fault.ProfessionNotAllowed, "a client in need of special support is assessed by a social worker")
	}
	return nil
}
