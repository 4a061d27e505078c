package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// act lets a random party do a random thing.
func act(t *rapid.T, w *plain) {
	rulestest.Act(t, w, func(t *rapid.T, w *plain) {
		who := rapid.SampledFrom(rulestest.Agencies()).Draw(t, "who")
		basis := notification()
		if rapid.Bool().Draw(t, "consent") {
			basis = consent(w.Now)
		}
		to := rapid.SampledFrom([]string{"hva", "hva", "terveys"}).Draw(t, "to")
		_, _ = (&town{w}).submitUrgent(who, to, rapid.SampledFrom([]string{"anna", "bo"}).Draw(t, "client"), basis, urgency(t))
	}, allSteps, func(t *rapid.T, request proto.Message, subject string, actor matter.Actor) {
		switch m := request.(type) {
		case *concernv1.ForwardConcernRequest:
			m.KeepOpen = rapid.Bool().Draw(t, "keep open")
		case *concernv1.TriageConcernRequest:
			m.Urgency = urgency(t)
			if rapid.Bool().Draw(t, "in a group") {
				m.StatutoryGroups = []concernv1.StatutoryGroup{rapid.SampledFrom([]concernv1.StatutoryGroup{
					concernv1.StatutoryGroup_STATUTORY_GROUP_DISABLED_PERSON, concernv1.StatutoryGroup_STATUTORY_GROUP_SPECIAL_SUPPORT_CHILD,
				}).Draw(t, "group")}
			}
		case *concernv1.RecordContactAttemptRequest:
			if rapid.Bool().Draw(t, "again") {
				m.NextAttemptAt = timestamppb.New(w.Now.Add(time.Duration(rapid.IntRange(1, 20*24*60).Draw(t, "in minutes")) * time.Minute))
			}
		case *concernv1.ProvideInformationRequest:
			m.InformationRequestId = w.View(actor.Agency, subject).State.Open
		}
	})
}

// urgency is a random one; mostly none.
func urgency(t *rapid.T) commonv1.Urgency {
	return rapid.SampledFrom([]commonv1.Urgency{
		commonv1.Urgency_URGENCY_NORMAL, commonv1.Urgency_URGENCY_NORMAL, commonv1.Urgency_URGENCY_URGENT, commonv1.Urgency_URGENCY_EMERGENCY,
	}).Draw(t, "urgency")
}

// The invariants of the loops, under random commands by random parties.
func TestInvariants(t *testing.T) {
	rulestest.Invariants(t, func() *plain { return newTown().plain }, act, checkReports)
}

// checkReports: one open leading concern per client and receiver, and every joined
// report has a lead that knows it.
func checkReports(t *rapid.T, w *plain, _ map[string]matter.History[rules.Concern]) {
	leads := map[string]string{}
	for subject, history := range w.Histories {
		c := history.State
		if c.IsOpen() && c.Lead != "" {
			lead := w.Histories[c.Lead].State
			if !lead.IsOpen() || lead.Lead != "" || !slices.Contains(lead.Reports, subject) {
				t.Fatalf("%s joined %s, which does not lead it", subject, c.Lead)
			}
		}
		if key := rules.Held(c); key != "" {
			if other := leads[key]; other != "" {
				t.Fatalf("%s and %s lead side by side", other, subject)
			}
			leads[key] = subject
		}
	}
}

// Whatever happens behind its back, a reporter is told exactly what it would have
// been told had only that happened which it may know: for every history there is
// another, made of nothing but what the reporter knows, which looks the same to it
// to the byte, ids apart.
func TestNoSideChannels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTown()
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			act(t, w.plain)
		}
		checkMoments(t, w)
		for _, subject := range w.Subjects() {
			c := w.Histories[subject].State
			if c.OwnLead != "" || shownJoined(w, subject) || tangled(w, subject) {
				// What its own agency's earlier report does to it, it may know.
				continue
			}
			compareWithPlain(t, w, subject)
		}
	})
}

// checkMoments: as people take them, one moment has one step for a reporter: neither two of
// one report, which no fresh one has, nor one each of two that it may not know to hang
// together. What the clock finds overdue may be more.
func checkMoments(t *rapid.T, w *town) {
	for agency, mail := range w.Mail {
		moments := map[int64][]command.Disclosed[rules.Concern]{}
		for _, told := range mail {
			if told.View.Reader.Role != matter.RoleSender || isClocks(told.Event.Message) {
				continue
			}
			at := told.Event.At.UnixMicro()
			for _, other := range moments[at] {
				if other.Event.Subject == told.Event.Subject && matter.NameOf(told.Event.Message) != "ConcernJoined" ||
					other.Event.Subject != told.Event.Subject && !shownJoined(w, told.Event.Subject) && !shownJoined(w, other.Event.Subject) {
					t.Fatalf("%s is told at one moment %s of %s and %s of %s", agency,
						matter.NameOf(other.Event.Message), other.Event.Subject, matter.NameOf(told.Event.Message), told.Event.Subject)
				}
			}
			moments[at] = append(moments[at], told)
		}
	}
}

// isClocks tells what nobody's step makes.
func isClocks(m proto.Message) bool {
	switch m.(type) {
	case *concernv1.ConcernOverdue, *commonv1.RevocationOverdue, *commonv1.WithdrawalOverdue:
		return true
	default:
		return false
	}
}

func shownJoined(w *town, subject string) bool {
	for _, told := range w.Mail[w.Histories[subject].State.Sender.GetAgency()] {
		switch told.Event.Message.(type) {
		case *concernv1.ConcernJoined, *concernv1.ConcernPromoted:
			if told.Event.Subject == subject {
				return true
			}
		}
	}
	return false
}

