package rules_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// behind returns a report of terveys that joined a concern of kela that was already assessed.
func behind(t *testing.T) (w *fixture, lead, report string) {
	t.Helper()
	w = newFixture()
	lead, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	for _, step := range []string{receive, take, assess, assessed} {
		w.Now = w.Now.Add(time.Minute)
		w.take(t, "hva", lead, step)
	}
	report, err = w.submit("terveys", "hva", "anna", consent(w.Now))
	must(t, err)
	return w, lead, report
}

// timesOf returns the times of the events of a matter that were disclosed to an agency.
func timesOf(w *fixture, agency, subject string) []time.Time {
	var times []time.Time
	for _, one := range w.Mail[agency] {
		if one.Event.Subject == subject {
			times = append(times, one.Event.At)
		}
	}
	return times
}

// until lets time pass, by the minute, until so many messages were disclosed to an agency.
func until(t *testing.T, w *fixture, agency, subject string, messages int) {
	t.Helper()
	for range 60 * 24 * 60 {
		if len(timesOf(w, agency, subject)) >= messages {
			return
		}
		w.Pass(time.Minute)
	}
	t.Fatalf("%s was shown %s", agency, w.Disclosed(agency, subject))
}

// Missing steps are disclosed one by one, in office hours, with as much time between them as people
// take, and before they fall due.
func TestWhatAReportLacksIsToldStepByStep(t *testing.T) {
	w, _, report := behind(t)
	w.take(t, "hva", report, receive)
	w.Expect(t, "terveys", report, "Submitted Received")
	until(t, w, "terveys", report, 5)
	w.Expect(t, "terveys", report, "Submitted Received Taken AssessmentStarted AssessmentCompleted")
	times := timesOf(w, "terveys", report)
	for i, least := range []time.Duration{5 * time.Minute, 30 * time.Minute, 12 * time.Hour} {
		if waited := times[i+2].Sub(times[i+1]); waited < least {
			t.Errorf("step %d is disclosed %s after the one before", i+2, waited)
		}
		if !matter.InOfficeHours(times[i+2]) {
			t.Errorf("step %d is disclosed at %s, outside office hours", i+2, times[i+2].In(matter.Helsinki()))
		}
	}
}

// After the clock had stopped, two steps are not disclosed at once.
func TestAStoppedClockTellsNoTwoStepsAtOnce(t *testing.T) {
	w, _, report := behind(t)
	w.take(t, "hva", report, receive)
	w.Pass(100 * 24 * time.Hour)
	w.Pass(0)
	// Nobody can act while the clock stands still: the report is overdue first.
	w.Expect(t, "terveys", report, "Submitted Received Overdue")
	until(t, w, "terveys", report, 5)
	w.Expect(t, "terveys", report, "Submitted Received Overdue Taken AssessmentStarted")
	times := timesOf(w, "terveys", report)
	for i, least := range []time.Duration{10 * time.Minute, 30 * time.Minute} {
		if waited := times[i+3].Sub(times[i+2]); waited < least {
			t.Errorf("the next step is disclosed %s later", waited)
		}
	}
}

// The end of the lead is disclosed at once, as the only step of that moment, and nothing after it;
// also on a report that nobody received.
func TestAnEndOvertakesWhatAReportLacks(t *testing.T) {
	for name, test := range map[string]struct {
		received bool
		want     string
	}{"received": {true, "Submitted Received Closed"}, "not received": {false, "Submitted Closed"}} {
		t.Run(name, func(t *testing.T) {
			w, lead, report := behind(t)
			if test.received {
				w.take(t, "hva", report, receive)
			}
			w.Now = w.Now.Add(time.Minute)
			w.take(t, "hva", lead, closing)
			w.Expect(t, "terveys", report, test.want)
			w.Pass(100 * 24 * time.Hour)
			w.Expect(t, "terveys", report, test.want)
		})
	}
}

// A step on the lead is disclosed on a report after the steps that the report lacks. A planned
// contact whose time has passed by then is not disclosed.
func TestStepsOfLeadWaitForMissingSteps(t *testing.T) {
	w, lead, report := behind(t)
	w.take(t, "hva", report, receive)
	must(t, w.step("hva", lead, &concernv1.PlanContactRequest{At: timestamppb.New(w.Now.Add(time.Hour))}))
	w.take(t, "hva", lead, "RecordContactAttempt")
	w.Expect(t, "terveys", report, "Submitted Received")
	until(t, w, "terveys", report, 6)
	w.Expect(t, "terveys", report, "Submitted Received Taken AssessmentStarted AssessmentCompleted ContactAttempted")
}

