package rules_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// If another agency reports the client of a taken concern, it is shown what the reporter of a single
// report would be shown: the receipt, and later that it was taken.
func TestJoinedReportCatchesUpWithLead(t *testing.T) {
	w := newFixture()
	lead, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", lead, receive)
	w.take(t, "hva", lead, take)
	report, err := w.submit("terveys", "hva", "anna", consent(w.Now))
	must(t, err)
	w.Expect(t, "terveys", report, "Submitted")
	w.Expect(t, "hva", report, "Submitted Joined")
	w.Expect(t, "hva", lead, "Submitted Received Taken ReportJoined")
	w.take(t, "hva", report, receive)
	w.Expect(t, "terveys", report, "Submitted Received")
	w.Pass(time.Hour)
	w.Expect(t, "terveys", report, "Submitted Received Taken")
	w.take(t, "hva", lead, closing)
	w.Expect(t, "terveys", report, "Submitted Received Taken Closed")
	w.Expect(t, "kela", lead, "Submitted Received Taken Closed")
	if state := w.View("hva", report).State; state.Lead != lead || state.Shown() != concernv1.ConcernState_CONCERN_STATE_CLOSED {
		t.Errorf("%+v", state)
	}
}

// A joined report that was not received is received when its lead is taken, and is taken some time
// later, once.
func TestCopiedStepIsRecordedOnce(t *testing.T) {
	w := newFixture()
	lead, err := w.submit("kela", "hva", "anna", notification())
	must(t, err)
	report, err := w.submit("terveys", "hva", "anna", notification())
	must(t, err)
	w.take(t, "hva", lead, receive)
	w.take(t, "hva", lead, take)
	w.Expect(t, "terveys", report, "Submitted Received")
	w.Pass(time.Hour)
	w.Pass(time.Hour)
	w.Expect(t, "terveys", report, "Submitted Received Taken")
	straight, err := w.submit("tyo", "terveys", "bo", notification())
	must(t, err)
	other, err := w.submit("kela", "terveys", "bo", notification())
	must(t, err)
	w.take(t, "terveys", straight, take)
	w.Expect(t, "kela", other, "Submitted Taken")
}

// When the lead of three reports is withdrawn, the oldest becomes the lead. Only a reporter that was
// shown JOINED is shown this.
func TestOldestReportIsPromoted(t *testing.T) {
	w := newFixture()
	lead, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	theirs, err := w.submit("terveys", "hva", "anna", consent(w.Now))
	must(t, err)
	own, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.Expect(t, "kela", own, "Submitted Joined")
	w.take(t, "kela", lead, withdraw)
	w.Expect(t, "hva", theirs, "Submitted Joined Promoted")
	w.Expect(t, "terveys", theirs, "Submitted")
	w.Expect(t, "hva", own, "Submitted Joined Promoted")
	w.Expect(t, "kela", own, "Submitted Joined Promoted")
	if state := w.View("hva", own).State; state.Lead != theirs {
		t.Errorf("the receiver sees %s as the lead, want %s", state.Lead, theirs)
	}
	if state := w.View("kela", own).State; state.Shown() != concernv1.ConcernState_CONCERN_STATE_SUBMITTED {
		t.Errorf("the reporter is shown %s", state.Shown())
	}
	if reports := w.View("hva", theirs).State.Reports; !slices.Equal(reports, []string{own}) {
		t.Errorf("%v joined the new lead", reports)
	}
}

// The responsibility for a forwarded concern stays where it is until the concern is taken. The reporter
// never learns where it went.
func TestForwarding(t *testing.T) {
	for name, test := range map[string]struct {
		keepOpen bool
		answer   string
		forward  string
		ended    bool
	}{
		"taken":            {false, take, "Submitted Taken Forwarded Closed", true},
		"taken, kept open": {true, take, "Submitted Taken Forwarded ForwardAnswered", false},
		"declined":         {false, decline, "Submitted Taken Forwarded ForwardAnswered", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFixture()
			first, err := w.submit("kela", "hva", "anna", consent(w.Now))
			must(t, err)
			w.take(t, "hva", first, take)
			request, _ := w.Request(first, forward, people["terveys"]).(*concernv1.ForwardConcernRequest)
			request.KeepOpen = test.keepOpen
			must(t, w.step("hva", first, request))
			onward := w.Histories[first].State.Forwards[0].Subject
			if got := w.Turn("hva", first); got != "hva/tyoikaiset/ps-21 responsible, terveys's turn until 26.11.2026 23.59" {
				t.Error(got)
			}
			if got := w.Turn("kela", first); got != "hva/tyoikaiset/ps-21 responsible, hva's turn until 2.12.2026 23.59" {
				t.Error(got)
			}
			must(t, w.step("terveys", onward, w.Request(onward, test.answer, people["terveys"])))
			w.Expect(t, "hva", first, test.forward)
			if ended := w.Histories[first].State.Ended(); ended != test.ended {
				t.Errorf("ended: %v", ended)
			}
			for _, one := range w.Mail["kela"] {
				if one.Event.By.GetAgency() == "terveys" {
					t.Errorf("kela learns of terveys by %s", one.Event.Message.ProtoReflect().Descriptor().Name())
				}
			}
		})
	}
}

