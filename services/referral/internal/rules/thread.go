package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// The sender and the receiver ask each other, answer and add.

// open reports whether the referral goes on: from its sending until it ends or is declined.
func (r Referral) open() bool { return r.undecided() || r.accepted() }

// holds reports whether the referral waits for the sender's answer.
func (r Referral) holds() bool { return r.Thread.Holding != "" }

// asks allows a side to ask while nothing that it asked is open.
func asks(side matter.Role) condition {
	return withoutOffer(func(r Referral) bool {
		_, open := r.Thread.OpenFrom(side)
		return r.open() && !open
	})
}

// answers allows an answer while there is a request without one.
func answers(r Referral) bool { return r.open() && r.Thread.AwaitsAnswer() }

// sideOf returns the side that an actor speaks for.
func sideOf(actor matter.Actor, r Referral) matter.Role {
	return matter.SideOf(matter.Event{By: actor.Party()}, r.Receiver)
}

func checkRequest(_ World, command Command, r *referralv1.RequestInformationRequest) error {
	return matter.CheckAsked(r, command.At)
}

func recordRequest(o *outcome, command Command, r *referralv1.RequestInformationRequest) {
	o.received(command.Subject)
	sender := o.State(command.Subject).Sender.GetAgency()
	urgency := o.world.View(command.Subject, sender).State.Clock.Urgency
	o.Add(command.Subject, &referralv1.InformationRequested{
		InformationRequestId: command.NewID, Question: r.GetQuestion(), Papers: r.GetPapers(), Lapses: true,
		DueAt: timestamppb.New(matter.AnswerBy(r.GetDueAt(), urgency, command.At)),
	})
}

func checkAnswer(world World, command Command, r *referralv1.ProvideInformationRequest) error {
	view := world.View(command.Subject, command.Actor.Agency).State
	return view.Thread.CheckAnswer(sideOf(command.Actor, view), r)
}

func recordAnswer(o *outcome, command Command, r *referralv1.ProvideInformationRequest) {
	o.received(command.Subject)
	provided := &referralv1.InformationProvided{
		InformationRequestId: r.GetInformationRequestId(), Answer: r.GetAnswer(), Attachments: command.Attachments, Code: r.GetCode(),
	}
	if asked, _ := o.State(command.Subject).Thread.Request(r.GetInformationRequestId()); r.GetCode() == commonv1.AnswerCode_ANSWER_CODE_UNSPECIFIED {
		provided.Missing = matter.MissingPapers(asked.Papers, command.Attachments)
	}
	o.Add(command.Subject, provided)
}

func checkAddition(world World, command Command, r *referralv1.AddInformationRequest) error {
	view := world.View(command.Subject, command.Actor.Agency).State
	if r.GetText() == "" && len(r.GetAttachmentIds()) == 0 && r.GetUrgency() == commonv1.Urgency_URGENCY_UNSPECIFIED {
		return fault.New(fault.InvalidField, "the addition says nothing").Field("text", "words, attachments or urgency")
	}
	return matter.CheckUrgency(sideOf(command.Actor, view), r.GetUrgency(), view.Clock.Urgency)
}

func recordAddition(o *outcome, command Command, r *referralv1.AddInformationRequest) {
	o.received(command.Subject)
	added := &referralv1.InformationAdded{
		AdditionId: command.NewID, Text: r.GetText(), Attachments: command.Attachments, Urgency: r.GetUrgency(),
	}
	if side := sideOf(command.Actor, o.State(command.Subject)); side == matter.RoleReceiver {
		o.Add(command.Subject, added)
		return
	}
	// What the sender adds reaches whoever decides: the third agency too, and a fourth, while it is offered there.
	for subject := command.Subject; ; {
		referral := o.State(subject)
		o.Add(subject, addedOn(referral, added, command.Facts.OnCallFor[subject]))
		if !referral.Onward.Pending {
			return
		}
		subject = referral.Onward.Subject
	}
}