// A reporter is shown who has the concern that its report joined, also after it was passed on: before the report,
// and after it. Whoever had it in between is not shown. That it is passed on does not receive the report.
func TestAReportFollowsItsLeadToTheNextHolder(t *testing.T) {
	w := newFixture()
	lead, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", lead, take)
	pass := func(unit string) {
		w.Now = w.Now.Add(time.Minute)
		must(t, w.step("hva", lead, &concernv1.ReassignConcernRequest{To: &commonv1.Party{Agency: "hva", Unit: unit}, Reason: private}))
	}
	pass("muu")
	pass("kolmas")
	report, err := w.submit("terveys", "hva", "anna", consent(w.Now))
	must(t, err)
	pass("muu")
	pass("kolmas")
	w.Expect(t, "terveys", report, "Submitted")
	w.take(t, "hva", report, receive)
	w.take(t, "hva", lead, contact)
	until(t, w, "terveys", report, 5)
	w.Expect(t, "terveys", report, "Submitted Received Taken Reassigned ContactAttempted")
	responsible := func() string { return rules.Responsible(w.View("terveys", report).State).GetUnit() }
	if responsible() != "kolmas" {
		t.Errorf("the reporter is shown %s", responsible())
	}
	w.Pass(time.Hour)
	pass("muu")
	w.Expect(t, "terveys", report, "Submitted Received Taken Reassigned ContactAttempted Reassigned")
	if responsible() != "muu" {
		t.Errorf("the reporter is shown %s", responsible())
	}
	for _, event := range w.Histories[report].Events {
		if m, is := event.Message.(*concernv1.ConcernReassigned); is && m.GetReason() != "" {
			t.Error("the report holds why the concern was passed on")
		}
	}
}

// A report whose lead was entered in error stays in its state, and nothing is disclosed to its
// reporter at that moment.
func TestARevokedLeadTellsNothing(t *testing.T) {
	w, lead, report := behind(t)
	w.take(t, "hva", report, receive)
	w.take(t, "kela", lead, revoke)
	w.Pass(6 * 24 * time.Hour)
	w.Expect(t, "terveys", report, "Submitted Received")
	w.take(t, "hva", report, take)
	w.Expect(t, "terveys", report, "Submitted Received Taken")
}

// A report that its reporter is shown as joined to its own earlier report follows that one, as if it
// were the lead: no step is disclosed on it earlier.
func TestAnOwnReportFollowsTheFirst(t *testing.T) {
	w, lead, report := behind(t)
	w.Now = w.Now.Add(time.Minute)
	second, err := w.submit("terveys", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", second, receive)
	w.Now = w.Now.Add(time.Minute)
	w.take(t, "hva", report, receive)
	until(t, w, "terveys", report, 5)
	until(t, w, "terveys", second, 6)
	w.Expect(t, "terveys", second, "Submitted Joined Received Taken AssessmentStarted AssessmentCompleted")
	first, own := timesOf(w, "terveys", report), timesOf(w, "terveys", second)
	for i := range 3 {
		if own[i+3].Before(first[i+2]) {
			t.Errorf("step %d of the second report is disclosed before that of the first", i)
		}
	}
	w.take(t, "hva", lead, closing)
	w.Expect(t, "terveys", second, "Submitted Joined Received Taken AssessmentStarted AssessmentCompleted Closed")
}

// Two reports of one agency, of which one was forwarded as the concern that the other joined, do not
// change at one moment: the reporter may not know to whom the first was forwarded.
func TestForwardingIsNotSeenByTwoReports(t *testing.T) {
	w := newFixture()
	first, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", first, receive)
	w.take(t, "hva", first, forward)
	onward := w.Histories[first].State.Forwards[0].Subject
	w.take(t, "terveys", onward, receive)
	second, err := w.submit("kela", "terveys", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "terveys", second, receive)
	w.Now = w.Now.Add(time.Minute)
	w.take(t, "terveys", onward, take)
	w.Expect(t, "kela", second, "Submitted Received Taken")
	w.Expect(t, "kela", first, "Submitted Received Forwarded")
	until(t, w, "kela", first, 4)
	w.Expect(t, "kela", first, "Submitted Received Forwarded Closed")
	w.Expect(t, "hva", first, "Submitted Received Forwarded ForwardAnswered Closed")
}
