package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// The reporter and the receiver ask each other, answer and add. A thread stays on its report, also if the
// report joined another: the reporter may not know that it did.

// asks reports whether a side has an open request. A question from before lapsing counts as long as the
// reporter sees it as open.
func (c Concern) asks(side matter.Role) bool {
	_, open := c.Thread.OpenFrom(side)
	return open || side == matter.RoleReceiver && (c.holds() || c.Asked != "")
}

// receiverAsks allows the receiver to ask while nothing that it asked is open.
func receiverAsks(view Concern, actor matter.Actor) bool {
	return open(view, actor) && !view.asks(matter.RoleReceiver)
}

// reporterAsks allows the reporter to ask while it hears how the concern goes on, and nothing that it asked
// is open.
func reporterAsks(view Concern, actor matter.Actor) bool {
	return open(view, actor) && view.hears() && !view.asks(matter.RoleSender)
}

// answers allows an answer while there is a request without one.
func answers(view Concern, actor matter.Actor) bool {
	return open(view, actor) && view.Thread.AwaitsAnswer()
}

// receiverAdds allows the receiver to add what it learned while the reporter hears how the concern goes on.
func receiverAdds(view Concern, actor matter.Actor) bool { return open(view, actor) && view.hears() }

// reporterAdds allows the reporter to add if its report may say what it is about. Nothing more is said on a
// consent that was withdrawn.
func reporterAdds(view Concern, actor matter.Actor) bool {
	return open(view, actor) && !view.IsWithdrawn() && view.content() >= commonv1.ContentProfile_CONTENT_PROFILE_TOPICS
}

// open allows a step from the sending to the end, also on a report that joined another.
func open(view Concern, actor matter.Actor) bool {
	return in(run(stateSubmitted, stateAssessed)...)(view, actor)
}

// content returns the most that the report's ground lets its reporter say. Before there were terms, a report
// on consent said all, and another what it is about, unless it named no topic.
func (c Concern) content() commonv1.ContentProfile {
	switch {
	case c.Basis.GetTerms() != nil:
		return c.Basis.GetTerms().GetContent()
	case c.RestsOnConsent():
		return commonv1.ContentProfile_CONTENT_PROFILE_WHOLE
	case len(c.Topics) == 0:
		return commonv1.ContentProfile_CONTENT_PROFILE_IDENTIFICATION
	default:
		return commonv1.ContentProfile_CONTENT_PROFILE_TOPICS
	}
}

// sideOf returns the side that an actor speaks for.
func sideOf(actor matter.Actor, c Concern) matter.Role {
	return matter.SideOf(matter.Event{By: actor.Party()}, c.Receiver)
}

func checkRequest(_ World, command Command, r *concernv1.RequestInformationRequest) error {
	return matter.CheckAsked(r, command.At)
}

func recordRequest(o *outcome, command Command, r *concernv1.RequestInformationRequest) {
	o.received(command.Subject)
	c := o.State(command.Subject)
	// The reporter is shown the due time, which must tell it nothing of the receiver's judgement.
	urgency := o.world.View(command.Subject, c.Sender.GetAgency()).State.Clock.Urgency
	o.Add(command.Subject, &concernv1.InformationRequested{
		InformationRequestId: command.NewID, Question: r.GetQuestion(), Papers: r.GetPapers(), Lapses: true,
		DueAt: timestamppb.New(matter.AnswerBy(r.GetDueAt(), urgency, command.At)),
	})
}

// checkAnswer refuses an answer that the caller's side may not give. To a reporter that does not hear how
// the concern goes on, the receiver says nothing of it.
func checkAnswer(world World, command Command, r *concernv1.ProvideInformationRequest) error {
	c := world.State(command.Subject)
	side := sideOf(command.Actor, c)
	if err := world.View(command.Subject, command.Actor.Agency).State.Thread.CheckAnswer(side, r); err != nil {
		return err
	}
	if side != matter.RoleReceiver || c.hears() {
		return nil
	}
	return checkNoWords("the client did not consent to the reporter hearing how the concern goes on", "answer", r.GetAnswer(), r.GetAttachmentIds(),
		"leave empty: answer with ANSWER_CODE_CALL_US")
}

// checkNoWords refuses words and attachments, for a reason, and says what to send instead.
func checkNoWords(why, field, words string, attachments []string, instead string) error {
	switch {
	case words != "":
		return fault.New(fault.ContentNotAllowed, "%s", why).Field(field, instead)
	case len(attachments) > 0:
		return fault.New(fault.ContentNotAllowed, "%s", why).Field("attachment_ids", instead)
	}
	return nil
}

