package rules

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Evolve folds one event into the state. It handles every event of the service and does not change
// the state that it was given.
func Evolve(c Concern, e matter.Event) Concern {
	if head, revoked := c.Revoked(e); revoked {
		return Concern{Head: head, State: concernv1.ConcernState_CONCERN_STATE_ENTERED_IN_ERROR, Receiver: c.Receiver}
	}
	if head, withdrawn := c.Withdrawn(e); withdrawn {
		// The concern goes on as one that was reported without consent.
		c.Head = head
		return c
	}
	before := c
	if touches(c, e) {
		c.Clock.Touch(e.At)
	}
	c.Thread = c.Thread.Seen(e, matter.SideOf(e, c.Receiver))
	switch m := e.Message.(type) {
	case *concernv1.ConcernSubmitted:
		c = submitted(e, m)
	case *concernv1.ConcernJoined:
		c.Lead, c.OwnLead, c.Later = Collection+m.GetJoinedConcernId(), m.GetOwnJoinedConcernId(), m.GetLater().GetSteps()
	case *concernv1.ReportJoined:
		c.Reports = append(slices.Clip(c.Reports), Collection+m.GetJoiningConcernId())
		c.Clock.Heighten(m.GetUrgency(), e.At, c.unreceivedDue())
		c.OnCall = c.OnCall.Called(m.GetOnCall(), e.At)
	case *concernv1.ConcernPromoted:
		c = promoted(c, e, m)
	case *concernv1.ConcernReceived:
		c = c.to(concernv1.ConcernState_CONCERN_STATE_RECEIVED, e.At)
		c.ReceivedBy = e.By
		c.Holder = &commonv1.Party{Agency: c.Receiver.GetAgency(), Unit: cmp.Or(c.Receiver.GetUnit(), e.By.GetUnit())}
		c.Due = matter.NotPast(matter.EndOfWorkingDay(c.Started, workingDaysToTake), e.At)
	case *concernv1.ConcernTriaged:
		c = triaged(c, e, m)
	case *concernv1.ConcernTaken:
		c = c.to(concernv1.ConcernState_CONCERN_STATE_TAKEN, e.At)
		// A reader that may not see the worker sees the agency only.
		onCall := c.OnCall
		c = c.passedTo(orParty(m.GetWorker(), &commonv1.Party{Agency: c.Receiver.GetAgency()}))
		if matter.OnCallBeside(c.Holder, onCall.Unit) != nil {
			// It was taken elsewhere: the unit on call stays beside the worker.
			c.OnCall = onCall
		}
		c.Taker = m.GetWorker()
		c.Due = matter.NotPast(matter.EndOfWorkingDay(c.Started, workingDaysToTake), e.At)
	case *concernv1.ConcernReassigned:
		c = c.passedTo(m.GetTo())
	case *concernv1.SecondWorkerSet:
		c.Second = m.GetWorker()
	case *commonv1.AppointmentScheduled:
		c = appointmentScheduled(c, m)
	case *commonv1.AppointmentResultRecorded:
		c = appointmentResultRecorded(c, e, m)
	case *concernv1.FeedbackConsentRecorded:
		return feedbackRecorded(c, e, m)
	case *commonv1.ContactPlanned:
		c.PlanContact(e, m)
	case *concernv1.ContactAttempted:
		c.Contacted(e.By)
		c = contactAttempted(c, e, m)
	case *concernv1.InformationRequested:
		c = informationRequested(c, e, m)
	case *concernv1.InformationProvided:
		c = informationProvided(c, e, m)
	case *concernv1.InformationAdded:
		c = informationAdded(c, e, m)
	case *concernv1.ReportAdded:
		c.Clock.Heighten(m.GetUrgency(), e.At, c.unreceivedDue())
		c.OnCall = c.OnCall.Called(m.GetOnCall(), e.At)
		c.Thread = c.Thread.Told(matter.RoleSender)
	case *concernv1.AssessmentStarted:
		c = c.to(concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT, e.At)
		c.Due = dueInAssessment(e.At)
	case *concernv1.AssessmentCompleted:
		c = c.to(concernv1.ConcernState_CONCERN_STATE_ASSESSED, e.At)
		c.SupportNeed, c.PlanID = orKept(m.GetSupportNeed(), c.SupportNeed), m.GetPlanId()
		if m.GetFourField() != nil {
			c.FourField = m.GetFourField()
		}
		c.Due = c.dueAssessed(e.At)
	case *concernv1.ConcernForwarded:
		c = forwarded(c, m)
	case *concernv1.ForwardAnswered:
		c = forwardAnswered(c, e, m)
	case *concernv1.ConcernClosed:
		c = c.to(concernv1.ConcernState_CONCERN_STATE_CLOSED, e.At)
		c.Outcome, c.Feedback, c.Enclosed = m.GetOutcome(), m.GetFeedback(), m.GetAttachments()
		c.GuidedTo, c.ClosingNote, c.Second, c.OnCall = m.GetGuidedTo(), m.GetNote(), nil, matter.OnCall{}
	case *concernv1.ConcernDeclined:
		c = c.to(concernv1.ConcernState_CONCERN_STATE_DECLINED, e.At)
		c.DeclineReason, c.Explanation, c.SuggestedReceiver = m.GetReason(), m.GetExplanation(), m.GetSuggestedReceiver()
		c.Second, c.OnCall = nil, matter.OnCall{}
		c.Due = matter.EndOfWorkingDay(e.At, workingDaysToSettle)
		// It is the reporter's turn now.
		c.Clock.Restart(e.At)
	case *concernv1.ConcernWithdrawn:
		c = c.to(concernv1.ConcernState_CONCERN_STATE_WITHDRAWN, e.At)
		c.Second, c.OnCall = nil, matter.OnCall{}
	case *concernv1.ConcernSettled:
		c = c.to(concernv1.ConcernState_CONCERN_STATE_CLOSED, e.At)
		c.ResubmittedAs = m.GetResubmittedAs()
	case *concernv1.ConcernOverdue:
		c.Fire(m.GetDueAt().AsTime())
		return c.lapsed(m.GetDueAt().AsTime(), e.At).postponed(e.At)
	}
	if c.State != before.State || !slices.Equal(c.Groups, before.Groups) {
		c = c.counted(e.At)
	}
	c = c.unscheduled(e)
	if !c.holds() && isDisclosedToReporter(c, e.Message) {
		c.Asked = ""
	}
	return c
}

