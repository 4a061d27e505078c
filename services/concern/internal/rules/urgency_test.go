package rules_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

const (
	emergency = commonv1.Urgency_URGENCY_EMERGENCY
	urgent    = commonv1.Urgency_URGENCY_URGENT
	normal    = commonv1.Urgency_URGENCY_NORMAL
)

const (
	byUrgency = commonv1.DueBasis_DUE_BASIS_URGENCY
	byPromise = commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE
	byLaw     = commonv1.DueBasis_DUE_BASIS_STATUTORY
	agreed    = commonv1.DueBasis_DUE_BASIS_AGREED
	hidden    = commonv1.DueBasis_DUE_BASIS_UNSPECIFIED
)

// A more urgent report that joins raises the urgency of the concern, for its receiver only. Before the
// concern is received, no earlier due time is postponed.
func TestMoreUrgentReportRaisesUrgency(t *testing.T) {
	w := newFixture()
	lead, err := w.submitUrgent("kela", "hva", "bo", consent(w.Now), normal)
	must(t, err)
	w.ExpectDue(t, "hva", lead, "26.11.2026 23.59", byPromise, "")
	w.Now = w.Now.Add(2 * time.Hour)
	_, err = w.submitUrgent("terveys", "hva", "bo", consent(w.Now), urgent)
	must(t, err)
	w.ExpectDue(t, "hva", lead, "24.11.2026 23.59", byUrgency, "1301/2014 § 36.1")
	_, err = w.submitUrgent("tyo", "hva", "bo", consent(w.Now), emergency)
	must(t, err)
	w.ExpectDue(t, "hva", lead, "23.11.2026 12.00", byUrgency, "1301/2014 § 36.1")
	w.Now = w.Now.Add(30 * time.Minute)
	w.take(t, "hva", lead, receive)
	w.ExpectDue(t, "hva", lead, "23.11.2026 12.00", byUrgency, "1301/2014 § 36.1")
	w.ExpectDue(t, "kela", lead, "2.12.2026 23.59", hidden, "")
	must(t, w.step("hva", lead, &concernv1.TriageConcernRequest{Urgency: normal}))
	w.ExpectDue(t, "hva", lead, "2.12.2026 23.59", byPromise, "")
	// A later report raises the urgency again after a triage.
	_, err = w.submitUrgent("kela", "hva", "bo", consent(w.Now), urgent)
	must(t, err)
	w.ExpectDue(t, "hva", lead, "24.11.2026 23.59", byUrgency, "1301/2014 § 36.1")
}

// The report that becomes the lead has the urgency of the withdrawn lead.
func TestPromotedReportTakesOverUrgency(t *testing.T) {
	w := newFixture()
	lead, err := w.submitUrgent("kela", "hva", "bo", consent(w.Now), emergency)
	must(t, err)
	w.Now = w.Now.Add(time.Minute)
	second, err := w.submitUrgent("terveys", "hva", "bo", consent(w.Now), normal)
	must(t, err)
	w.take(t, "hva", second, receive)
	w.Now = w.Now.Add(10 * time.Minute)
	w.take(t, "kela", lead, withdraw)
	w.ExpectDue(t, "hva", second, "23.11.2026 10.11", byUrgency, "1301/2014 § 36.1")
	w.ExpectDue(t, "terveys", second, "2.12.2026 23.59", hidden, "")
}

// Clients of a statutory group have a statutory due time, all others a promised one. The client is shown
// which it is; a reporter is not.
func TestStatutoryGroups(t *testing.T) {
	w := newFixture()
	old, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.ExpectDue(t, "hva", old, "26.11.2026 23.59", byPromise, "")
	w.take(t, "hva", old, receive)
	w.ExpectDue(t, "hva", old, "2.12.2026 23.59", byLaw, "1301/2014 § 36.2")
	w.ExpectDue(t, "kela", old, "2.12.2026 23.59", hidden, "")
	if view := w.View("kela", old); len(view.State.Groups) > 0 {
		t.Errorf("the reporter is shown %v", view.State.Groups)
	}
	client := w.Rules.ForClient(w.Histories[old].Events)
	if status := rules.Status(client.State, client.Reader); status.GetDueBasis() != byLaw || status.GetDueProvision() != "1301/2014 § 36.2" {
		t.Errorf("the client is shown %v", status)
	}
	// A question does not extend the statutory due time.
	must(t, w.step("hva", old, &concernv1.RequestInformationRequest{Question: "Milloin?"}))
	w.ExpectDue(t, "hva", old, "26.11.2026 23.59", agreed, "")
	w.Pass(50 * time.Hour)
	w.take(t, "kela", old, "ProvideInformation")
	w.ExpectDue(t, "hva", old, "2.12.2026 23.59", byLaw, "1301/2014 § 36.2")

	young, err := w.submit("kela", "hva", "bo", consent(w.Now))
	must(t, err)
	w.take(t, "hva", young, take)
	w.take(t, "hva", young, assess)
	w.ExpectDue(t, "hva", young, "25.2.2027 23.59", byPromise, "")
	w.Now = w.Now.Add(24 * time.Hour)
	child := &concernv1.TriageConcernRequest{Urgency: normal, StatutoryGroups: []concernv1.StatutoryGroup{concernv1.StatutoryGroup_STATUTORY_GROUP_SPECIAL_SUPPORT_CHILD}}
	must(t, w.step("hva", young, child))
	w.ExpectDue(t, "hva", young, "25.2.2027 23.59", byLaw, "1301/2014 § 36.3")
	w.take(t, "hva", young, assessed)
	w.ExpectDue(t, "hva", young, "25.2.2027 23.59", byLaw, "1301/2014 § 45.2")

	elsewhere, err := w.submit("kela", "terveys", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "terveys", elsewhere, receive)
	w.ExpectDue(t, "terveys", elsewhere, "7.12.2026 23.59", byPromise, "")
}

