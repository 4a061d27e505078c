package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// What is disclosed to a reporter depends only on what it may know. For every history there is a twin
// that consists only of what the reporter knows. Both disclose the same bytes to the reporter, except
// for ids.
func TestNoSideChannels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newFixture()
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			act(t, w.base)
		}
		checkMoments(t, w)
		for _, subject := range w.Subjects() {
			c := w.Histories[subject].State
			if c.OwnLead != "" || shownJoined(w, subject) || forwardedFrom(w, subject) != "" {
				// The reporter may know how its own earlier report affects this one.
				continue
			}
			compareWithTwin(t, w, subject)
		}
	})
}

// checkMoments checks that a reporter is shown one step at a time, as people take them: neither two
// steps of one report nor one step of each of two reports that it may not know to be connected. It
// knows that two forwards of its own pass on one matter. The events of the clock are exempt, and what comes
// with the receipt that a question, an answer or an addition of the receiver implies.
func checkMoments(t *rapid.T, w *fixture) {
	for agency, mail := range w.Mail {
		moments := map[int64][]command.Disclosed[rules.Concern]{}
		for _, one := range mail {
			if one.View.Reader.Role != matter.RoleSender || isClocks(one.Event.Message) {
				continue
			}
			at := one.Event.At.UnixMicro()
			for _, other := range moments[at] {
				if other.Event.Subject == one.Event.Subject && impliesReceipt(mail, one) {
					continue
				}
				if other.Event.Subject == one.Event.Subject && matter.NameOf(one.Event.Message) != "ConcernJoined" ||
					other.Event.Subject != one.Event.Subject && !shownJoined(w, one.Event.Subject) && !shownJoined(w, other.Event.Subject) &&
						(forwardedFrom(w, one.Event.Subject) == "" || forwardedFrom(w, one.Event.Subject) != forwardedFrom(w, other.Event.Subject)) {
					t.Fatalf("%s is shown at one moment %s of %s and %s of %s", agency,
						matter.NameOf(other.Event.Message), other.Event.Subject, matter.NameOf(one.Event.Message), one.Event.Subject)
				}
			}
			moments[at] = append(moments[at], one)
		}
	}
}

// impliesReceipt reports whether a step was taken with a receipt that a step of the receiver's thread implied.
func impliesReceipt(mail []command.Disclosed[rules.Concern], step command.Disclosed[rules.Concern]) bool {
	receipt, thread := false, false
	for _, one := range mail {
		if one.Event.Subject != step.Event.Subject || !one.Event.At.Equal(step.Event.At) {
			continue
		}
		switch one.Event.Message.(type) {
		case *concernv1.ConcernReceived:
			receipt = true
		case *concernv1.InformationRequested, *concernv1.InformationProvided, *concernv1.InformationAdded:
			thread = true
		}
	}
	return receipt && thread
}

// isClocks reports whether an event comes from the clock.
func isClocks(m proto.Message) bool {
	switch m.(type) {
	case *concernv1.ConcernOverdue, *commonv1.RevocationOverdue, *commonv1.WithdrawalOverdue:
		return true
	default:
		return false
	}
}

// shownJoined reports whether the reporter was shown that its report joined another.
func shownJoined(w *fixture, subject string) bool {
	for _, one := range w.Mail[w.Histories[subject].State.Sender.GetAgency()] {
		switch one.Event.Message.(type) {
		case *concernv1.ConcernJoined, *concernv1.ConcernPromoted:
			if one.Event.Subject == subject {
				return true
			}
		}
	}
	return false
}

// forwardedFrom returns the id of the concern that a report forwards; empty if it is no forward. The
// reporter of a forward is the forwarder, which knows more.
func forwardedFrom(w *fixture, subject string) string {
	for _, event := range w.Events {
		if submitted, ok := event.Message.(*concernv1.ConcernSubmitted); ok && event.Subject == subject {
			return submitted.GetForwardedFromConcernId()
		}
	}
	return ""
}