// isDisclosedToReporter reports whether events of this type are disclosed to the reporter, by
// whether it hears how the concern goes on.
func isDisclosedToReporter(c Concern, message proto.Message) bool {
	audience := NoConsent
	if c.hears() {
		audience = Consent
	}
	return slices.Contains(Disclosed[matter.NameOf(message)], audience)
}

// phases gives the phase that each state is shown as.
var phases = map[concernv1.ConcernState]commonv1.LoopPhase{
	concernv1.ConcernState_CONCERN_STATE_SUBMITTED:     commonv1.LoopPhase_LOOP_PHASE_SENT,
	concernv1.ConcernState_CONCERN_STATE_RECEIVED:      commonv1.LoopPhase_LOOP_PHASE_RECEIVED,
	concernv1.ConcernState_CONCERN_STATE_TRIAGED:       commonv1.LoopPhase_LOOP_PHASE_RECEIVED,
	concernv1.ConcernState_CONCERN_STATE_TAKEN:         commonv1.LoopPhase_LOOP_PHASE_TAKEN,
	concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT: commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS,
	concernv1.ConcernState_CONCERN_STATE_ASSESSED:      commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS,
	concernv1.ConcernState_CONCERN_STATE_CLOSED:        commonv1.LoopPhase_LOOP_PHASE_CLOSED,
	concernv1.ConcernState_CONCERN_STATE_DECLINED:      commonv1.LoopPhase_LOOP_PHASE_DECLINED,
	concernv1.ConcernState_CONCERN_STATE_WITHDRAWN:     commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN,
}

// to moves to a state. If the state differs, the concern no longer waits for an answer; and if a due time
// was hidden by the request and has passed, it becomes the next working day.
func (c Concern) to(state concernv1.ConcernState, at time.Time) Concern {
	if c.holds() && c.State != state {
		c.Thread.Holding = ""
		c.Due = matter.NotPast(c.Due, at)
		c = c.offersNotPast(at)
	}
	if c.State != state {
		c.NextAttempt, c.Lowered = time.Time{}, time.Time{}
		c = c.withoutFollowUp()
	}
	c.State = state
	if c.holds() {
		return c
	}
	return c.enter(phases[state], at)
}

func (c Concern) enter(phase commonv1.LoopPhase, at time.Time) Concern {
	c.Enter(phase, at)
	return c
}

