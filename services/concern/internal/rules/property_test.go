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

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// act lets a random party do one random thing.
func act(t *rapid.T, w *base) {
	rulestest.Act(t, w, func(t *rapid.T, w *base) {
		who := rapid.SampledFrom(rulestest.Agencies()).Draw(t, "who")
		basis := rapid.SampledFrom([]*commonv1.LegalBasis{notification(), helped(w.Now), consent(w.Now), consent(w.Now)}).Draw(t, "basis")
		to := rapid.SampledFrom([]string{"hva", "hva", "terveys"}).Draw(t, "to")
		_, _ = (&fixture{w}).submitUrgent(who, to, rapid.SampledFrom([]string{"anna", "bo"}).Draw(t, "client"), basis, urgency(t))
	}, allSteps, func(t *rapid.T, request proto.Message, subject string, actor matter.Actor) {
		switch m := request.(type) {
		case *concernv1.ForwardConcernRequest:
			m.KeepOpen = rapid.Bool().Draw(t, "keep open")
		case *concernv1.TriageConcernRequest:
			m.Urgency, m.SupportNeed = urgency(t), supportNeed(t)
			m.ClientWill = concernv1.ClientWill(rapid.IntRange(0, 4).Draw(t, "will"))
			if rapid.Bool().Draw(t, "four-field") {
				m.FourField = &concernv1.FourField{Support: concernv1.SupportLevel_SUPPORT_LEVEL_HIGH, Difficulty: concernv1.SupportLevel_SUPPORT_LEVEL_LOW}
			}
			if rapid.Bool().Draw(t, "assigned") {
				m.AssignTo = &commonv1.Party{Agency: actor.Agency, Unit: "muu", Worker: rapid.SampledFrom([]string{"", "pari-1", "pari-2"}).Draw(t, "worker")}
			}
			if rapid.Bool().Draw(t, "in a group") {
				m.StatutoryGroups = []concernv1.StatutoryGroup{rapid.SampledFrom([]concernv1.StatutoryGroup{
					concernv1.StatutoryGroup_STATUTORY_GROUP_DISABLED_PERSON, concernv1.StatutoryGroup_STATUTORY_GROUP_SPECIAL_SUPPORT_CHILD,
				}).Draw(t, "group")}
			}
		case *concernv1.CompleteAssessmentRequest:
			m.SupportNeed = supportNeed(t)
		case *concernv1.RecordContactAttemptRequest:
			m.Result, m.Mode = concernv1.ContactResult(rapid.IntRange(1, 4).Draw(t, "result")), concernv1.ContactMode(rapid.IntRange(0, 8).Draw(t, "mode"))
			if m.GetResult() == concernv1.ContactResult_CONTACT_RESULT_REACHED {
				m.ClientWill = concernv1.ClientWill(rapid.IntRange(0, 4).Draw(t, "will"))
				m.GuidedTo = []*concernv1.Guidance{{To: &concernv1.Guidance_Organisation{Organisation: private}, What: private}}
			}
			if rapid.Bool().Draw(t, "again") {
				m.NextAttemptAt = timestamppb.New(w.Now.Add(time.Duration(rapid.IntRange(1, 20*24*60).Draw(t, "in minutes")) * time.Minute))
			}
		case *concernv1.ScheduleAppointmentRequest:
			m.At = timestamppb.New(w.Now.Add(time.Duration(rapid.IntRange(1, 10*24*60).Draw(t, "in minutes")) * time.Minute))
		case *concernv1.RecordAppointmentResultRequest:
			m.Result = commonv1.AppointmentResult(rapid.IntRange(1, 4).Draw(t, "result"))
		case *concernv1.SetSecondWorkerRequest:
			if m.Worker.Agency = actor.Agency; rapid.Bool().Draw(t, "ends") {
				m.Worker = nil
			}
		case *concernv1.ReassignConcernRequest:
			m.To.Worker = rapid.SampledFrom([]string{"", "", "pari-1", "pari-2"}).Draw(t, "worker")
		case *concernv1.RecordFeedbackConsentRequest:
			if !rapid.Bool().Draw(t, "consented") {
				m.Consented, m.ConsentedAt = false, nil
			}
		case *concernv1.ProvideInformationRequest:
			shown := answered(actor, w.View(actor.Agency, subject).State)
			m.InformationRequestId, m.Answer, m.Code = shown.GetInformationRequestId(), shown.GetAnswer(), shown.GetCode()
			if m.GetCode() == 0 && rapid.Bool().Draw(t, "code") {
				m.Answer, m.Code = "", commonv1.AnswerCode_ANSWER_CODE_CALL_US
			}
		case *concernv1.RequestInformationRequest:
			if rapid.Bool().Draw(t, "papers") {
				m.Question, m.Papers = "", []string{"lease", "payslip"}
			}
			if rapid.Bool().Draw(t, "due") {
				m.DueAt = timestamppb.New(w.Now.Add(time.Duration(rapid.IntRange(-60, 30*24*60).Draw(t, "in minutes")) * time.Minute))
			}
		case *concernv1.AddInformationRequest:
			switch rapid.IntRange(0, 2).Draw(t, "adds") {
			case 1:
				m.Text, m.Topics = "", []concernv1.Topic{concernv1.Topic_TOPIC_VIOLENCE_OR_THREAT}
			case 2:
				m.Text, m.Urgency = "", urgency(t)
			}
		}
	})
}