// compareWithTwin replays what a reporter was shown of a report in a fixture of its own, and compares
// what the reporter is shown there.
func compareWithTwin(t *rapid.T, w *fixture, subject string) {
	c := w.Histories[subject].State
	reporter, receiver := c.Sender.GetAgency(), c.Receiver.GetAgency()
	bare := newFixture()
	bare.Now = c.Started
	var wanted []command.Disclosed[rules.Concern]
	for _, one := range w.Mail[reporter] {
		if one.Event.Subject == subject {
			wanted = append(wanted, one)
		}
	}
	twin, err := bare.submitUrgent(reporter, receiver, "twin", c.Basis, wanted[0].Event.Message.(*concernv1.ConcernSubmitted).GetUrgency())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, one := range wanted[1:] {
		replay(t, bare, twin, reporter, receiver, one.Event, ids)
	}
	got := bare.Mail[reporter]
	for i, one := range wanted {
		if i >= len(got) {
			t.Fatalf("%s: %d messages are disclosed, of its twin %d", subject, len(wanted), len(got))
		}
		a, b := rendered(one, subject), rendered(got[i], twin)
		if a != b {
			t.Fatalf("message %d to %s discloses what it may not know:\n%s\nits twin, of which nothing is hidden:\n%s", i+1, reporter, a, b)
		}
	}
	actor := people[reporter]
	mine, twins := w.View(reporter, subject), bare.View(reporter, twin)
	if a, b := rules.Allowed(mine, actor), rules.Allowed(twins, actor); !slices.Equal(a, b) {
		t.Fatalf("the reporter of %s may take %v, of its twin %v", subject, a, b)
	}
}

// rendered returns a message as text, without the id and the number of the matter and the ids of appointments.
func rendered(one command.Disclosed[rules.Concern], subject string) string {
	message := proto.CloneOf(one.Event.Message)
	switch m := message.(type) {
	case *concernv1.ConcernSubmitted:
		if m.GetMatterNumber() != "" {
			m.MatterNumber = "number"
		}
	case *commonv1.AppointmentScheduled:
		m.AppointmentId = ""
	case *commonv1.AppointmentResultRecorded:
		m.AppointmentId = ""
	}
	text := fmt.Sprintf("%d %s %x %x %v %s", one.View.Version, message.ProtoReflect().Descriptor().Name(),
		marshal(message), marshal(one.Event.By), one.Withheld, marshalText(rules.Status(one.View.State, one.View.Reader)))
	return strings.ReplaceAll(text, rules.ID(subject), "id")
}

func marshal(message proto.Message) []byte {
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		panic(err)
	}
	return bytes
}

func marshalText(status *commonv1.LoopStatus) string { return fmt.Sprintf("%x", marshal(status)) }

