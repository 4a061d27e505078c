package rules

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

func submit(world World, command Command, r *concernv1.SubmitConcernRequest) ([]loop.Event, error) {
	if role := command.Actor.Role; role == "client" || role == "operator" {
		return nil, fault.New(fault.RoleNotAllowed, "a concern is reported by an agency's worker or system")
	}
	content := content{
		basis: r.GetBasis(), topics: r.GetTopics(), description: r.GetDescription(), attachments: r.GetAttachmentIds(),
	}
	if err := content.check(command); err != nil {
		return nil, err
	}
	outcome := newOutcome(world, command)
	outcome.report(command.Subject, r.GetBasis(), command.Facts.Client, command.Facts.Case, &concernv1.ConcernSubmitted{
		Receiver: command.Facts.Receiver, Topics: r.GetTopics(), Description: r.GetDescription(),
		Urgency: r.GetUrgency(), ClientLanguage: r.GetClient().GetLanguage(),
	})
	return outcome.events(), nil
}

// forward offers the matter to a third agency, as a concern of its own there. Of
// content only what the request names is passed on.
func forward(o *outcome, command Command, r *concernv1.ForwardConcernRequest) {
	c := o.state(command.Subject)
	urgency := c.TriagedUrgency
	if urgency == commonv1.Urgency_URGENCY_UNSPECIFIED {
		urgency = c.Urgency
	}
	due := loop.Grace(urgency, command.Facts.Graces, command.At)
	o.add(command.Subject, &concernv1.ConcernForwarded{
		ForwardedConcernId: command.Facts.NewID, Receiver: command.Facts.Receiver,
		KeepOpen: r.GetKeepOpen(), DueAt: timestamppb.New(due),
	})
	o.report(Collection+command.Facts.NewID, r.GetBasis(), c.Client, c.Case, &concernv1.ConcernSubmitted{
		Receiver: command.Facts.Receiver, Topics: r.GetTopics(), Description: r.GetDescription(),
		Urgency: urgency, ClientLanguage: c.Language, ForwardedFromConcernId: ID(command.Subject),
	})
}

// report starts a concern and joins it to the open one about the client, if the
// receiver has one.
func (o *outcome) report(subject string, basis *commonv1.LegalBasis, client, caseID string, m *concernv1.ConcernSubmitted) {
	m.EarlierConcerns = o.command.Facts.Earlier
	m.DueAt = timestamppb.New(loop.Grace(m.GetUrgency(), o.command.Facts.Graces, o.command.At))
	o.start(subject, basis, client, caseID, m)
	lead := o.world.Claims[ClaimKey(client, m.GetReceiver().GetAgency())]
	if lead == "" || lead == subject {
		return
	}
	own := ""
	for _, other := range append([]string{lead}, o.state(lead).Reports...) {
		c := o.state(other)
		if c.IsOpen() && c.Reporter.GetAgency() == o.command.Actor.Agency {
			own = ID(other)
			break
		}
	}
	o.add(subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: own})
	o.add(lead, &concernv1.ReportJoined{JoiningConcernId: ID(subject)})
}

// content is what a report or a forward says, and on which ground.
type content struct {
	basis       *commonv1.LegalBasis
	topics      []concernv1.Topic
	description string
	attachments []string
}

// check holds the content to its ground (1301/2014 § 35; 1285/2016 § 11).
func (c content) check(command Command) error {
	if err := CheckBasis(c.basis, command.At); err != nil {
		return err
	}
	consent := c.basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
	youth := command.Facts.YouthWork && !consent
	switch {
	case youth && len(c.topics) > 0:
		return fault.New(fault.ContentNotAllowed, "without consent youth work is told who, how to reach them and how urgent, no topics").
			Field("topics", "leave empty")
	case !youth && len(c.topics) == 0:
		return fault.New(fault.TopicRequired, "a report needs at least one topic").Field("topics", "choose at least one")
	}
	if described := c.description != "" || len(c.attachments) > 0; described && !consent && (youth || !command.Facts.Describes) {
		return fault.New(fault.ContentNotAllowed, "without consent a report carries topics, no description and no attachments").
			Field("description", "leave empty")
	}
	if len(c.attachments) > 0 {
		return noAttachments()
	}
	return checkText(command)
}

// CheckBasis holds a concern's legal basis to what the law asks of it (1301/2014 § 35).
func CheckBasis(basis *commonv1.LegalBasis, at time.Time) error {
	switch basis.GetGround() {
	case commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT:
		if basis.GetConsentedAt() == nil {
			return fault.New(fault.LegalBasisRequired, "the time of the consent is missing").Field("basis.consented_at", "required")
		}
		if basis.GetConsentedAt().AsTime().After(at) {
			return fault.New(fault.LegalBasisRequired, "the consent lies in the future").Field("basis.consented_at", "not in the future")
		}
	case commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION:
		// Attested below, once the provision is there.
	case commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA:
		return fault.New(fault.LegalBasisRequired, "a concern goes on consent or on statutory notification").
			Field("basis.ground", "CLIENT_CONSENT or STATUTORY_NOTIFICATION")
	default:
		return fault.New(fault.LegalBasisRequired, "the legal ground is missing").Field("basis.ground", "required")
	}
	if basis.GetProvision() == "" {
		return fault.New(fault.LegalBasisRequired, "the provision is missing").Field("basis.provision", "required")
	}
	attested := basis.GetAttestation().GetConsentUnobtainable() &&
		(basis.GetAttestation().GetEvidentlyUnableToCareForSelf() || basis.GetAttestation().GetInterestOfChild())
	if basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION && !attested {
		return fault.New(fault.AttestationRequired, "a notification without consent needs an official's attestation").
			Field("basis.attestation", "consent_unobtainable and one of the others")
	}
	return nil
}
