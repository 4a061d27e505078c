package rules

import (
	"cmp"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Facts are what the directory says of the party that is addressed or invited.
type Facts struct {
	// Party is that party, with the agency's intake unit if the caller named none.
	Party *commonv1.Party
	// OnCall is the unit of its kind that is on call now; nil if there is none.
	OnCall *commonv1.Party
}

// Command is a request together with everything from outside that its decision needs.
type Command = matter.Command[Facts]

// World is what decisions see of consultations.
type World = matter.World[Consultation]

// Decide returns the events that record a command, or refuses the command. For a step on an
// existing consultation the order of the checks is the same in all services: role, etag, state,
// content. Token, form, relation and request_id were checked before.
func Decide(world World, command Command) ([]matter.Event, error) {
	d := matter.NewDraft(world, command, Evolve)
	if r, ok := command.Request.(*consultationv1.OpenConsultationRequest); ok {
		if err := checkOpening(command, r); err != nil {
			return nil, err
		}
		open(d, command, r)
		return d.Events(), nil
	}
	view := world.View(command.Subject, command.Actor.Agency)
	if err := Table.CheckStep(view, command); err != nil {
		return nil, nameTaker(command, view.State, err)
	}
	if err := Table.CheckContent(world, command); err != nil {
		return nil, err
	}
	Table.Record(d, command)
	return d.Events(), nil
}

// nameTaker adds the name of the worker who took a question to the refusal of a second one.
func nameTaker(command Command, view Consultation, err error) error {
	if _, taking := command.Request.(*consultationv1.TakeConsultationRequest); !taking || view.Consultation.GetTakenBy() == nil || fault.ReasonOf(err) != fault.IllegalStep {
		return err
	}
	has := view.Holder()
	return fault.New(fault.IllegalStep, "%s of %s has taken it", cmp.Or(has.GetWorker(), "somebody"), cmp.Or(has.GetUnit(), has.GetAgency())).
		With("taken_by_agency", has.GetAgency()).With("taken_by_unit", has.GetUnit()).With("taken_by_worker", has.GetWorker())
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view matter.View[Consultation], actor matter.Actor) []string {
	return Table.Allowed(view, actor)
}
