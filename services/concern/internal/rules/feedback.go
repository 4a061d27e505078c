package rules

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// The client consents to be helped, and may consent to the reporter hearing how it goes. The two are
// separate (1301/2014 §§ 35.1, 40.2): without the second, a reporter learns what became of its report
// and no more, whatever the legal basis of the report is.

// hearing begins the concern's feedback with what the report's legal basis says. Before there were
// terms, a consent covered both.
func (c Concern) hearing() Concern {
	at := c.Basis.GetFeedbackConsentedAt()
	c.HearsBack = at != nil
	if c.Basis.GetTerms() == nil && c.RestsOnConsent() {
		at, c.HearsBack = c.Basis.GetConsentedAt(), true
	}
	c.FeedbackConsentedAt = at
	return c
}

// hears reports whether the reporter hears how the concern goes on.
func (c Concern) hears() bool { return c.HearsBack && !c.IsWithdrawn() }

// feedbackConsent returns the time of the client's consent to feedback; nil if it does not stand.
func (c Concern) feedbackConsent() *timestamppb.Timestamp {
	if !c.hears() {
		return nil
	}
	return c.FeedbackConsentedAt
}

// feedbackAsked allows the step from the receipt until the end, on each report for itself. A
// withdrawn consent has ended the feedback too.
func feedbackAsked(view Concern, actor matter.Actor) bool {
	return in(run(stateReceived, stateAssessed)...)(view, actor) && !view.IsWithdrawn()
}

// checkFeedbackConsent refuses a yes without a time, or with one in the future, and a no with a time.
func checkFeedbackConsent(_ World, command Command, r *concernv1.RecordFeedbackConsentRequest) error {
	const field = "consented_at"
	switch at := r.GetConsentedAt(); {
	case !r.GetConsented() && at != nil:
		return fault.New(fault.InvalidField, "the client did not consent, so there is no time of consent").Field(field, "leave empty without consented")
	case !r.GetConsented():
		return nil
	case at == nil:
		return fault.New(fault.InvalidField, "the time of the consent is missing").Field(field, "required with consented")
	case at.AsTime().After(command.At.Add(matter.ClockTolerance)):
		return fault.New(fault.InvalidField, "the time of the consent is in the future").Field(field, "not in the future")
	}
	return nil
}

// recordFeedbackConsent records the client's answer, with what the reporter must know to follow the
// concern from now on.
func recordFeedbackConsent(o *outcome, command Command, r *concernv1.RecordFeedbackConsentRequest) {
	c := o.State(command.Subject)
	recorded := &concernv1.FeedbackConsentRecorded{
		Consented: r.GetConsented(), ByClient: command.Actor.Agency == "", State: c.State, Holder: proto.CloneOf(Responsible(c)),
	}
	if r.GetConsented() {
		recorded.ConsentedAt = timestamppb.New(matter.Earlier(r.GetConsentedAt().AsTime(), command.At))
	}
	o.Add(command.Subject, recorded)
}

// AnswerFeedback returns the events of the client's own answer, on the same conditions as an answer
// that the receiver records.
func AnswerFeedback(world World, subject string, r *concernv1.RecordFeedbackConsentRequest, at time.Time) ([]matter.Event, error) {
	command := Command{Subject: subject, Request: r, At: at}
	if !feedbackAsked(world.State(subject), command.Actor) {
		return nil, fault.New(fault.IllegalStep, "this concern is not received yet, or it has ended").With("allowed_steps", "")
	}
	if err := checkFeedbackConsent(world, command, r); err != nil {
		return nil, err
	}
	o := newOutcome(world, command)
	recordFeedbackConsent(o, command, r)
	return o.Events(), nil
}

// feedbackRecorded folds the client's answer. A reporter that begins to hear takes over the state and
// the responsible party; all others know them, and for them nothing else changes.
func feedbackRecorded(c Concern, e matter.Event, m *concernv1.FeedbackConsentRecorded) Concern {
	begins := m.GetConsented() && !c.HearsBack
	c.HearsBack, c.FeedbackConsentedAt = m.GetConsented(), nil
	if m.GetConsented() {
		c.FeedbackConsentedAt = m.GetConsentedAt()
	}
	if !begins {
		return c
	}
	before := c.State
	c = c.caughtUp(m.GetState(), e.At)
	if holder := m.GetHolder(); !proto.Equal(Responsible(c), holder) {
		c.Holder = holder
	}
	if c.taken() || c.State != before {
		c.HeardFrom = e.At
	}
	return c
}

// caughtUp moves to a state that was reached at an unknown time, as if it had been reached now. A
// question that the reporter sees as open stays open until it is answered or the next step comes.
func (c Concern) caughtUp(state concernv1.ConcernState, at time.Time) Concern {
	if c.State == state || state == concernv1.ConcernState_CONCERN_STATE_UNSPECIFIED {
		return c
	}
	c.State, c.NextAttempt, c.Lowered = state, time.Time{}, time.Time{}
	c = c.withoutFollowUp()
	switch state {
	case stateInAssessment:
		c.Due = dueInAssessment(at)
	case stateAssessed:
		c.Due = c.dueAssessed(at)
	}
	if !c.holds() {
		c = c.enter(phases[state], at)
	}
	return c.counted(at)
}

// asHeard returns the concern as its due times are computed for its reporter. While the reporter did
// not hear, an attempt to reach the client may have been followed by another, and the clock of an
// urgent matter may have been counted again: it counts from when the reporter began to hear.
func (c Concern) asHeard() Concern {
	if c.HeardFrom.IsZero() {
		return c
	}
	if last := len(c.Attempts) - 1; last < 0 || c.Attempts[last].GetAt().AsTime().Before(c.HeardFrom) {
		c.NextAttempt = time.Time{}
	}
	if c.MissedAt.Before(c.HeardFrom) {
		c = c.withoutFollowUp()
	}
	if matter.IsUrgent(c.Clock.Urgency) {
		c.Clock.Bound = matter.Later(c.Clock.Bound, matter.UrgentBy(c.Clock.Urgency, c.HeardFrom))
	}
	return c
}

// asSilent returns a status as a reporter sees it that does not hear how the concern goes on: of other
// parties the agency alone, and of the phases after the taking one.
func asSilent(status *commonv1.LoopStatus, own string) *commonv1.LoopStatus {
	if status.Phase == commonv1.LoopPhase_LOOP_PHASE_TAKEN {
		status.Phase = commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS
	}
	status.Responsible = matter.AgencyAlone(status.Responsible, own)
	status.WaitingOn = matter.AgencyAlone(status.WaitingOn, own)
	return status
}
