package rules

import (
	"cmp"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

func checkCreation(command Command, r *planv1.CreatePlanRequest) error {
	actor := command.Actor
	err := matter.CheckStarter(actor)
	if err == nil && actor.Automatic {
		err = fault.New(fault.RoleNotAllowed, "a system can create a plan only on behalf of a worker")
	}
	if err == nil && r.GetSpecialSupport() {
		err = checkProfession(actor)
	}
	if named := r.GetResponsible(); err == nil && named != nil &&
		(named.GetAgency() != actor.Agency || named.GetUnit() != actor.Unit || named.GetWorker() == "") {
		err = fault.New(fault.UnknownParty, "a new plan needs a responsible worker of your own unit; offer the responsibility to others later").
			Field("responsible", "a worker of your unit")
	}
	return cmp.Or(err, checkBasis(r.GetBasis(), command.At))
}

// create begins a plan. The worker who creates it answers for it, unless the request names another, and is
// its social worker if the client needs special support.
func create(d *draft, command Command, r *planv1.CreatePlanRequest) {
	d.Start(command.Subject, r.GetBasis(), command.Client, command.Case, &planv1.PlanCreated{
		Responsible: orActor(r.GetResponsible(), command.Actor), ClientLanguage: r.GetClient().GetLanguage(), ClientInterpreter: r.GetClient().GetInterpreter(),
		MatterNumber: string(command.Number), ContinuesWithoutConsent: isDuty(command.Facts, r.GetBasis()),
	})
	if r.GetSpecialSupport() {
		recordSpecialSupport(d, command, true)
	}
}

// clientPlan is the ground of a client plan that social services make as their duty.
const clientPlan = "shl-39-1"

// isDuty reports whether a plan rests on no consent, also if the client consented to it: social services
// must make one all the same (1301/2014 § 39.1).
func isDuty(facts Facts, basis *commonv1.LegalBasis) bool {
	return basis.GetGroundKey() == clientPlan || facts.SocialServices && matter.OnConsent(basis)
}

// checkBasis checks the ground of a plan: it is made and shared on consent, or where a law requires
// it (1301/2014 §§ 39, 41; 703/2023 § 53).
func checkBasis(basis *commonv1.LegalBasis, at time.Time) error {
	return matter.CheckBasis(basis, at, commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS)
}
