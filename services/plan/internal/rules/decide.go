package rules

import (
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Facts are what the directory says of an invited party, and of the unit that creates a plan.
type Facts struct {
	// Invited is the unit to invite: the agency's intake unit if the caller named none.
	Invited *commonv1.Party
	// SocialServices says that the unit that creates a plan is one of social services.
	SocialServices bool
}

// Command is a request together with everything from outside that its decision needs.
type Command = matter.Command[Facts]

// World is what decisions see of plans.
type World = matter.World[Plan]

// Decide returns the events that record a command, or refuses the command. For a step on an
// existing plan the order of the checks is the same in all services: role, etag, state, content.
// Token, form, relation and request_id were checked before.
func Decide(world World, command Command) ([]matter.Event, error) {
	d := matter.NewDraft(world, command, Evolve)
	if r, ok := command.Request.(*planv1.CreatePlanRequest); ok {
		if err := checkCreation(command, r); err != nil {
			return nil, err
		}
		create(d, command, r)
		return d.Events(), nil
	}
	if err := checkStep(world.View(command.Subject, command.Actor.Agency), command); err != nil {
		return nil, err
	}
	if err := Table.CheckContent(world, command); err != nil {
		return nil, err
	}
	Table.Record(d, command)
	return d.Events(), nil
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view matter.View[Plan], actor matter.Actor) []string { return Table.Allowed(view, actor) }
