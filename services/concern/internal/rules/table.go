package rules

import (
	"slices"
	"strings"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Step is a command on a concern that exists, named as its RPC.
type Step string

// The steps, receiver's first.
const (
	Receive              Step = "ReceiveConcern"
	Triage               Step = "TriageConcern"
	Take                 Step = "TakeConcern"
	Reassign             Step = "ReassignConcern"
	RecordContactAttempt Step = "RecordContactAttempt"
	RequestInformation   Step = "RequestInformation"
	StartAssessment      Step = "StartAssessment"
	CompleteAssessment   Step = "CompleteAssessment"
	Close                Step = "CloseConcern"
	ForwardOn            Step = "ForwardConcern"
	Decline              Step = "DeclineConcern"
	ProvideInformation   Step = "ProvideInformation"
	Withdraw             Step = "WithdrawConcern"
	Settle               Step = "SettleConcern"
)

// row is one line of the transition table: whose step, from which states.
type row struct {
	step Step
	by   loop.Role
	from []concernv1.ConcernState
	// automatic: a partner's system may take it in no worker's name.
	automatic bool
	// joined: open to a report that joined another concern.
	joined bool
}

const (
	stateSubmitted    = concernv1.ConcernState_CONCERN_STATE_SUBMITTED
	stateReceived     = concernv1.ConcernState_CONCERN_STATE_RECEIVED
	stateTriaged      = concernv1.ConcernState_CONCERN_STATE_TRIAGED
	stateTaken        = concernv1.ConcernState_CONCERN_STATE_TAKEN
	stateInAssessment = concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT
	stateAssessed     = concernv1.ConcernState_CONCERN_STATE_ASSESSED
	stateDeclined     = concernv1.ConcernState_CONCERN_STATE_DECLINED
)

// table is the life of a concern, in the order in which steps are offered to a
// person: the likely one first. What is not in it is refused.
// INFORMATION_REQUESTED counts as the state that it interrupted.
var table = []row{
	{step: ProvideInformation, by: loop.RoleSender, from: states(stateReceived, stateAssessed), automatic: true},
	{step: Receive, by: loop.RoleReceiver, from: states(stateSubmitted, stateSubmitted), automatic: true, joined: true},
	{step: Take, by: loop.RoleReceiver, from: states(stateSubmitted, stateTriaged)},
	{step: Triage, by: loop.RoleReceiver, from: states(stateReceived, stateTriaged)},
	{step: StartAssessment, by: loop.RoleReceiver, from: states(stateTaken, stateTaken)},
	{step: CompleteAssessment, by: loop.RoleReceiver, from: states(stateInAssessment, stateInAssessment)},
	{step: RecordContactAttempt, by: loop.RoleReceiver, from: states(stateTaken, stateAssessed)},
	{step: RequestInformation, by: loop.RoleReceiver, from: states(stateReceived, stateAssessed)},
	{step: ForwardOn, by: loop.RoleReceiver, from: states(stateReceived, stateAssessed)},
	{step: Reassign, by: loop.RoleReceiver, from: states(stateReceived, stateAssessed)},
	{step: Close, by: loop.RoleReceiver, from: states(stateReceived, stateAssessed)},
	{step: Decline, by: loop.RoleReceiver, from: states(stateSubmitted, stateReceived)},
	{step: Settle, by: loop.RoleSender, from: states(stateDeclined, stateDeclined), automatic: true},
	{step: Withdraw, by: loop.RoleSender, from: states(stateSubmitted, stateTriaged), automatic: true, joined: true},
}

// states lists a run of the loop's states, both ends included.
func states(first, last concernv1.ConcernState) []concernv1.ConcernState {
	order := []concernv1.ConcernState{
		stateSubmitted, stateReceived, stateTriaged, stateTaken, stateInAssessment, stateAssessed, stateDeclined,
	}
	return order[slices.Index(order, first) : slices.Index(order, last)+1]
}

// allows tells whether the table has the step for a concern as its caller sees it.
func (r row) allows(view Concern) bool {
	if view.IsOpen() && view.Lead != "" && !r.joined {
		return false
	}
	if r.step == RequestInformation && (view.Open != "" || view.Asked != "") || r.step == ProvideInformation && view.Open == "" {
		return false
	}
	return slices.Contains(r.from, view.State)
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view Concern, reader loop.Reader, actor loop.Actor) []string {
	var steps []string
	for _, row := range table {
		if row.by == reader.Role && mayEver(row, actor) == nil && row.allows(view) && profession(row.step, view, actor) == nil {
			steps = append(steps, string(row.step))
		}
	}
	return steps
}

// checkRole refuses a step that the caller's role has in no state.
func checkRole(step Step, reader loop.Reader, actor loop.Actor) error {
	for _, row := range table {
		if row.step == step && row.by == reader.Role {
			return mayEver(row, actor)
		}
	}
	return fault.New(fault.RoleNotAllowed, "%s is not a step of the %s", step, reader.Role)
}

func mayEver(row row, actor loop.Actor) error {
	if actor.Automatic && !row.automatic {
		return fault.New(fault.RoleNotAllowed, "a system takes %s only on behalf of a worker", row.step)
	}
	return nil
}

// checkTable refuses a step out of order, and names those in order.
func checkTable(step Step, view Concern, reader loop.Reader, actor loop.Actor) error {
	for _, row := range table {
		if row.step == step && row.by == reader.Role && row.allows(view) {
			return nil
		}
	}
	allowed := strings.Join(Allowed(view, reader, actor), ", ")
	return fault.New(fault.IllegalStep, "%s is not possible now; possible: %s", step, firstOf(allowed, "nothing")).
		With("allowed_steps", allowed)
}

// profession holds the assessment of a client in need of special support to
// social workers (1301/2014 § 36, § 3 on special support).
func profession(step Step, view Concern, actor loop.Actor) error {
	special := view.SupportNeed == concernv1.SupportNeed_SUPPORT_NEED_SPECIAL ||
		view.SupportNeed == concernv1.SupportNeed_SUPPORT_NEED_SPECIAL_NOT_ENGAGED
	if step == StartAssessment && special && actor.Role != "social_worker" {
		return fault.New(fault.ProfessionNotAllowed, "a client in need of special support is assessed by a social worker")
	}
	return nil
}
