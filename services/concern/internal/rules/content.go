package rules

import (
	"cmp"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// checkContent is the last check of a step: its content must be complete and allowed.
func checkContent(world World, command Command) error {
	switch r := command.Request.(type) {
	case *concernv1.ForwardConcernRequest:
		if err := matter.CheckOther(r.GetReceiver(), "receiver.agency", command.Actor.Agency, world.State(command.Subject).Sender.GetAgency()); err != nil {
			return err
		}
		return content{
			receiver: r.GetReceiver(), basis: r.GetBasis(), topics: r.GetTopics(), description: r.GetDescription(), attachments: r.GetAttachmentIds(),
		}.check(command)
	case *concernv1.TriageConcernRequest:
		if err := matter.CheckOwn(r.GetAssignTo(), command.Actor.Agency, "assign_to.agency"); err != nil {
			return err
		}
	case *concernv1.ReassignConcernRequest:
		if err := cmp.Or(matter.CheckOwn(r.GetTo(), command.Actor.Agency, "to.agency"), matter.CheckExplained("reassigning", "reason", r.GetReason())); err != nil {
			return err
		}
	case *concernv1.PlanContactRequest:
		if err := matter.CheckContact(r, command.At); err != nil {
			return err
		}
	case *concernv1.WithdrawConcernRequest:
		if err := matter.CheckExplained("withdrawing", "reason", r.GetReason()); err != nil {
			return err
		}
	case *concernv1.RevokeConcernRequest:
		if err := matter.CheckExplained("revoking", "reason", r.GetReason()); err != nil {
			return err
		}
	case *concernv1.SettleConcernRequest:
		if err := matter.CheckSettled(r.GetResubmittedAs(), r.GetReason()); err != nil {
			return err
		}
	case *concernv1.DeclineConcernRequest:
		if err := checkDecline(world, command, r); err != nil {
			return err
		}
	case *concernv1.ProvideInformationRequest:
		view := world.Subjects[command.Subject].Views[command.Actor.Agency].State
		if r.GetInformationRequestId() != view.Open {
			return fault.New(fault.InvalidField, "this question does not wait for an answer").
				Field("information_request_id", "name the open question")
		}
	}
	return command.CheckSaid()
}

// checkDecline refuses to decline with a reason that would tell a reporter without consent whether
// the receiver knows the client (1301/2014 § 35; 621/1999 § 24).
func checkDecline(world World, command Command, r *concernv1.DeclineConcernRequest) error {
	if r.GetReason() != concernv1.DeclineReason_DECLINE_REASON_CLIENT_UNKNOWN {
		return nil
	}
	lead := world.State(command.Subject)
	for _, subject := range append([]string{command.Subject}, lead.Reports...) {
		c := world.State(subject)
		if c.IsOpen() && c.Basis.GetGround() != commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT {
			return fault.New(fault.ContentNotAllowed, "a report without consent is not declined because the client is unknown").
				Field("reason", "choose another")
		}
	}
	return nil
}
