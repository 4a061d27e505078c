package rules

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// MaxOpen is the most open reports that one agency may have about one client. It counts only what
// the agency knows of. It also limits how many reports join one concern, and so how many events one
// step causes. Emergencies are accepted beyond it, up to twice the number.
const MaxOpen = 20

// checkSubmission refuses a report that its sender may not make, whose content is not allowed, or
// that is one too many.
func checkSubmission(command Command, r *concernv1.SubmitConcernRequest) error {
	if err := matter.CheckStarter(command.Actor); err != nil {
		return err
	}
	if err := matter.CheckOther(r.GetReceiver(), "receiver.agency", command.Actor.Agency); err != nil {
		return err
	}
	content := content{
		receiver: r.GetReceiver(), basis: r.GetBasis(), topics: r.GetTopics(), description: r.GetDescription(), attachments: r.GetAttachmentIds(),
	}
	if err := content.check(command); err != nil {
		return err
	}
	most := MaxOpen
	if r.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY {
		most *= 2
	}
	if command.Facts.OwnOpen >= most {
		return fault.New(fault.TooManyOpenReports, "your agency has %d open reports about this client", command.Facts.OwnOpen)
	}
	return nil
}

func submit(o *outcome, command Command, r *concernv1.SubmitConcernRequest) {
	urgency := urgencyOn(r.GetBasis(), r.GetUrgency())
	o.report(command.Subject, r.GetBasis(), command.Client, command.Case, &concernv1.ConcernSubmitted{
		Receiver: matter.RouteEmergency(urgency, command.Facts.Receiver, command.Facts.OnCall), Topics: r.GetTopics(), Description: r.GetDescription(),
		Urgency: urgency, ClientLanguage: r.GetClient().GetLanguage(), ClientInterpreter: r.GetClient().GetInterpreter(), Attachments: command.Attachments,
		MatterNumber: string(command.Number),
	})
}

// report begins a concern. If the receiver has an open concern about the client, the report joins
// it.
func (o *outcome) report(subject string, basis *commonv1.LegalBasis, client, caseID string, m *concernv1.ConcernSubmitted) {
	m.EarlierUnreached = o.facts.EarlierUnreached
	m.EarlierConcerns, m.StatutoryGroups, m.ToSocialServices = o.facts.Earlier, groupsAt(o.facts.Born, o.At), o.facts.ToSocialServices
	m.DueAt = timestamppb.New(matter.Grace(m.GetUrgency(), o.facts.Graces, o.At))
	m.ReceivingArea = o.facts.Areas[m.GetReceiver().GetUnit()]
	o.Start(subject, basis, client, caseID, m)
	receiver := m.GetReceiver().GetAgency()
	lead := cmp.Or(o.world.UniqueKeys[UniqueKey(client, receiver, m.GetReceivingArea())], o.world.UniqueKeys[UniqueKey(client, receiver, "")])
	if lead == "" || lead == subject {
		return
	}
	own := ""
	for _, other := range append([]string{lead}, o.State(lead).Reports...) {
		c := o.State(other)
		if known := o.facts.OwnKnown == nil || o.facts.OwnKnown[other]; known && c.IsOpen() && c.Sender.GetAgency() == o.Actor.Agency {
			own = ID(other)
			break
		}
	}
	o.Add(subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: own})
	joined := &concernv1.ReportJoined{JoiningConcernId: ID(subject), Urgency: m.GetUrgency()}
	if m.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY {
		joined.OnCall = matter.OnCallBeside(o.State(lead).Holder, o.facts.OnCall)
	}
	o.Add(lead, joined)
}

// content is what a report or a forward says, and its legal ground.
type content struct {
	receiver    *commonv1.Party
	basis       *commonv1.LegalBasis
	topics      []concernv1.Topic
	description string
	attachments []string
}

// check checks that the terms of the ground allow the content (1301/2014 § 35; 1285/2016 § 11).
func (c content) check(command Command) error {
	if err := CheckBasis(c.basis, command.At); err != nil {
		return err
	}
	most := c.basis.GetTerms().GetContent()
	consent := c.basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
	switch identification := most < commonv1.ContentProfile_CONTENT_PROFILE_TOPICS; {
	case identification && len(c.topics) > 0:
		return fault.New(fault.ContentNotAllowed, "on this ground, a report says who the client is and how to reach the client, but names no topics").
			Field("topics", "leave empty")
	case !identification && len(c.topics) == 0:
		return fault.New(fault.TopicRequired, "a report needs at least one topic").Field("topics", "choose at least one")
	}
	if !consent && c.receiver.GetWorker() != "" {
		// A worker's id is text that the sender writes, and only the receiving agency knows whom it
		// names.
		return fault.New(fault.ContentNotAllowed, "without consent, a report can be addressed only to an agency or a unit").
			Field("receiver.worker", "leave empty")
	}
	if described := c.description != "" || len(c.attachments) > 0; described && most < commonv1.ContentProfile_CONTENT_PROFILE_NECESSARY {
		return fault.New(fault.ContentNotAllowed, "on this ground, a report of your agency carries no description and no attachments").
			Field("description", "leave empty")
	}
	return command.CheckAttachments()
}

// urgencyOn returns the urgency that is recorded for a report on a basis. A ground that lets nothing
// be said of the need is for clients who need help without delay (1285/2016 § 11.4), whatever the
// sender chose.
func urgencyOn(basis *commonv1.LegalBasis, chosen commonv1.Urgency) commonv1.Urgency {
	if basis.GetTerms().GetContent() == commonv1.ContentProfile_CONTENT_PROFILE_IDENTIFICATION {
		return commonv1.Urgency_URGENCY_URGENT
	}
	return chosen
}

// CheckBasis checks a concern's legal basis (1301/2014 § 35): see matter.CheckBasis.
func CheckBasis(basis *commonv1.LegalBasis, at time.Time) error {
	return matter.CheckBasis(basis, at, commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION)
}