func submitted(e matter.Event, m *concernv1.ConcernSubmitted) Concern {
	c := Concern{
		Head: matter.Begin(e, commonv1.LoopPhase_LOOP_PHASE_SENT), Receiver: m.GetReceiver(),
		Topics: m.GetTopics(), Description: m.GetDescription(), Urgency: m.GetUrgency(),
		Attachments: m.GetAttachments(), Language: m.GetClientLanguage(),
		Interpreter: m.GetClientInterpreter(), Area: m.GetReceivingArea(), Earlier: m.GetEarlierConcerns(), EarlierUnreached: m.GetEarlierUnreached(), Holder: m.GetReceiver(),
	}
	c.Due, c.Clock = m.GetDueAt().AsTime(), matter.StartClock(m.GetUrgency(), m.GetDueAt().AsTime())
	c.Groups, c.ToSocialServices = m.GetStatutoryGroups(), m.GetToSocialServices()
	if from := m.GetForwardedFromConcernId(); from != "" {
		c.ForwardedFrom = Collection + from
	}
	return c.hearing().to(concernv1.ConcernState_CONCERN_STATE_SUBMITTED, e.At)
}

// unreceivedDue returns the due time of a concern that was not received; zero for all others.
func (c Concern) unreceivedDue() time.Time {
	if c.State != stateSubmitted {
		return time.Time{}
	}
	return c.Due
}

func promoted(c Concern, e matter.Event, m *concernv1.ConcernPromoted) Concern {
	c.Lead, c.OwnLead, c.Later = "", "", nil
	if stays := m.GetJoinedConcernId(); stays != "" {
		c.Lead = Collection + stays
		return c
	}
	for _, report := range m.GetJoinedConcernIds() {
		c.Reports = append(slices.Clip(c.Reports), Collection+report)
	}
	if m.GetUrgency() == commonv1.Urgency_URGENCY_UNSPECIFIED {
		// The event as disclosed to its reporter, whose due time does not depend on other reports.
		return c
	}
	c.TakenBefore = m.GetTakenBefore()
	c.Clock.Heighten(m.GetUrgency(), e.At, c.unreceivedDue())
	if c.State != stateSubmitted {
		c.Clock.Restart(e.At)
	}
	return c
}

// offersNotPast moves the due time of a pending offer onward to the next working day if it passed
// while a question was open.
func (c Concern) offersNotPast(at time.Time) Concern {
	c.Forwards = slices.Clone(c.Forwards)
	for i := range c.Forwards {
		if c.Forwards[i].Pending {
			c.Forwards[i].DueAt = matter.NotPast(c.Forwards[i].DueAt, at)
		}
	}
	return c
}

func forwarded(c Concern, m *concernv1.ConcernForwarded) Concern {
	if m.GetForwardedConcernId() == "" {
		// The event as disclosed to the reporter: that it was forwarded, but not to whom.
		return c
	}
	c.Forwards = append(slices.Clip(c.Forwards), Forward{
		Subject: Collection + m.GetForwardedConcernId(), Receiver: m.GetReceiver(),
		DueAt: m.GetDueAt().AsTime(), KeepOpen: m.GetKeepOpen(), Pending: true,
	})
	return c
}

// forwardAnswered ends an offer onward that did not end the matter. It is the forwarder's turn
// again.
func forwardAnswered(c Concern, e matter.Event, m *concernv1.ForwardAnswered) Concern {
	c.Forwards = slices.Clone(c.Forwards)
	for i := range c.Forwards {
		if c.Forwards[i].Subject == Collection+m.GetForwardedConcernId() {
			c.Forwards[i].Pending = false
		}
	}
	c.Due = matter.NotPast(c.Due, e.At)
	for _, due := range []*time.Time{&c.Lowered, &c.NextAttempt, &c.Statutory, &c.FollowUp} {
		if !due.IsZero() {
			*due = matter.NotPast(*due, e.At)
		}
	}
	c.Clock.Restart(e.At)
	if m.GetClosesAt() != nil {
		c.ClosesAt = m.GetClosesAt().AsTime()
	}
	return c
}

func orParty(party, otherwise *commonv1.Party) *commonv1.Party {
	if party != nil {
		return party
	}
	return otherwise
}

// orKept returns the new judgement, or the earlier one if the new one is unspecified.
func orKept[T ~int32](judged, kept T) T {
	if judged == 0 {
		return kept
	}
	return judged
}
