package rules

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Evolve folds one event into the state. It handles every event of the service and does not change
// the state that it was given.
func Evolve(r Referral, e matter.Event) Referral {
	if head, revoked := r.Revoked(e); revoked {
		return Referral{Head: head, State: referralv1.ReferralState_REFERRAL_STATE_ENTERED_IN_ERROR, Receiver: r.Receiver, FirstSender: r.FirstSender}
	}
	if head, withdrawn := r.Withdrawn(e); withdrawn {
		ends := r.Ends(e)
		if r.Head = head; ends {
			r = r.to(referralv1.ReferralState_REFERRAL_STATE_CANCELLED, e.At, time.Time{})
		}
		return r
	}
	if touches(r, e) {
		r.Clock.Touch(e.At)
	}
	r.Thread = r.Thread.Seen(e, matter.SideOf(e, r.Receiver))
	switch m := e.Message.(type) {
	case *referralv1.ReferralSent:
		return sent(e, m)
	case *referralv1.ReferralReceived:
		r = r.to(stateReceived, e.At, matter.Grace(r.Urgency, matter.Graces{NormalWorkingDays: workingDaysToDecide}, e.At))
		r.Holder = &commonv1.Party{Agency: r.Receiver.GetAgency(), Unit: cmp.Or(r.Receiver.GetUnit(), e.By.GetUnit())}
	case *referralv1.ReferralTriaged:
		r = triaged(r, e, m)
	case *referralv1.ReferralAccepted:
		r = r.to(stateAccepted, e.At, informBy(e.At))
		r.Holder = m.GetWorker()
		if matter.OnCallBeside(r.Holder, r.OnCall.Unit) == nil {
			r.OnCall = matter.OnCall{}
		}
	case *referralv1.ReferralDeclined:
		r = r.to(stateDeclined, e.At, matter.EndOfWorkingDay(e.At, workingDaysToSettle))
		// It is the sender's turn now.
		r.Clock.Restart(e.At)
		r.DeclineReason, r.Explanation, r.SuggestedReceiver = m.GetReason(), m.GetExplanation(), m.GetSuggestedReceiver()
	case *referralv1.ReferralRedirected:
		if r.State == stateSent {
			// A step straight from SENT implies the receipt.
			r = Evolve(r, matter.Event{Subject: e.Subject, Message: &referralv1.ReferralReceived{}, By: e.By, At: e.At})
		}
		// What was asked stays open, and the referral no longer waits for it.
		r.Thread.Holding = ""
		r.Enter(phases[r.State], e.At)
		r.Onward = Onward{Subject: Collection + m.GetRedirectedReferralId(), Receiver: m.GetReceiver(), DueAt: m.GetDueAt().AsTime(), Pending: true}
	case *referralv1.RedirectAnswered:
		r = redirectAnswered(r, e, m)
	case *referralv1.ReferralReassigned:
		r.Holder, r.OnCall = m.GetTo(), matter.OnCall{}
	case *referralv1.AppointmentScheduled:
		r = r.to(stateInProgress, e.At, informBy(e.At))
		r.Appointments = append(slices.Clip(r.Appointments), &referralv1.Appointment{AppointmentId: m.GetAppointmentId(), At: m.GetAt(), Place: m.GetPlace()})
	case *referralv1.AppointmentResultRecorded:
		r = resultRecorded(r, e, m)
	case *referralv1.InformationRequested:
		r = informationRequested(r, e, m)
	case *referralv1.InformationProvided:
		r = informationProvided(r, e, m)
	case *referralv1.InformationAdded:
		r = informationAdded(r, e, m)
	case *commonv1.ContactPlanned:
		r.PlanContact(e, m)
	case *referralv1.ProgressNoteAdded:
		state := stateInProgress
		if m.GetOnHold() {
			state = stateOnHold
		}
		r = r.to(state, e.At, informBy(e.At))
		r.Notes = append(slices.Clip(r.Notes), &referralv1.ProgressNote{At: timestamppb.New(e.At), By: e.By, Text: m.GetText(), Attachments: m.GetAttachments()})
	case *referralv1.ReferralCompleted:
		r = r.to(referralv1.ReferralState_REFERRAL_STATE_COMPLETED, e.At, time.Time{})
		r.Outcome, r.OutcomeNote, r.Enclosed = m.GetOutcome(), m.GetOutcomeNote(), m.GetAttachments()
	case *referralv1.ReferralCancellationRequested:
		r = r.to(stateInProgress, e.At, r.Due)
		r.CancelBy = matter.EndOfWorkingDay(e.At, workingDaysToAnswer)
	case *referralv1.ReferralCancellationRefused:
		r = r.to(stateInProgress, e.At, informBy(e.At))
		r.CancelBy = time.Time{}
	case *referralv1.ReferralSettled:
		r = r.to(referralv1.ReferralState_REFERRAL_STATE_COMPLETED, e.At, time.Time{})
		r.ResubmittedAs = m.GetResubmittedAs()
	case *referralv1.ReferralCancelled:
		r = r.to(referralv1.ReferralState_REFERRAL_STATE_CANCELLED, e.At, time.Time{})
	case *referralv1.ReferralOverdue:
		r.Fire(m.GetDueAt().AsTime())
		r = r.lapsed(m.GetDueAt().AsTime(), e.At)
	}
	return r
}