// A concern that is forwarded back to an earlier agency is not closed while nobody has it.
func TestConcernForwardedInACircleStaysOpen(t *testing.T) {
	w := newFixture()
	first, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", first, receive)
	w.take(t, "hva", first, forward)
	second := w.Histories[first].State.Forwards[0].Subject
	w.take(t, "terveys", second, receive)
	must(t, w.step("terveys", second, w.Request(second, forward, people["tyo"])))
	third := w.Histories[second].State.Forwards[0].Subject
	w.take(t, "tyo", third, receive)
	must(t, w.step("tyo", third, w.Request(third, forward, people["hva"])))
	w.take(t, "hva", first, take)
	if c := w.Histories[first].State; c.Ended() || rules.Responsible(c).GetWorker() != "ps-21" {
		t.Errorf("the concern is %s and nobody is responsible", c.State)
	}
}

// The next contact attempt sets the due time, if it is earlier.
func TestNextAttempt(t *testing.T) {
	w := newFixture()
	c, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", c, take)
	next := w.Now.Add(26 * time.Hour)
	must(t, w.step("hva", c, &concernv1.RecordContactAttemptRequest{
		Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED, NextAttemptAt: timestamppb.New(next),
	}))
	w.ExpectTurn(t, "hva", c, "hva/tyoikaiset/ps-21 responsible, hva's turn until 24.11.2026 11.00")
	w.Pass(27 * time.Hour)
	w.Expect(t, "kela", c, "Submitted Taken ContactAttempted Overdue")
	w.Pass(27 * time.Hour)
	w.Expect(t, "kela", c, "Submitted Taken ContactAttempted Overdue")
	// After the attempt the due time of the state applies again.
	must(t, w.step("hva", c, &concernv1.RecordContactAttemptRequest{Result: concernv1.ContactResult_CONTACT_RESULT_REACHED}))
	w.ExpectTurn(t, "hva", c, "hva/tyoikaiset/ps-21 responsible, hva's turn until 2.12.2026 23.59")
}

func TestReportWithoutConsentIsNotDeclinedAsUnknown(t *testing.T) {
	w := newFixture()
	c, err := w.submit("kela", "hva", "anna", notification())
	must(t, err)
	unknown := &concernv1.DeclineConcernRequest{Reason: concernv1.DeclineReason_DECLINE_REASON_CLIENT_UNKNOWN}
	if err := w.step("hva", c, unknown); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Error(err)
	}
}

// After the consent is withdrawn, the view is as if there had been none.
func TestViewAfterConsentIsWithdrawn(t *testing.T) {
	w := newFixture()
	c, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", c, take)
	w.take(t, "hva", c, assess)
	history := w.Rules.Fold(w.Events, true)
	view := history.Views["kela"]
	status := rules.Status(view.State, view.Reader)
	if view.State.State != concernv1.ConcernState_CONCERN_STATE_TAKEN || status.GetResponsible().GetWorker() != "" || status.GetDueAt() != nil ||
		status.GetPhase() != commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS {
		t.Errorf("%s, %v", view.State.State, status)
	}
}

// A due time is recorded as passed once, also if another that replaced it has passed meanwhile.
func TestDueTimePassesOnce(t *testing.T) {
	w := newFixture()
	c, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", c, take)
	w.take(t, "hva", c, forward)
	w.Pass(30 * 24 * time.Hour)
	w.take(t, "hva", c, ask)
	w.Pass(30 * 24 * time.Hour)
	w.take(t, "kela", c, "ProvideInformation")
	w.Pass(time.Hour)
	// The request lapsed, and the offer, which had rested, was due again.
	w.Expect(t, "hva", c, "Submitted Taken Forwarded Overdue InformationRequested Overdue Overdue InformationProvided")
}