func recordAnswer(o *outcome, command Command, r *concernv1.ProvideInformationRequest) {
	o.received(command.Subject)
	provided := &concernv1.InformationProvided{
		InformationRequestId: r.GetInformationRequestId(), Answer: r.GetAnswer(), Attachments: command.Attachments, Code: r.GetCode(),
	}
	if asked, _ := o.State(command.Subject).Thread.Request(r.GetInformationRequestId()); r.GetCode() == commonv1.AnswerCode_ANSWER_CODE_UNSPECIFIED {
		provided.Missing = matter.MissingPapers(asked.Papers, command.Attachments)
	}
	o.Add(command.Subject, provided)
	o.tellLead(command, commonv1.Urgency_URGENCY_UNSPECIFIED)
}

// checkAddition refuses an addition that says nothing, and one that the report's ground does not allow its
// reporter to say (1301/2014 § 35).
func checkAddition(world World, command Command, r *concernv1.AddInformationRequest) error {
	view := world.View(command.Subject, command.Actor.Agency).State
	side := sideOf(command.Actor, view)
	if r.GetText() == "" && len(r.GetAttachmentIds()) == 0 && r.GetUrgency() == commonv1.Urgency_URGENCY_UNSPECIFIED && len(r.GetTopics()) == 0 {
		return fault.New(fault.InvalidField, "the addition says nothing").Field("text", "words, attachments, urgency or topics")
	}
	if side == matter.RoleReceiver && len(r.GetTopics()) > 0 {
		return fault.New(fault.InvalidField, "only the reporter says what it observed").Field("topics", "leave empty")
	}
	if err := matter.CheckUrgency(side, r.GetUrgency(), view.Clock.Urgency); err != nil {
		return err
	}
	words := view.content() >= commonv1.ContentProfile_CONTENT_PROFILE_NECESSARY || view.Basis.GetTerms() == nil && command.Facts.Words
	if side == matter.RoleReceiver || words {
		return nil
	}
	return checkNoWords("on this ground, a report of your agency carries no words and no attachments", "text", r.GetText(), r.GetAttachmentIds(),
		"leave empty: add topics or urgency")
}

func recordAddition(o *outcome, command Command, r *concernv1.AddInformationRequest) {
	o.received(command.Subject)
	added := &concernv1.InformationAdded{
		AdditionId: command.NewID, Text: r.GetText(), Attachments: command.Attachments, Urgency: r.GetUrgency(), Topics: r.GetTopics(),
	}
	if c := o.State(command.Subject); c.Lead == "" {
		added.OnCall = o.calledFor(c, r.GetUrgency())
	}
	o.Add(command.Subject, added)
	o.tellLead(command, r.GetUrgency())
}

// calledFor returns the unit on call beside the holder of a concern that becomes an emergency; nil if there
// is none.
func (o *outcome) calledFor(c Concern, urgency commonv1.Urgency) *commonv1.Party {
	if urgency != commonv1.Urgency_URGENCY_EMERGENCY || c.Clock.Urgency == urgency {
		return nil
	}
	return matter.OnCallBeside(c.Holder, o.facts.OnCall)
}

// tellLead records on the leading concern that the reporter of a report that joined it said more.
func (o *outcome) tellLead(command Command, urgency commonv1.Urgency) {
	c := o.State(command.Subject)
	lead := o.State(c.Lead)
	if c.Lead == "" || sideOf(command.Actor, c) == matter.RoleReceiver {
		return
	}
	o.Add(c.Lead, &concernv1.ReportAdded{JoiningConcernId: ID(command.Subject), Urgency: urgency, OnCall: o.calledFor(lead, urgency)})
}

// received records the receipt of a concern that its receiver acts on before it received it. A report that
// joined another catches up with it: at once if its reporter hears how the concern goes on, since who speaks
// with the reporter does not keep from it how far the concern has come; else step by step, as after any
// receipt.
func (o *outcome) received(subject string) {
	c := o.State(subject)
	if c.State != stateSubmitted || sideOf(o.Actor, c) != matter.RoleReceiver {
		return
	}
	o.Add(subject, &concernv1.ConcernReceived{})
	lead := o.followed(c)
	if lead == "" || !c.hears() {
		o.catchUp(subject)
		return
	}
	for _, step := range o.missing(o.State(subject), o.State(lead), nil) {
		o.Draft.AddBy(subject, step.message, step.by)
	}
	// The reports that are shown to follow this one get the steps one at a time.
	for _, report := range o.joinedTo(o.State(subject)) {
		o.catchUp(report)
	}
}

