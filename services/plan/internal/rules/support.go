package rules

import (
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// recordSpecialSupport records whether the client needs special support. With such a need, the actor
// becomes the plan's social worker: the own worker, or the one beside (1301/2014 § 42.3).
func recordSpecialSupport(d *draft, command Command, needed bool) {
	recorded := &planv1.SpecialSupportRecorded{SpecialSupport: needed}
	if needed {
		recorded.SocialWorker = command.Actor.Party()
	}
	d.Add(command.Subject, recorded)
}

// joinedSocialWorker refuses actors whose unit has not joined the plan, and of the others those who are not
// social workers.
func joinedSocialWorker(view Plan, actor matter.Actor) error {
	if err := joined(view, actor); err != nil {
		return err
	}
	return checkProfession(actor)
}

func checkProfession(actor matter.Actor) error {
	if !actor.IsSocialWorker() {
		return fault.New(fault.ProfessionNotAllowed, "only a social worker can record whether the client needs special support")
	}
	return nil
}

// checkStep refuses a step if the plan's state, the role or the etag does not allow it. The unit of the
// plan's social worker is told how it can leave.
func checkStep(view matter.View[Plan], command Command) error {
	err := Table.CheckStep(view, command)
	if _, leaves := command.Request.(*planv1.LeavePlanRequest); !leaves || fault.ReasonOf(err) != fault.IllegalStep ||
		view.State.Ended() || !isUnitOf(command.Actor, view.State.Plan.GetSocialWorker()) {
		return err
	}
	return fault.New(fault.IllegalStep, "LeavePlan is not possible for the unit of the social worker while the client needs special support").
		With("allowed_steps", fault.MetadataOf(err)["allowed_steps"]).
		Advise("first a social worker of another member takes over with RecordSpecialSupport")
}

// isUnitOf reports whether an actor is of the unit of a party.
func isUnitOf(actor matter.Actor, party *commonv1.Party) bool {
	return party.GetAgency() == actor.Agency && party.GetUnit() == actor.Unit
}