// tangled leaves out reports that are themselves forwards: their reporter is a
// forwarder and knows more.
func tangled(w *town, subject string) bool {
	for _, event := range w.Events {
		if submitted, ok := event.Message.(*concernv1.ConcernSubmitted); ok && event.Subject == subject {
			return submitted.GetForwardedFromConcernId() != ""
		}
	}
	return false
}

func compareWithPlain(t *rapid.T, w *town, subject string) {
	c := w.Histories[subject].State
	reporter, receiver := c.Sender.GetAgency(), c.Receiver.GetAgency()
	plain := newTown()
	plain.Now = c.Started
	var wanted []command.Disclosed[rules.Concern]
	for _, told := range w.Mail[reporter] {
		if told.Event.Subject == subject {
			wanted = append(wanted, told)
		}
	}
	twin, err := plain.submitUrgent(reporter, receiver, "twin", c.Basis, wanted[0].Event.Message.(*concernv1.ConcernSubmitted).GetUrgency())
	if err != nil {
		t.Fatal(err)
	}
	for _, told := range wanted[1:] {
		retell(t, plain, twin, reporter, receiver, told.Event)
	}
	got := plain.Mail[reporter]
	for i, told := range wanted {
		if i >= len(got) {
			t.Fatalf("%s: told %d messages, its plain twin %d", subject, len(wanted), len(got))
		}
		a, b := rendered(told, subject), rendered(got[i], twin)
		if a != b {
			t.Fatalf("message %d to %s tells what it may not:\n%s\nits twin, of which nothing is hidden:\n%s", i+1, reporter, a, b)
		}
	}
	actor := people[reporter]
	mine, twins := w.View(reporter, subject), plain.View(reporter, twin)
	if a, b := rules.Allowed(mine, actor), rules.Allowed(twins, actor); !slices.Equal(a, b) {
		t.Fatalf("%s may take %v, its twin %v", subject, a, b)
	}
}

// rendered is a message as bytes, with the subject's id taken out.
func rendered(told command.Disclosed[rules.Concern], subject string) string {
	text := fmt.Sprintf("%d %s %x %x %v %s", told.View.Version, told.Event.Message.ProtoReflect().Descriptor().Name(),
		marshal(told.Event.Message), marshal(told.Event.By), told.Withheld, marshalText(rules.Status(told.View.State, told.View.Reader)))
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

// retell makes one told event happen in the plain town, by the step that makes it.
func retell(t *rapid.T, plain *town, twin, reporter, receiver string, e matter.Event) {
	plain.Now = e.At
	var err error
	step := func(who string, request proto.Message) {
		actor := people[who]
		if e.By.GetWorker() != "" {
			// Whoever did it is told.
			actor.Unit, actor.Worker = e.By.GetUnit(), e.By.GetWorker()
		}
		err = plain.Try(actor, twin, request)
	}
	switch m := e.Message.(type) {
	case *concernv1.ConcernReceived:
		step(receiver, &concernv1.ReceiveConcernRequest{})
	case *concernv1.ConcernTriaged:
		step(receiver, &concernv1.TriageConcernRequest{Urgency: commonv1.Urgency_URGENCY_NORMAL, AssignTo: m.GetAssignedTo()})
	case *concernv1.ConcernTaken:
		step(receiver, &concernv1.TakeConcernRequest{})
	case *concernv1.ConcernReassigned:
		step(receiver, &concernv1.ReassignConcernRequest{To: m.GetTo(), Reason: "muu syy"})
	case *commonv1.ContactPlanned:
		step(receiver, &concernv1.PlanContactRequest{At: m.GetAt(), LapsesAt: m.GetLapsesAt()})
	case *concernv1.ContactAttempted:
		step(receiver, &concernv1.RecordContactAttemptRequest{Result: m.GetResult(), NextAttemptAt: m.GetNextAttemptAt()})
	case *concernv1.InformationRequested:
		plain.ReuseID(m.GetInformationRequestId())
		step(receiver, &concernv1.RequestInformationRequest{Question: m.GetQuestion(), DueAt: later(m.GetDueAt())})
	case *concernv1.InformationProvided:
		step(reporter, &concernv1.ProvideInformationRequest{InformationRequestId: m.GetInformationRequestId(), Answer: m.GetAnswer()})
	case *concernv1.AssessmentStarted:
		step(receiver, &concernv1.StartAssessmentRequest{})
	case *concernv1.AssessmentCompleted:
		step(receiver, &concernv1.CompleteAssessmentRequest{SupportNeed: concernv1.SupportNeed_SUPPORT_NEED_LIGHT})
	case *concernv1.ConcernForwarded:
		step(receiver, &concernv1.ForwardConcernRequest{
			Receiver: &commonv1.Party{Agency: other(reporter, receiver)}, Basis: consent(plain.Now), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_OTHER},
		})
	case *concernv1.ConcernClosed:
		step(receiver, &concernv1.CloseConcernRequest{Outcome: orGuided(m.GetOutcome()), Feedback: m.GetFeedback()})
		if m.GetOutcome() == concernv1.Outcome_OUTCOME_FORWARDED {
			// It closed because somebody took it elsewhere; so that whoever did
			// cannot be told apart, only the agency is named.
			last := &plain.Mail[reporter][len(plain.Mail[reporter])-1]
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
		plain.Pass(0)
	}
	if err != nil {
		t.Fatalf("%s cannot happen in the plain town: %v", e.Message.ProtoReflect().Descriptor().Name(), err)
	}
}

func later(due *timestamppb.Timestamp) *timestamppb.Timestamp { return due }

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