// touches reports whether a person at the receiver handles the concern by an event.
func touches(c Concern, e matter.Event) bool {
	_, asks := e.Message.(*concernv1.InformationRequested)
	return touching[matter.NameOf(e.Message)] && (!asks || matter.SideOf(e, c.Receiver) == matter.RoleReceiver)
}

func informationRequested(c Concern, e matter.Event, m *concernv1.InformationRequested) Concern {
	holds := false
	if c.Thread, holds = c.Thread.Ask(e, m, matter.SideOf(e, c.Receiver)); !holds {
		return c
	}
	if !m.GetLapses() {
		c.Asked = m.GetInformationRequestId()
	}
	return c.enter(commonv1.LoopPhase_LOOP_PHASE_WAITING, e.At)
}

func informationProvided(c Concern, e matter.Event, m *concernv1.InformationProvided) Concern {
	asked, _ := c.Thread.Request(m.GetInformationRequestId())
	side, held := matter.SideOf(e, c.Receiver), false
	c.Thread, held = c.Thread.Answer(e, m)
	c.Thread = c.Thread.Told(side)
	if side == matter.RoleSender {
		c.Attachments = append(slices.Clip(c.Attachments), m.GetAttachments()...)
	}
	if !held {
		// A later step had closed the question and the reporter was not shown it, the request had lapsed, or
		// the concern never waited for it. The answer is kept and changes nothing.
		return c
	}
	c = c.resumed(e.At, e.At)
	if side == matter.RoleSender {
		c.Clock.Restart(e.At)
	}
	if !asked.Lapses {
		c = c.counted(e.At)
	}
	return c
}

// lapsed ends the requests that lapse by a due time that was found passed at a time.
func (c Concern) lapsed(due, at time.Time) Concern {
	if c.Lapse(due) {
		return c.resumed(due, at)
	}
	return c
}

// resumed ends the waiting for an answer at a time: the due times of the state count anew from from.
func (c Concern) resumed(from, at time.Time) Concern {
	c.Due, c.Lowered = dueAfterAnswer(c.State, from), time.Time{}
	if !c.FollowUp.IsZero() {
		c.FollowUp = matter.NotPast(c.FollowUp, from)
	}
	return c.offersNotPast(from).enter(phases[c.State], at)
}

func informationAdded(c Concern, e matter.Event, m *concernv1.InformationAdded) Concern {
	c.Additions = append(slices.Clip(c.Additions), &concernv1.Addition{
		AdditionId: m.GetAdditionId(), Text: m.GetText(), Attachments: m.GetAttachments(), Urgency: m.GetUrgency(), Topics: m.GetTopics(),
		At: timestamppb.New(e.At), By: e.By,
	})
	for _, topic := range m.GetTopics() {
		if !slices.Contains(c.Topics, topic) {
			c.Topics = append(slices.Clip(c.Topics), topic)
		}
	}
	if m.GetUrgency() != commonv1.Urgency_URGENCY_UNSPECIFIED {
		c.Urgency = m.GetUrgency()
		c.Clock.Heighten(m.GetUrgency(), e.At, c.unreceivedDue())
	}
	c.OnCall = c.OnCall.Called(m.GetOnCall(), e.At)
	c.Thread = c.Thread.Told(matter.SideOf(e, c.Receiver))
	return c
}

// informationRequests are the requests of both sides as a reader of the view reads them.
func informationRequests(view Concern) []*concernv1.InformationRequest {
	var all []*concernv1.InformationRequest
	for _, r := range view.Thread.Requests {
		request := &concernv1.InformationRequest{
			InformationRequestId: r.ID, Question: r.Question, Papers: r.Papers, By: r.By, AskedAt: timestamppb.New(r.AskedAt), DueAt: timestamppb.New(r.DueAt),
			Answer: r.Answer, Attachments: r.Attachments, Code: r.Code, Missing: r.Missing, AnsweredBy: r.AnsweredBy, Lapsed: r.Lapsed,
		}
		if r.IsAnswered() {
			request.AnsweredAt = timestamppb.New(r.AnsweredAt)
		}
		all = append(all, request)
	}
	return all
}