// replay takes the step that records a disclosed event, in the fixture of the twin. Ids are those that
// that appointments have there.
func replay(t *rapid.T, bare *fixture, twin, reporter, receiver string, e matter.Event, ids map[string]string) {
	bare.Now = e.At
	var err error
	step := func(who string, request proto.Message) {
		actor := people[who]
		if e.By.GetWorker() != "" {
			// The worker who acted is disclosed.
			actor.Unit, actor.Worker = e.By.GetUnit(), e.By.GetWorker()
		}
		err = bare.Try(actor, twin, request)
	}
	switch m := e.Message.(type) {
	case *concernv1.ConcernReceived:
		step(receiver, &concernv1.ReceiveConcernRequest{})
	case *concernv1.ConcernTriaged:
		step(receiver, &concernv1.TriageConcernRequest{Urgency: commonv1.Urgency_URGENCY_NORMAL, AssignTo: m.GetAssignedTo(), Reason: "muu syy"})
	case *concernv1.ConcernTaken:
		step(receiver, &concernv1.TakeConcernRequest{})
	case *concernv1.ConcernReassigned:
		step(receiver, &concernv1.ReassignConcernRequest{To: m.GetTo(), Reason: "muu syy"})
	case *commonv1.ContactPlanned:
		step(receiver, &concernv1.PlanContactRequest{At: m.GetAt(), LapsesAt: m.GetLapsesAt()})
	case *concernv1.ContactAttempted:
		step(receiver, &concernv1.RecordContactAttemptRequest{Result: m.GetResult(), NextAttemptAt: m.GetNextAttemptAt()})
	case *commonv1.AppointmentScheduled:
		step(receiver, &concernv1.ScheduleAppointmentRequest{At: m.GetAt()})
		if all := bare.Histories[twin].State.Appointments; len(all) > 0 {
			ids[m.GetAppointmentId()] = all[len(all)-1].GetAppointmentId()
		}
	case *commonv1.AppointmentResultRecorded:
		step(receiver, &concernv1.RecordAppointmentResultRequest{AppointmentId: ids[m.GetAppointmentId()], Result: m.GetResult()})
	case *concernv1.InformationRequested:
		bare.ReuseID(m.GetInformationRequestId())
		step(e.By.GetAgency(), &concernv1.RequestInformationRequest{Question: m.GetQuestion(), Papers: m.GetPapers(), DueAt: m.GetDueAt()})
	case *concernv1.InformationProvided:
		step(e.By.GetAgency(), &concernv1.ProvideInformationRequest{InformationRequestId: m.GetInformationRequestId(), Answer: m.GetAnswer(), Code: m.GetCode()})
	case *concernv1.InformationAdded:
		bare.ReuseID(m.GetAdditionId())
		step(e.By.GetAgency(), &concernv1.AddInformationRequest{Text: m.GetText(), Urgency: m.GetUrgency(), Topics: m.GetTopics()})
	case *concernv1.FeedbackConsentRecorded:
		if m.GetConsented() {
			reach(t, bare, twin, m)
		}
		step(receiver, &concernv1.RecordFeedbackConsentRequest{Consented: m.GetConsented(), ConsentedAt: m.GetConsentedAt()})
	case *concernv1.AssessmentStarted:
		step(receiver, &concernv1.StartAssessmentRequest{})
	case *concernv1.AssessmentCompleted:
		step(receiver, &concernv1.CompleteAssessmentRequest{SupportNeed: concernv1.SupportNeed_SUPPORT_NEED_LIGHT})
	case *concernv1.ConcernForwarded:
		step(receiver, &concernv1.ForwardConcernRequest{
			Receiver: &commonv1.Party{Agency: other(reporter, receiver)}, Basis: consent(bare.Now), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_OTHER},
		})
	case *concernv1.ConcernClosed:
		step(receiver, &concernv1.CloseConcernRequest{Outcome: orGuided(m.GetOutcome()), Feedback: m.GetFeedback()})
		if m.GetOutcome() == concernv1.Outcome_OUTCOME_FORWARDED {
			// It was closed because another agency took it. Only the agency is named as the author.
			last := &bare.Mail[reporter][len(bare.Mail[reporter])-1]
			last.Event.By = &commonv1.Party{Agency: receiver}
		}
	case *concernv1.ConcernDeclined:
		step(receiver, &concernv1.DeclineConcernRequest{Reason: m.GetReason(), Explanation: "muualle", SuggestedReceiver: m.GetSuggestedReceiver()})
	case *concernv1.ConcernWithdrawn:
		step(reporter, &concernv1.WithdrawConcernRequest{Reason: m.GetReason()})
	case *concernv1.ConcernSettled:
		step(reporter, &concernv1.SettleConcernRequest{ResubmittedAs: m.GetResubmittedAs(), Reason: m.GetReason()})
	case *commonv1.EnteredInError:
		step(reporter, &concernv1.RevokeConcernRequest{Reason: m.GetReason()})
	case *commonv1.RevocationAcknowledged:
		step(receiver, &concernv1.AcknowledgeRevocationRequest{})
	case *concernv1.ConcernOverdue, *commonv1.RevocationOverdue:
		bare.Pass(0)
	}
	if err != nil {
		t.Fatalf("%s cannot happen to the twin: %v", e.Message.ProtoReflect().Descriptor().Name(), err)
	}
}

// reach takes the hidden steps that lead the twin to the state and the responsible party that a
// reporter is shown when it begins to hear.
func reach(t *rapid.T, bare *fixture, twin string, m *concernv1.FeedbackConsentRecorded) {
	t.Helper()
	var steps []proto.Message
	state := bare.Histories[twin].State.State
	for _, next := range []struct {
		state   concernv1.ConcernState
		request proto.Message
	}{
		{concernv1.ConcernState_CONCERN_STATE_TRIAGED, &concernv1.TriageConcernRequest{}},
		{concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT, &concernv1.StartAssessmentRequest{}},
		{concernv1.ConcernState_CONCERN_STATE_ASSESSED, &concernv1.CompleteAssessmentRequest{}},
	} {
		if state < next.state && m.GetState() >= next.state && (next.state != concernv1.ConcernState_CONCERN_STATE_TRIAGED || m.GetState() == next.state) {
			steps = append(steps, next.request)
		}
	}
	if !proto.Equal(rules.Responsible(bare.Histories[twin].State), m.GetHolder()) {
		steps = append(steps, &concernv1.ReassignConcernRequest{To: m.GetHolder(), Reason: "muu syy"})
	}
	for _, request := range steps {
		if err := bare.Try(people[m.GetHolder().GetAgency()], twin, request); err != nil {
			t.Fatalf("%s cannot happen to the twin: %v", matter.StepOf(request), err)
		}
	}
}

func other(agencies ...string) string {
	for _, candidate := range []string{"tyo", "terveys", "kela"} {
		if !slices.Contains(agencies, candidate) {
			return candidate
		}
	}
	return ""
}

func orGuided(outcome concernv1.Outcome) concernv1.Outcome {
	if outcome == 0 {
		return concernv1.Outcome_OUTCOME_GUIDED
	}
	return outcome
}
