package rules

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// MaxOpen bounds the open reports of one agency about one client. It goes by what the agency
// knows, and bounds how many reports join one concern: what a step on that does to all. An
// emergency is reported beyond it: as many again are kept for emergencies alone.
const MaxOpen = 20

func submit(world World, command Command, r *concernv1.SubmitConcernRequest) ([]loop.Event, error) {
	if err := loop.CheckStarter(command.Actor); err != nil {
		return nil, err
	}
	if err := loop.CheckOther(r.GetReceiver(), "receiver.agency", command.Actor.Agency); err != nil {
		return nil, err
	}
	content := content{
		receiver: r.GetReceiver(), basis: r.GetBasis(), topics: r.GetTopics(), description: r.GetDescription(), attachments: r.GetAttachmentIds(),
	}
	if err := content.check(command); err != nil {
		return nil, err
	}
	most := MaxOpen
	if r.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY {
		most *= 2
	}
	if command.Facts.OwnOpen >= most {
		return nil, fault.New(fault.TooManyOpenReports, "your agency has %d open reports about this client", command.Facts.OwnOpen)
	}
	outcome := newOutcome(world, command)
	outcome.report(command.Subject, r.GetBasis(), command.Client, command.Case, &concernv1.ConcernSubmitted{
		Receiver: command.Facts.Receiver, Topics: r.GetTopics(), Description: r.GetDescription(),
		Urgency: r.GetUrgency(), ClientLanguage: r.GetClient().GetLanguage(), Attachments: command.Attachments,
	})
	return outcome.Events(), nil
}

// forward offers the matter to a third agency, as a concern of its own there. Of
// content only what the request names is passed on.
func forward(o *outcome, command Command, r *concernv1.ForwardConcernRequest) {
	c := o.State(command.Subject)
	urgency := c.Clock.Urgency
	due := loop.Grace(urgency, command.Facts.Graces, command.At)
	o.add(command.Subject, &concernv1.ConcernForwarded{
		ForwardedConcernId: command.NewID, Receiver: command.Facts.Receiver,
		KeepOpen: r.GetKeepOpen(), DueAt: timestamppb.New(due),
	})
	o.report(Collection+command.NewID, r.GetBasis(), c.Client, c.Case, &concernv1.ConcernSubmitted{
		Receiver: command.Facts.Receiver, Topics: r.GetTopics(), Description: r.GetDescription(),
		Urgency: urgency, ClientLanguage: c.Language, ForwardedFromConcernId: ID(command.Subject), Attachments: command.Attachments,
	})
}

// report starts a concern and joins it to the open one about the client, if the
// receiver has one.
func (o *outcome) report(subject string, basis *commonv1.LegalBasis, client, caseID string, m *concernv1.ConcernSubmitted) {
	m.EarlierConcerns, m.StatutoryGroups, m.ToSocialServices = o.facts.Earlier, groupsAt(o.facts.Born, o.At), o.facts.ToSocialServices
	m.DueAt = timestamppb.New(loop.Grace(m.GetUrgency(), o.facts.Graces, o.At))
	o.Start(subject, basis, client, caseID, m)
	lead := o.world.UniqueKeys[UniqueKey(client, m.GetReceiver().GetAgency())]
	if lead == "" || lead == subject {
		return
	}
	own := ""
	for _, other := range append([]string{lead}, o.State(lead).Reports...) {
		c := o.State(other)
		if c.IsOpen() && c.Sender.GetAgency() == o.Actor.Agency {
			own = ID(other)
			break
		}
	}
	o.add(subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: own})
	o.add(lead, &concernv1.ReportJoined{JoiningConcernId: ID(subject), Urgency: m.GetUrgency()})
}

// content is what a report or a forward says, and on which ground.
type content struct {
	receiver    *commonv1.Party
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
	if !consent && c.receiver.GetWorker() != "" {
		// A subject is the sender's to write: whom it names nobody but the agency knows.
		return fault.New(fault.ContentNotAllowed, "without consent a report is addressed to an agency or unit").
			Field("receiver.worker", "leave empty")
	}
	if described := c.description != "" || len(c.attachments) > 0; described && !consent && (youth || !command.Facts.Describes) {
		return fault.New(fault.ContentNotAllowed, "without consent a report carries topics, no description and no attachments").
			Field("description", "leave empty")
	}
	return command.CheckSaid()
}

// CheckBasis holds a concern's legal basis to what the law asks of it (1301/2014 § 35).
func CheckBasis(basis *commonv1.LegalBasis, at time.Time) error {
	return loop.CheckBasis(basis, at, commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION)
}