// phases gives the phase that each state is shown as.
var phases = map[referralv1.ReferralState]commonv1.LoopPhase{
	stateSent:       commonv1.LoopPhase_LOOP_PHASE_SENT,
	stateReceived:   commonv1.LoopPhase_LOOP_PHASE_RECEIVED,
	stateAccepted:   commonv1.LoopPhase_LOOP_PHASE_TAKEN,
	stateInProgress: commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS,
	stateOnHold:     commonv1.LoopPhase_LOOP_PHASE_WAITING,
	stateDeclined:   commonv1.LoopPhase_LOOP_PHASE_DECLINED,
	referralv1.ReferralState_REFERRAL_STATE_COMPLETED:  commonv1.LoopPhase_LOOP_PHASE_CLOSED,
	referralv1.ReferralState_REFERRAL_STATE_REDIRECTED: commonv1.LoopPhase_LOOP_PHASE_CLOSED,
	referralv1.ReferralState_REFERRAL_STATE_CANCELLED:  commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN,
}

// to moves to a state with its due time. A statutory time that was suspended on hold is counted
// again from at.
func (r Referral) to(state referralv1.ReferralState, at, due time.Time) Referral {
	if r.State == stateOnHold && state == stateInProgress && !r.Statutory.IsZero() {
		r.CountsFrom = at
		r.Statutory, r.Provision = grantBy(r.Limit, r.Clock.Urgency, at, at)
	}
	r.State, r.Due = state, due
	if !r.open() {
		r.Thread.Holding = ""
	}
	if !r.holds() {
		r.Enter(phases[state], at)
	}
	if r.Ended() {
		r.CancelBy, r.Onward.Pending = time.Time{}, false
	}
	return r
}

func sent(e matter.Event, m *referralv1.ReferralSent) Referral {
	r := Referral{
		Head: matter.Begin(e, commonv1.LoopPhase_LOOP_PHASE_SENT), State: stateSent,
		Receiver: m.GetReceiver(), Holder: m.GetReceiver(), Kind: m.GetKind(), ServiceKey: m.GetServiceKey(), Reason: m.GetReason(),
		Urgency: m.GetUrgency(), Attachments: m.GetAttachments(), Language: m.GetClientLanguage(), Interpreter: m.GetClientInterpreter(), FirstSender: m.GetFirstSender(),
	}
	r.Due, r.Clock = m.GetDueAt().AsTime(), matter.StartClock(m.GetUrgency(), m.GetDueAt().AsTime())
	r.ToSocialServices, r.ArrivedOn = m.GetToSocialServices(), m.GetApplicationArrivedOn()
	if m.GetStatutoryDueAt() != nil {
		r.Statutory, r.Provision = m.GetStatutoryDueAt().AsTime(), m.GetDueProvision()
		r.Limit = limitOf(e.Basis, m)
		r.CountsFrom = countsFrom(r.Limit, r.ArrivedOn, e.At)
	}
	if from := m.GetRedirectedFromReferralId(); from != "" {
		r.RedirectedFrom = Collection + from
	}
	return r
}

// triaged records a judgement of how urgent a referral is. A received referral gets the due time of
// one that is not urgent; the clock gives an urgent one its earlier limit.
func triaged(r Referral, e matter.Event, m *referralv1.ReferralTriaged) Referral {
	r.TriagedUrgency = m.GetUrgency()
	r.Clock.Judge(m.GetUrgency(), e.At)
	r.OnCall = r.OnCall.Judged(m.GetUrgency()).Called(m.GetOnCall(), e.At)
	if m.GetStatutoryDueAt() != nil {
		r.Statutory, r.Provision = m.GetStatutoryDueAt().AsTime(), m.GetDueProvision()
	}
	if r.State == stateReceived {
		r.Due = matter.NotPast(matter.EndOfWorkingDay(r.Since, workingDaysToDecide), e.At)
	}
	return r
}

func redirectAnswered(r Referral, e matter.Event, m *referralv1.RedirectAnswered) Referral {
	r.Onward.Pending = false
	if m.GetAccepted() {
		return r.to(referralv1.ReferralState_REFERRAL_STATE_REDIRECTED, e.At, time.Time{})
	}
	r.Due = matter.NotPast(r.Due, e.At)
	if !r.Statutory.IsZero() {
		r.Statutory = matter.NotPast(r.Statutory, e.At)
	}
	r.Clock.Restart(e.At)
	if !r.CancelBy.IsZero() {
		r.CancelBy = matter.NotPast(r.CancelBy, e.At)
	}
	return r
}

func resultRecorded(r Referral, e matter.Event, m *referralv1.AppointmentResultRecorded) Referral {
	due := informBy(e.At)
	if m.GetResult() == referralv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW {
		due = matter.EndOfWorkingDay(e.At, workingDaysAfterNoShow)
	}
	r = r.to(stateInProgress, e.At, due)
	r.Appointments = slices.Clone(r.Appointments)
	for i, appointment := range r.Appointments {
		if appointment.GetAppointmentId() == m.GetAppointmentId() {
			r.Appointments[i] = proto.CloneOf(appointment)
			r.Appointments[i].Result = m.GetResult()
		}
	}
	return r
}
