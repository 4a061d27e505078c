package rules

import (
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// checkContent is the last check of a step: what it says must be complete and allowed.
func checkContent(world World, command Command) error {
	switch r := command.Request.(type) {
	case *concernv1.ForwardConcernRequest:
		if r.GetReceiver().GetAgency() == command.Actor.Agency {
			return fault.New(fault.UnknownParty, "a concern is forwarded to another agency; within your own reassign it").
				Field("receiver.agency", "another agency than yours")
		}
		if r.GetReceiver().GetAgency() == world.State(command.Subject).Reporter.GetAgency() {
			return fault.New(fault.UnknownParty, "a concern is forwarded to a third agency; ask its reporter, or decline it").
				Field("receiver.agency", "neither yours nor the reporter's")
		}
		return content{
			basis: r.GetBasis(), topics: r.GetTopics(), description: r.GetDescription(), attachments: r.GetAttachmentIds(),
		}.check(command)
	case *concernv1.TriageConcernRequest:
		if to := r.GetAssignTo(); to != nil && to.GetAgency() != command.Actor.Agency {
			return ownUnitsOnly("assign_to.agency")
		}
	case *concernv1.ReassignConcernRequest:
		if r.GetTo().GetAgency() != command.Actor.Agency {
			return ownUnitsOnly("to.agency")
		}
		if r.GetReason() == "" {
			return fault.New(fault.ExplanationRequired, "reassigning needs a reason").Field("reason", "required")
		}
	case *concernv1.WithdrawConcernRequest:
		if r.GetReason() == "" {
			return fault.New(fault.ExplanationRequired, "withdrawing needs a reason").Field("reason", "required")
		}
	case *concernv1.SettleConcernRequest:
		if r.GetResubmittedAs() == "" && r.GetReason() == "" {
			return fault.New(fault.ExplanationRequired, "say where it was sent instead, or why it is dropped").
				Field("reason", "required without resubmitted_as")
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
		if len(r.GetAttachmentIds()) > 0 {
			return noAttachments()
		}
	}
	return checkText(command)
}

// checkDecline refuses to tell a reporter without consent whether the client is
// known to the receiver (1301/2014 § 35; 621/1999 § 24).
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

func checkText(command Command) error {
	if command.Facts.CodeInText {
		return fault.New(fault.ContentNotAllowed, "a text holds what looks like an identity code; the client is named by the client field alone")
	}
	return nil
}

func noAttachments() error {
	return fault.New(fault.AttachmentUnavailable, "attachments cannot be named yet").Field("attachment_ids", "leave empty")
}

func ownUnitsOnly(field string) error {
	return fault.New(fault.UnknownParty, "within the agency means to a unit of your own").Field(field, "your own agency")
}
