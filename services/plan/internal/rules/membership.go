package rules

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

func checkInvitation(world World, command Command, r *planv1.InviteMemberRequest) error {
	if err := checkBasis(r.GetBasis(), command.At); err != nil {
		return err
	}
	switch memberState(planOf(world, command), command.Facts.Invited) {
	case planv1.MemberState_MEMBER_STATE_INVITED, planv1.MemberState_MEMBER_STATE_JOINED:
		return fault.New(fault.InvalidField, "this unit is already a member").Field("party", "another unit")
	default:
		return nil
	}
}

// invite invites a unit to the plan, on a legal basis of its own.
func invite(d *draft, command Command, r *planv1.InviteMemberRequest) {
	d.AddUnder(command.Subject, &planv1.MemberInvited{
		Party: matter.UnitAlone(command.Facts.Invited), Basis: r.GetBasis(), Snapshot: snapshot(d.State(command.Subject)),
	}, r.GetBasis())
}

// leave removes the actor's unit from the plan. A unit that leaves answers for nothing: an offer of
// responsibility to its worker lapses.
func leave(d *draft, command Command, r *planv1.LeavePlanRequest) {
	unit := matter.UnitAlone(command.Actor.Party())
	if to := d.View().State.Plan.GetResponsibilityOfferedTo(); to.GetAgency() == unit.GetAgency() && to.GetUnit() == unit.GetUnit() {
		d.Add(command.Subject, &planv1.ResponsibilityDeclined{Reason: r.GetReason()})
	}
	d.Add(command.Subject, &planv1.MemberLeft{Party: unit, Reason: r.GetReason()})
}

// snapshot returns the plan for a reader that does not know it yet. A long plan lacks its oldest
// parts.
func snapshot(p Plan) *planv1.PlanSnapshot {
	s := &planv1.PlanSnapshot{Plan: proto.CloneOf(p.Plan), ContinuesWithoutConsent: p.OnDuty}
	s.Plan.PlannedContacts = p.Contacts
	s.Plan = matter.Fit(s.Plan, matter.MaxSnapshot, Long...)
	for _, item := range p.Items() {
		if p.isLate(item) {
			s.Overdue = append(s.Overdue, &planv1.PlanOverdue{What: item.What, DueAt: timestamppb.New(item.Due)})
		}
	}
	return s
}