// addedOn returns an addition as it is recorded on one referral: with the unit on call beside the holder, if the
// referral becomes an emergency by it.
func addedOn(r Referral, added *referralv1.InformationAdded, onCall *commonv1.Party) *referralv1.InformationAdded {
	on := &referralv1.InformationAdded{AdditionId: added.GetAdditionId(), Text: added.GetText(), Attachments: added.GetAttachments(), Urgency: added.GetUrgency()}
	if added.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY && r.Clock.Urgency != added.GetUrgency() {
		on.OnCall = matter.OnCallBeside(r.Holder, onCall)
	}
	return on
}

// received records the receipt of a referral that its receiver acts on before it received it.
func (o *outcome) received(subject string) {
	if r := o.State(subject); r.State == stateSent && sideOf(o.Actor, r) == matter.RoleReceiver {
		o.Add(subject, &referralv1.ReferralReceived{})
	}
}

// checkAskedFirst refuses to decline a referral as incomplete before the sender was asked for what is missing,
// and answered or let the time pass (434/2003 § 22: the authority asks for what is missing).
func checkAskedFirst(r Referral) error {
	if r.Thread.WasAskedFirst(matter.RoleReceiver) {
		return nil
	}
	return fault.New(fault.AskFirst, "nobody asked the sender for what is missing").With("allowed_steps", "RequestInformation")
}

// touches reports whether a person at the receiver handles the referral by an event.
func touches(r Referral, e matter.Event) bool {
	_, asks := e.Message.(*referralv1.InformationRequested)
	return touching[matter.NameOf(e.Message)] && (!asks || matter.SideOf(e, r.Receiver) == matter.RoleReceiver)
}

func informationRequested(r Referral, e matter.Event, m *referralv1.InformationRequested) Referral {
	holds := false
	if r.Thread, holds = r.Thread.Ask(e, m, matter.SideOf(e, r.Receiver)); holds {
		r.Enter(commonv1.LoopPhase_LOOP_PHASE_WAITING, e.At)
	}
	return r
}

// lapsed ends the requests that lapse by a due time that was found passed at a time.
func (r Referral) lapsed(due, at time.Time) Referral {
	if r.Lapse(due) {
		return r.resumed(due, at)
	}
	return r
}

// resumed ends the waiting for an answer at a time: the due times of the state count anew from from. A day that
// the law sets has never rested.
func (r Referral) resumed(from, at time.Time) Referral {
	if r.accepted() {
		r.Due = informBy(from)
	} else {
		r.Due = matter.EndOfWorkingDay(from, workingDaysToDecide)
	}
	if !r.CancelBy.IsZero() {
		r.CancelBy = matter.EndOfWorkingDay(from, workingDaysToAnswer)
	}
	r.Enter(phases[r.State], at)
	return r
}

func informationProvided(r Referral, e matter.Event, m *referralv1.InformationProvided) Referral {
	side, held := matter.SideOf(e, r.Receiver), false
	r.Thread, held = r.Thread.Answer(e, m)
	r.Thread = r.Thread.Told(side)
	if !held {
		return r
	}
	if side == matter.RoleSender {
		r.Clock.Restart(e.At)
	}
	return r.resumed(e.At, e.At)
}

func informationAdded(r Referral, e matter.Event, m *referralv1.InformationAdded) Referral {
	r.Additions = append(slices.Clip(r.Additions), &referralv1.Addition{
		AdditionId: m.GetAdditionId(), Text: m.GetText(), Attachments: m.GetAttachments(), Urgency: m.GetUrgency(), At: timestamppb.New(e.At), By: e.By,
	})
	if m.GetUrgency() != commonv1.Urgency_URGENCY_UNSPECIFIED {
		r.Urgency = m.GetUrgency()
		var unreceived time.Time
		if r.State == stateSent {
			unreceived = r.Due
		}
		r.Clock.Heighten(m.GetUrgency(), e.At, unreceived)
	}
	r.OnCall = r.OnCall.Called(m.GetOnCall(), e.At)
	r.Thread = r.Thread.Told(matter.SideOf(e, r.Receiver))
	return r
}

// informationRequests are the requests of both sides as a reader of the view reads them.
func informationRequests(view Referral) []*referralv1.InformationRequest {
	var all []*referralv1.InformationRequest
	for _, r := range view.Thread.Requests {
		request := &referralv1.InformationRequest{
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
