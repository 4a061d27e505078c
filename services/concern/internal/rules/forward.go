package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// checkForward refuses to pass a concern back to its reporter, and content that is not allowed.
func checkForward(world World, command Command, r *concernv1.ForwardConcernRequest) error {
	if err := matter.CheckOther(r.GetReceiver(), "receiver.agency", command.Actor.Agency, world.State(command.Subject).Sender.GetAgency()); err != nil {
		return err
	}
	return content{
		receiver: r.GetReceiver(), basis: r.GetBasis(), topics: r.GetTopics(), description: r.GetDescription(), attachments: r.GetAttachmentIds(),
	}.check(command)
}

// forward offers the matter to a third agency as a new concern there. Of the content only what the
// request names is passed on.
func forward(o *outcome, command Command, r *concernv1.ForwardConcernRequest) {
	c := o.State(command.Subject)
	urgency := urgencyOn(r.GetBasis(), c.Clock.Urgency)
	due, to := matter.Grace(urgency, command.Facts.Graces, command.At), matter.RouteEmergency(urgency, command.Facts.Receiver, command.Facts.OnCall)
	o.Add(command.Subject, &concernv1.ConcernForwarded{
		ForwardedConcernId: command.NewID, Receiver: to,
		KeepOpen: r.GetKeepOpen(), DueAt: timestamppb.New(due),
	})
	o.report(Collection+command.NewID, r.GetBasis(), c.Client, c.Case, &concernv1.ConcernSubmitted{
		Receiver: to, Topics: r.GetTopics(), Description: r.GetDescription(),
		Urgency: urgency, ClientLanguage: c.Language, ClientInterpreter: c.Interpreter, ForwardedFromConcernId: ID(command.Subject), Attachments: command.Attachments,
		MatterNumber: string(command.Number),
	})
}

// answerForwarder records on the forwarder's concern what became of the one that it forwarded. If
// the next receiver took it (or ended it, which implies that it took it), the forwarder's concern
// ends, unless it was kept open. Otherwise it is the forwarder's turn again.
func (o *outcome) answerForwarder(subject string, before Concern, m proto.Message) {
	from := before.ForwardedFrom
	if from == "" {
		return
	}
	forwarder := o.State(from)
	offer, known := forwarder.forwardTo(subject)
	if !known || !offer.Pending || forwarder.Ended() {
		return
	}
	// Recorded as the forwarder's own act: its reporter must not learn where the concern went.
	by := &commonv1.Party{Agency: forwarder.Receiver.GetAgency()}
	taken := false
	switch m := m.(type) {
	case *concernv1.ConcernTaken:
		taken = true
	case *concernv1.ConcernClosed:
		// It was forwarded once more, perhaps back to an earlier agency: no worker here took it.
		taken = m.GetOutcome() != concernv1.Outcome_OUTCOME_FORWARDED
	case *concernv1.ConcernDeclined, *concernv1.ConcernWithdrawn, *commonv1.EnteredInError:
	default:
		return
	}
	answered := &concernv1.ForwardAnswered{ForwardedConcernId: ID(subject), Phase: o.State(subject).Phase}
	// A declined concern waits for its reporter, who was not shown the offer. It does not end
	// because of the offer.
	taken = taken && !offer.KeepOpen && forwarder.State != stateDeclined
	switch {
	case taken && o.disclosesToOneReporter(from, before):
		answered.ClosesAt = timestamppb.New(o.closing(from, subject))
	case taken:
		o.AddBy(from, &concernv1.ConcernClosed{Outcome: concernv1.Outcome_OUTCOME_FORWARDED}, by)
		return
	}
	o.AddBy(from, answered, by)
}

// disclosesToOneReporter reports whether an agency that reported to the forwarder also has a report
// that joined the forwarded concern. That agency may not know that the two are connected.
func (o *outcome) disclosesToOneReporter(from string, onward Concern) bool {
	var reporters []string
	for _, subject := range append([]string{from}, o.State(from).Reports...) {
		reporters = append(reporters, o.State(subject).Sender.GetAgency())
	}
	group := append([]string{onward.Subject}, onward.Reports...)
	if onward.Lead != "" {
		group = append([]string{onward.Lead}, o.State(onward.Lead).Reports...)
	}
	return slices.ContainsFunc(group, func(subject string) bool {
		return slices.Contains(reporters, o.State(subject).Sender.GetAgency())
	})
}

// closing returns when a concern is closed that was taken by the agency that it was forwarded to.
func (o *outcome) closing(from, onward string) time.Time {
	at := o.At.Add(time.Duration(float64(10*time.Minute) * (0.5 + matter.Chance(from, onward, "closing"))))
	return withinOfficeHours(at, from, onward, "morning").Truncate(time.Microsecond)
}
