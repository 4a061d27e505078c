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
	untold    = commonv1.DueBasis_DUE_BASIS_UNSPECIFIED
)

// A more urgent report that joins makes the concern as urgent, for its receiver alone; before
// it is received nothing that was due earlier is put off.
func TestAMoreUrgentReportJoins(t *testing.T) {
	w := newTown()
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
	w.ExpectDue(t, "kela", lead, "2.12.2026 23.59", untold, "")
	must(t, w.step("hva", lead, &concernv1.TriageConcernRequest{Urgency: normal}))
	w.ExpectDue(t, "hva", lead, "2.12.2026 23.59", byPromise, "")
	// What was judged is taken up anew where one comes later.
	_, err = w.submitUrgent("kela", "hva", "bo", consent(w.Now), urgent)
	must(t, err)
	w.ExpectDue(t, "hva", lead, "24.11.2026 23.59", byUrgency, "1301/2014 § 36.1")
}

// Who leads once the concern that had led is withdrawn is as urgent as that was.
func TestAPromotedReportIsAsUrgent(t *testing.T) {
	w := newTown()
	lead, err := w.submitUrgent("kela", "hva", "bo", consent(w.Now), emergency)
	must(t, err)
	w.Now = w.Now.Add(time.Minute)
	second, err := w.submitUrgent("terveys", "hva", "bo", consent(w.Now), normal)
	must(t, err)
	w.take(t, "hva", second, receive)
	w.Now = w.Now.Add(10 * time.Minute)
	w.take(t, "kela", lead, withdraw)
	w.ExpectDue(t, "hva", second, "23.11.2026 10.11", byUrgency, "1301/2014 § 36.1")
	w.ExpectDue(t, "terveys", second, "2.12.2026 23.59", untold, "")
}

// A client of a group has a right to a day, and others are told what is aimed at. The client
// reads which it is; a reporter does not.
func TestStatutoryGroups(t *testing.T) {
	w := newTown()
	old, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.ExpectDue(t, "hva", old, "26.11.2026 23.59", byPromise, "")
	w.take(t, "hva", old, receive)
	w.ExpectDue(t, "hva", old, "2.12.2026 23.59", byLaw, "1301/2014 § 36.2")
	w.ExpectDue(t, "kela", old, "2.12.2026 23.59", untold, "")
	if view := w.View("kela", old); len(view.State.Groups) > 0 {
		t.Errorf("the reporter is told %v", view.State.Groups)
	}
	client := w.Rules.ForClient(w.Histories[old].Events)
	if status := rules.Status(client.State, client.Reader); status.GetDueBasis() != byLaw || status.GetDueProvision() != "1301/2014 § 36.2" {
		t.Errorf("the client is told %v", status)
	}
	// A question does not give the receiver more days than the law does.
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

// A question about what was reported as urgent is answered while it is. Its reporter is told no
// more than what it reported.
func TestAQuestionIsAsUrgentAsTheReport(t *testing.T) {
	for _, test := range []struct {
		reported, judged commonv1.Urgency
		asked, held      string
	}{
		{normal, emergency, "26.11.2026 23.59", "23.11.2026 10.00"},
		{emergency, normal, "23.11.2026 10.00", "23.11.2026 10.00"},
		{emergency, emergency, "23.11.2026 10.00", "23.11.2026 10.00"},
		{urgent, emergency, "24.11.2026 23.59", "23.11.2026 10.00"},
	} {
		w := newTown()
		c, err := w.submitUrgent("kela", "hva", "bo", consent(w.Now), test.reported)
		must(t, err)
		w.take(t, "hva", c, receive)
		must(t, w.step("hva", c, &concernv1.TriageConcernRequest{Urgency: test.judged}))
		must(t, w.step("hva", c, &concernv1.RequestInformationRequest{Question: "Missä?"}))
		w.ExpectDue(t, "kela", c, test.asked, untold, "")
		basis, provision := agreed, ""
		if test.held != test.asked {
			basis, provision = byUrgency, "1301/2014 § 36.1"
		}
		w.ExpectDue(t, "hva", c, test.held, basis, provision)
	}
}

// What was recorded before urgency governed folds as it did: each due time that passed then was
// told to whom it was shown, and from now on the concern is as urgent as it is.
func TestWhatPassedBeforeFoldsAsItDid(t *testing.T) {
	w := newTown()
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
	const told = "Submitted Received Taken ContactAttempted ContactAttempted Overdue AssessmentStarted"
	w.Expect(t, "hva", subject, told)
	w.Expect(t, "kela", subject, told)
	w.ExpectDue(t, "hva", subject, at(103).In(matter.Helsinki()).Format("2.1.2006 15.04"), byUrgency, "")
	w.Now = at(104)
	w.Pass(0)
	w.Expect(t, "hva", subject, told+" Overdue")
	w.Pass(0)
	w.Expect(t, "hva", subject, told+" Overdue")
	if seventh.Before(at(104)) {
		t.Fatal("the seventh working day has passed, too")
	}
}

// A full concern still admits a judgement of its urgency: its size must not stop or start a clock.
func TestAFullConcernIsTriaged(t *testing.T) {
	w := newTown()
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