// urgency returns a random urgency, in half of all cases normal.
func urgency(t *rapid.T) commonv1.Urgency {
	return rapid.SampledFrom([]commonv1.Urgency{
		commonv1.Urgency_URGENCY_NORMAL, commonv1.Urgency_URGENCY_NORMAL, commonv1.Urgency_URGENCY_URGENT, commonv1.Urgency_URGENCY_EMERGENCY,
	}).Draw(t, "urgency")
}

// The invariants of all matters hold under random commands by random parties.
func TestInvariants(t *testing.T) {
	rulestest.Invariants(t, func() *base { return newFixture().base }, act, func(t *rapid.T, w *base, changed map[string]matter.History[rules.Concern]) {
		checkReports(t, w, changed)
		checkReached(t, w, changed)
		checkAssessors(t, changed)
		checkPairs(t, changed)
		checkPrivate(t, w)
	})
}

// checkPairs checks that a second worker is another than the holder, and that no pair is left where no worker
// holds the concern.
func checkPairs(t *rapid.T, changed map[string]matter.History[rules.Concern]) {
	for subject, history := range changed {
		c := history.State
		if c.Second != nil && (c.Holder.GetWorker() == "" || c.Second.GetWorker() == c.Holder.GetWorker() || !c.IsOpen()) {
			t.Fatalf("%s in %s has the second worker %v beside %v", subject, c.State, c.Second, c.Holder)
		}
	}
}

// checkPrivate checks that no word which only the receiver may read, no support need and no four-field are in a
// message to a reporter.
func checkPrivate(t *rapid.T, w *base) {
	for agency, mail := range w.Mail {
		for _, one := range mail {
			if one.View.Reader.Role != matter.RoleSender {
				continue
			}
			text := fmt.Sprint(one.Event.Message)
			for _, word := range []string{private, "support_need", "four_field", "client_will", "guided_to"} {
				if strings.Contains(text, word) {
					t.Fatalf("%s is told %s: %s", agency, word, text)
				}
			}
		}
	}
}

// checkReports checks that a receiver has at most one open leading concern about a client, and that
// the lead of each joined report lists the report.
func checkReports(t *rapid.T, w *base, _ map[string]matter.History[rules.Concern]) {
	leads := map[string]string{}
	for subject, history := range w.Histories {
		c := history.State
		if c.IsOpen() && c.Lead != "" {
			lead := w.Histories[c.Lead].State
			if !lead.IsOpen() || lead.Lead != "" || !slices.Contains(lead.Reports, subject) {
				t.Fatalf("%s joined %s, which is not its lead", subject, c.Lead)
			}
		}
		if key := rules.Held(c); key != "" {
			if other := leads[key]; other != "" {
				t.Fatalf("%s and %s are both leads", other, subject)
			}
			leads[key] = subject
		}
	}
}
