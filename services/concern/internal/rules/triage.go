package rules

import (
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// checkTriage refuses a triage that assigns the concern to another agency, half a four-field, two
// different wills, and a triage that owes a reason: one that takes the concern from the worker who holds
// it, or lowers the urgency before anybody knows more than the reporter.
func checkTriage(world World, command Command, r *concernv1.TriageConcernRequest) error {
	if err := matter.CheckOwn(r.GetAssignTo(), command.Actor.Agency, "assign_to.agency"); err != nil {
		return err
	}
	if err := checkFourField(r.GetFourField()); err != nil {
		return err
	}
	if will := r.GetClientWill(); r.GetClientWantsHelp() && will != willUnspecified && will != willYes {
		return fault.New(fault.InvalidField, "client_will and client_wants_help differ").Field("client_wants_help", "leave empty beside client_will")
	}
	c := world.State(command.Subject)
	switch {
	case r.GetReason() != "":
		return nil
	case r.GetAssignTo() != nil && c.isHeld():
		return matter.CheckExplained("assigning a concern that a worker holds", "reason", "")
	case r.GetUrgency() != 0 && !c.taken() && !c.EverReached && matter.IsMoreUrgent(orKept(c.TriagedUrgency, c.Urgency), r.GetUrgency()):
		return matter.CheckExplained("lowering the urgency before anybody reached the client", "reason", "")
	default:
		return nil
	}
}

// checkFourField refuses a four-field with one axis alone.
func checkFourField(field *concernv1.FourField) error {
	if field != nil && (field.GetSupport() == 0 || field.GetDifficulty() == 0) {
		return fault.New(fault.InvalidField, "a four-field has both axes").Field("four_field", "support and difficulty, or leave empty")
	}
	return nil
}

func recordTriage(o *outcome, command Command, r *concernv1.TriageConcernRequest) {
	will := r.GetClientWill()
	switch {
	case will != willUnspecified:
	case r.GetClientWantsHelp():
		will = willYes
	default:
		will = willNotAsked
	}
	triaged := &concernv1.ConcernTriaged{
		Urgency: r.GetUrgency(), SupportNeed: r.GetSupportNeed(), Track: r.GetTrack(),
		ClientWantsHelp: will == willYes, AssignedTo: r.GetAssignTo(), StatutoryGroups: r.GetStatutoryGroups(),
		ClientWill: will, FourField: r.GetFourField(), Reason: r.GetReason(),
	}
	c := o.State(command.Subject)
	if r.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY && c.Clock.Urgency != r.GetUrgency() {
		holder := c.Holder
		if r.GetAssignTo() != nil {
			holder = r.GetAssignTo()
		}
		triaged.OnCall = matter.OnCallBeside(holder, o.facts.OnCall)
	}
	o.Add(command.Subject, triaged)
}

func triaged(c Concern, e matter.Event, m *concernv1.ConcernTriaged) Concern {
	if !c.taken() {
		c = c.to(stateTriaged, e.At)
	}
	c.Clock.Judge(m.GetUrgency(), e.At)
	c.Groups = regrouped(c.Groups, m.GetStatutoryGroups())
	c.TriagedUrgency = orKept(m.GetUrgency(), c.TriagedUrgency)
	c.SupportNeed, c.Track = orKept(m.GetSupportNeed(), c.SupportNeed), orKept(m.GetTrack(), c.Track)
	will := m.GetClientWill()
	if m.GetClientWantsHelp() {
		// Triages from before client_will have this alone.
		will = willYes
	}
	c = c.withWill(will)
	if m.GetFourField() != nil {
		c.FourField = m.GetFourField()
	}
	c.Triages = append(slices.Clip(c.Triages), &concernv1.TriageRecord{
		At: timestamppb.New(e.At), By: e.By, Urgency: m.GetUrgency(), SupportNeed: m.GetSupportNeed(), FourField: m.GetFourField(),
		Track: m.GetTrack(), ClientWill: will, Reason: m.GetReason(), AssignedTo: m.GetAssignedTo(),
	})
	if to := m.GetAssignedTo(); to != nil {
		c = c.passedTo(to)
		c.Assigned = to
	}
	c.OnCall = c.OnCall.Judged(m.GetUrgency()).Called(m.GetOnCall(), e.At)
	return c
}