// The due time of a question follows the reported urgency. The reporter is not shown the receiver's
// judgement.
func TestQuestionDueTimeFollowsReportedUrgency(t *testing.T) {
	for _, test := range []struct {
		reported, judged commonv1.Urgency
		asked, held      string
	}{
		{normal, emergency, "26.11.2026 23.59", "23.11.2026 10.00"},
		{emergency, normal, "23.11.2026 10.00", "23.11.2026 10.00"},
		{emergency, emergency, "23.11.2026 10.00", "23.11.2026 10.00"},
		{urgent, emergency, "24.11.2026 23.59", "23.11.2026 10.00"},
	} {
		w := newFixture()
		c, err := w.submitUrgent("kela", "hva", "bo", consent(w.Now), test.reported)
		must(t, err)
		w.take(t, "hva", c, receive)
		must(t, w.step("hva", c, &concernv1.TriageConcernRequest{Urgency: test.judged, Reason: "selvitetty"}))
		must(t, w.step("hva", c, &concernv1.RequestInformationRequest{Question: "Missä?"}))
		w.ExpectDue(t, "kela", c, test.asked, hidden, "")
		basis, provision := agreed, ""
		if test.held != test.asked {
			basis, provision = byUrgency, "1301/2014 § 36.1"
		}
		w.ExpectDue(t, "hva", c, test.held, basis, provision)
	}
}

// Events that were recorded under DueRules 0 fold as before: each due time that passed was disclosed to
// the readers that were shown it. From now on the urgency applies.
func TestEventsOfEarlierDueRulesFoldUnchanged(t *testing.T) {
	w := newFixture()
	begin := w.Now
	at := func(hours int) time.Time { return begin.Add(time.Duration(hours) * time.Hour) }
	const subject = rules.Collection + "before"
	kela, hva := people["kela"].Party(), people["hva"].Party()
	seventh, next := matter.EndOfWorkingDay(begin, 7), at(100)
	event := func(hours int, by *commonv1.Party, m proto.Message) matter.Event {
		return matter.Event{Subject: subject, Message: m, By: by, Basis: consent(begin), At: at(hours), Client: "bo", Case: "case"}
	}
	must(t, w.Append([]matter.Event{
		event(0, kela, &concernv1.ConcernSubmitted{
			Receiver: &commonv1.Party{Agency: "hva", Unit: "intake"}, Urgency: emergency, DueAt: timestamppb.New(at(1)),
		}),
		event(0, hva, &concernv1.ConcernReceived{}),
		event(24, hva, &concernv1.ConcernTaken{Worker: hva}),
		event(25, hva, &concernv1.ContactAttempted{Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED, NextAttemptAt: timestamppb.New(next)}),
		event(26, hva, &concernv1.ContactAttempted{Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED}),
		event(101, nil, &concernv1.ConcernOverdue{DueAt: timestamppb.New(next)}),
		event(102, hva, &concernv1.AssessmentStarted{}),
	}))
	const disclosed = "Submitted Received Taken ContactAttempted ContactAttempted Overdue AssessmentStarted"
	w.Expect(t, "hva", subject, disclosed)
	w.Expect(t, "kela", subject, disclosed)
	w.ExpectDue(t, "hva", subject, at(103).In(matter.Helsinki()).Format("2.1.2006 15.04"), byUrgency, "")
	w.Now = at(104)
	w.Pass(0)
	w.Expect(t, "hva", subject, disclosed+" Overdue")
	w.Pass(0)
	w.Expect(t, "hva", subject, disclosed+" Overdue")
	if seventh.Before(at(104)) {
		t.Fatal("the seventh working day has passed too")
	}
}

// Triage is admitted on a full concern: its size must not affect the clock.
func TestFullConcernAdmitsTriage(t *testing.T) {
	w := newFixture()
	c, err := w.submit("kela", "hva", "bo", consent(w.Now))
	must(t, err)
	w.take(t, "hva", c, receive)
	for _, length := range []int{10000, 1000, 100, 10, 1} {
		for fault.ReasonOf(w.step("hva", c, &concernv1.RequestInformationRequest{Question: strings.Repeat("x", length)})) != fault.MatterFull {
			w.take(t, "kela", c, "ProvideInformation")
		}
	}
	must(t, w.step("hva", c, &concernv1.TriageConcernRequest{Urgency: emergency}))
}
