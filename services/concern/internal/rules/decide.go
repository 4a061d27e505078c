package rules

import (
	"cmp"
	"strings"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Decide returns the events that record a command, or refuses the command. For a step on an
// existing concern the order of the checks is the same in all services: role, etag, state, content.
// Token, form, relation and request_id were checked before.
func Decide(world World, command Command) ([]matter.Event, error) {
	o := newOutcome(world, command)
	if r, ok := command.Request.(*concernv1.SubmitConcernRequest); ok {
		if err := checkSubmission(command, r); err != nil {
			return nil, err
		}
		submit(o, command, r)
		return o.Events(), nil
	}
	if err := CheckStep(world, command); err != nil {
		return nil, err
	}
	if err := Table.CheckContent(world, command); err != nil {
		return nil, err
	}
	Table.Record(o, command)
	return o.Events(), nil
}

// CheckStep refuses a step if the concern's state, the role or the etag does not allow it.
func CheckStep(world World, command Command) error {
	view := world.View(command.Subject, command.Actor.Agency)
	err := Table.CheckStep(view, command)
	if _, own := command.Request.(*concernv1.RecordFeedbackConsentRequest); own {
		// Each report has its own answer, so the lead does not help.
		return err
	}
	if fault.ReasonOf(err) == fault.IllegalStep && view.Reader.Role == matter.RoleReceiver && view.State.Lead != "" && view.State.IsOpen() {
		return joinedAlready(view, command)
	}
	return err
}

// joinedAlready refuses a step on a report that joined another, and names the other. Only the
// receiver gets this answer, because it has both: a reporter may not know that its report joined.
func joinedAlready(view matter.View[Concern], command Command) error {
	step, allowed := matter.StepOf(command.Request), strings.Join(Allowed(view, command.Actor), ", ")
	return fault.New(fault.IllegalStep, "%s is not possible on this report: it joined the concern %s; possible here: %s", step, ID(view.State.Lead), cmp.Or(allowed, "nothing")).
		With("allowed_steps", allowed).With("joined_concern_id", ID(view.State.Lead)).
		Advise("take the step on the concern that it joined; the step is recorded on this report too")
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view matter.View[Concern], actor matter.Actor) []string {
	return Table.Allowed(view, actor)
}
