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
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

const (
	progress = commonv1.LoopPhase_LOOP_PHASE_IN_PROGRESS
	isTaken  = concernv1.ConcernState_CONCERN_STATE_TAKEN
)

// yes and no are the client's answers, as the receiver records them.
func (w *fixture) yes(t *testing.T, agency, subject string) {
	t.Helper()
	must(t, w.step(agency, subject, w.Request(subject, answer, people["kela"])))
}

func (w *fixture) no(t *testing.T, agency, subject string) {
	t.Helper()
	must(t, w.step(agency, subject, &concernv1.RecordFeedbackConsentRequest{}))
}

// reported returns a concern of kela on a basis, and lets hva take steps on it, a minute apart.
func reported(t *testing.T, basis func(at time.Time) *commonv1.LegalBasis, steps ...string) (*fixture, string) {
	t.Helper()
	w := newFixture()
	c, err := w.submit("kela", "hva", "bo", basis(w.Now))
	must(t, err)
	for _, step := range steps {
		w.Now = w.Now.Add(time.Minute)
		w.take(t, "hva", c, step)
	}
	w.Now = w.Now.Add(time.Minute)
	return w, c
}

func (w *fixture) statusFor(agency, subject string) *commonv1.LoopStatus {
	view := w.View(agency, subject)
	return rules.Status(view.State, view.Reader)
}

// lastTold returns the message that was disclosed to an agency last.
func lastTold(w *fixture, agency string) proto.Message {
	mail := w.Mail[agency]
	return mail[len(mail)-1].Event.Message
}

// A consent to be helped is none to feedback. With the second, the reporter is told of the steps from then
// on, and reads the state and the responsible worker; after a no it is told what became of its report.
func TestReporterHearsByFeedbackAlone(t *testing.T) {
	w, c := reported(t, helped, take, "RecordContactAttempt")
	w.Expect(t, "kela", c, "Submitted Taken")
	if status := w.statusFor("kela", c); status.GetPhase() != progress || status.GetResponsible().GetWorker() != "" || status.GetDueAt() != nil {
		t.Errorf("without feedback: %v", status)
	}
	w.yes(t, "hva", c)
	begun, _ := lastTold(w, "kela").(*concernv1.FeedbackConsentRecorded)
	if !begun.GetConsented() || begun.GetConsentedAt() == nil || begun.GetState() != isTaken || begun.GetHolder().GetWorker() != "ps-21" {
		t.Errorf("the reporter is told %v", begun)
	}
	if status := w.statusFor("kela", c); status.GetPhase() != commonv1.LoopPhase_LOOP_PHASE_TAKEN || status.GetResponsible().GetWorker() != "ps-21" {
		t.Errorf("with feedback: %v", status)
	}
	w.ExpectDue(t, "kela", c, "2.12.2026 23.59", hidden, "")
	w.take(t, "hva", c, assess)
	w.take(t, "hva", c, "RecordContactAttempt")
	w.Expect(t, "kela", c, "Submitted Taken FeedbackConsentRecorded AssessmentStarted ContactAttempted")
	if attempts := w.View("kela", c).State.Attempts; len(attempts) != 1 {
		t.Errorf("the reporter is shown the attempts %v", attempts)
	}
	w.no(t, "hva", c)
	ceased, _ := lastTold(w, "kela").(*concernv1.FeedbackConsentRecorded)
	if ceased.GetConsented() || ceased.GetConsentedAt() != nil || ceased.GetState() != 0 || ceased.GetHolder() != nil {
		t.Errorf("the reporter is told %v", ceased)
	}
	if by := w.Mail["kela"][len(w.Mail["kela"])-1].Event.By; by.GetWorker() != "" {
		t.Errorf("the reporter that hears no more is told that %v recorded it", by)
	}
	if status := w.statusFor("kela", c); status.GetPhase() != progress || status.GetResponsible().GetWorker() != "" || status.GetDueAt() != nil {
		t.Errorf("after the no: %v", status)
	}
	w.take(t, "hva", c, assessed)
	w.take(t, "hva", c, closing)
	w.Expect(t, "kela", c, "Submitted Taken FeedbackConsentRecorded AssessmentStarted ContactAttempted FeedbackConsentRecorded Closed")
	if closed, _ := lastTold(w, "kela").(*concernv1.ConcernClosed); closed.GetOutcome() != 0 {
		t.Errorf("the reporter is told %v", closed)
	}
	w.Expect(t, "hva", c, "Submitted Taken ContactAttempted FeedbackConsentRecorded AssessmentStarted ContactAttempted FeedbackConsentRecorded AssessmentCompleted Closed")
}

// The receiver is shown what the legal basis allows, whatever the client answered, and reads each answer.
func TestReceiverIsShownEachAnswer(t *testing.T) {
	w, c := reported(t, func(time.Time) *commonv1.LegalBasis { return notification() }, take)
	for _, want := range []bool{false, true, true, false} {
		if want {
			w.yes(t, "hva", c)
		} else {
			w.no(t, "hva", c)
		}
		told, _ := lastTold(w, "hva").(*concernv1.FeedbackConsentRecorded)
		if told.GetConsented() != want || told.GetState() != isTaken || told.GetHolder().GetWorker() != "ps-21" {
			t.Errorf("the receiver is told %v", told)
		}
		shown := rules.ToConcern(w.View("hva", c).State, w.View("hva", c).Reader, people["hva"])
		if (shown.GetFeedbackConsentedAt() != nil) != want {
			t.Errorf("after %v the receiver reads %v", want, shown.GetFeedbackConsentedAt())
		}
		w.Now = w.Now.Add(time.Minute)
	}
	w.Expect(t, "kela", c, "Submitted Taken FeedbackConsentRecorded FeedbackConsentRecorded")
	w.Expect(t, "hva", c, "Submitted Taken FeedbackConsentRecorded FeedbackConsentRecorded FeedbackConsentRecorded FeedbackConsentRecorded")
	if audience := w.View("hva", c).Reader; audience.Consent || audience.HearsBack {
		t.Errorf("the receiver reads as %+v", audience)
	}
	client, told := w.Rules.DiscloseToClient(w.Histories[c].Events)
	if len(told) != 6 || client.State.HearsBack || client.State.State != isTaken {
		t.Errorf("the client is told %d events, and shown %s", len(told), client.State.State)
	}
}

// An answer that changes nothing leaves no trace with the reporter: what it is told, and how, is the same
// with such answers and without.
func TestAnswerThatChangesNothingLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		basis := rapid.SampledFrom([]func(time.Time) *commonv1.LegalBasis{
			helped, consent, func(time.Time) *commonv1.LegalBasis { return notification() },
		}).Draw(t, "basis")
		plain, asked := newFixture(), newFixture()
		var subjects [2]string
		for i, w := range []*fixture{plain, asked} {
			var err error
			if subjects[i], err = w.submitUrgent("kela", "hva", "bo", basis(w.Now), urgent); err != nil {
				t.Fatal(err)
			}
		}
		subject := subjects[0]
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			wait := time.Duration(rapid.SampledFrom([]int{1, 50, 2000, 20000}).Draw(t, "minutes")) * time.Minute
			step := rapid.SampledFrom(allSteps).Draw(t, "step")
			agency := rapid.SampledFrom([]string{"hva", "hva", "kela"}).Draw(t, "agency")
			next := plain.ID()
			var results [2]error
			for i, w := range []*fixture{plain, asked} {
				w.Pass(wait)
				w.ReuseID(next)
				results[i] = w.step(agency, subject, w.Request(subject, step, people["terveys"]))
			}
			if fmt.Sprint(results[0]) != fmt.Sprint(results[1]) {
				t.Fatalf("%s: %v, and after an answer %v", step, results[0], results[1])
			}
			hears := asked.Histories[subject].State.HearsBack
			request := &concernv1.RecordFeedbackConsentRequest{Consented: hears}
			if hears {
				request.ConsentedAt = timestamppb.New(asked.Now)
			}
			if rapid.Bool().Draw(t, "asked") {
				_ = asked.step("hva", subject, request)
			}
		}
		if a, b := told(plain, "kela", subject), told(asked, "kela", subject); !slices.Equal(a, b) {
			t.Fatalf("the reporter is told\n%s\nand with answers that change nothing\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
		if a, b := rules.Allowed(plain.View("kela", subject), people["kela"]), rules.Allowed(asked.View("kela", subject), people["kela"]); !slices.Equal(a, b) {
			t.Fatalf("the reporter may take %v, or %v", a, b)
		}
	})
}

// told returns each message about a matter to an agency, with its status, as text.
func told(w *fixture, agency, subject string) []string {
	var all []string
	for _, one := range w.Mail[agency] {
		if one.Event.Subject == subject {
			all = append(all, one.Event.At.String()+" "+rendered(one, subject))
		}
	}
	return all
}

// A report that was recorded before there were terms folds as it did: a consent covers feedback.
func TestOldReportsFoldAsTheyDid(t *testing.T) {
	for name, basis := range map[string]*commonv1.LegalBasis{"consent": consent(time.Unix(0, 0)), "notification": notification()} {
		w, c := reported(t, func(time.Time) *commonv1.LegalBasis { return basis }, take, assess)
		history := w.Histories[c]
		old := slices.Clone(history.Events)
		for i := range old {
			old[i].Basis = proto.CloneOf(old[i].Basis)
			old[i].Basis.Terms, old[i].Basis.FeedbackConsentedAt = nil, nil
		}
		view := w.Rules.Fold(old, false).Views["kela"]
		if heard := view.State.State == concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT; heard != (name == "consent") || view.Reader.HearsBack != heard {
			t.Errorf("on %s the reporter is shown %s", name, view.State.State)
		}
		shown := rules.ToConcern(view.State, view.Reader, people["kela"])
		if proto.Equal(shown.GetFeedbackConsentedAt(), basis.GetConsentedAt()) != true {
			t.Errorf("on %s: %v", name, shown.GetFeedbackConsentedAt())
		}
	}
}

// Each report has its own answer, once it was received; the refusal before names no lead.
func TestJoinedReportHasItsOwnAnswer(t *testing.T) {
	w, lead := reported(t, helped, take, assess)
	report, err := w.submit("terveys", "hva", "bo", helped(w.Now))
	must(t, err)
	err = w.step("hva", report, w.Request(report, answer, people["kela"]))
	if fault.ReasonOf(err) != fault.IllegalStep || fault.MetadataOf(err)["joined_concern_id"] != "" {
		t.Errorf("before the receipt: %v %v", err, fault.MetadataOf(err))
	}
	w.take(t, "hva", report, receive)
	w.yes(t, "hva", report)
	w.Expect(t, "terveys", report, "Submitted Received FeedbackConsentRecorded")
	if begun, _ := lastTold(w, "terveys").(*concernv1.FeedbackConsentRecorded); begun.GetState() != concernv1.ConcernState_CONCERN_STATE_RECEIVED || begun.GetHolder().GetWorker() != "" {
		t.Errorf("the reporter is told %v", begun)
	}
	// What the report still lacks is told step by step, as to a reporter that has heard from the beginning.
	until(t, w, "terveys", report, 5)
	w.Expect(t, "terveys", report, "Submitted Received FeedbackConsentRecorded Taken AssessmentStarted")
	times := timesOf(w, "terveys", report)
	for i, least := range []time.Duration{5 * time.Minute, 30 * time.Minute} {
		if waited := times[i+3].Sub(times[i+2]); waited < least || !matter.InOfficeHours(times[i+3]) {
			t.Errorf("step %d is disclosed %s after the one before, at %s", i+3, waited, times[i+3])
		}
	}
	w.Expect(t, "kela", lead, "Submitted Taken")
	w.yes(t, "hva", lead)
	w.Expect(t, "kela", lead, "Submitted Taken FeedbackConsentRecorded")
	w.Expect(t, "terveys", report, "Submitted Received FeedbackConsentRecorded Taken AssessmentStarted")
	w.take(t, "hva", lead, assessed)
	w.no(t, "hva", report)
	w.take(t, "hva", lead, closing)
	for agency, subject := range map[string]string{"kela": lead, "terveys": report} {
		closed, _ := lastTold(w, agency).(*concernv1.ConcernClosed)
		if heard := closed.GetOutcome() != 0; closed == nil || heard != (agency == "kela") {
			t.Errorf("%s is told of %s: %v", agency, subject, closed)
		}
	}
}

// What the answer must contain, who may record it, and when.
func TestFeedbackConsentIsChecked(t *testing.T) {
	w, c := reported(t, helped, take)
	at := func(after time.Duration) *timestamppb.Timestamp { return timestamppb.New(w.Now.Add(after)) }
	for name, test := range map[string]struct {
		actor   matter.Actor
		request *concernv1.RecordFeedbackConsentRequest
		reason  fault.Reason
	}{
		"a yes without a time": {people["hva"], &concernv1.RecordFeedbackConsentRequest{Consented: true}, fault.InvalidField},
		"a time in the future": {people["hva"], &concernv1.RecordFeedbackConsentRequest{Consented: true, ConsentedAt: at(matter.ClockTolerance + time.Second)}, fault.InvalidField},
		"a no with a time":     {people["hva"], &concernv1.RecordFeedbackConsentRequest{ConsentedAt: at(0)}, fault.InvalidField},
		"the reporter":         {people["kela"], &concernv1.RecordFeedbackConsentRequest{Consented: true, ConsentedAt: at(0)}, fault.RoleNotAllowed},
		"a system":             {matter.Actor{Agency: "hva", Role: "system", Automatic: true}, &concernv1.RecordFeedbackConsentRequest{Consented: true, ConsentedAt: at(0)}, fault.RoleNotAllowed},
	} {
		if err := w.Try(test.actor, c, test.request); fault.ReasonOf(err) != test.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A clock that is a little ahead is not the sender's fault.
	must(t, w.step("hva", c, &concernv1.RecordFeedbackConsentRequest{Consented: true, ConsentedAt: at(time.Minute)}))
	if got := w.Histories[c].State.FeedbackConsentedAt.AsTime(); !got.Equal(w.Now) {
		t.Errorf("the consent is recorded as given at %s, after %s", got, w.Now)
	}
	w.take(t, "hva", c, closing)
	if err := w.step("hva", c, w.Request(c, answer, people["kela"])); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("after the end: %v", err)
	}
	declined, unreceived := reported(t, helped)
	if err := declined.step("hva", unreceived, declined.Request(unreceived, answer, people["kela"])); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("before the receipt: %v", err)
	}
}

// A withdrawn consent ends feedback, and what was told of it.
func TestWithdrawnConsentEndsFeedback(t *testing.T) {
	w, c := reported(t, helped, take)
	w.yes(t, "hva", c)
	w.take(t, "hva", c, assess)
	must(t, w.Withdraw("", c))
	view := w.View("kela", c)
	if shown := rules.ToConcern(view.State, view.Reader, people["kela"]); view.Reader.HearsBack || shown.GetFeedbackConsentedAt() != nil || shown.GetState() != isTaken {
		t.Errorf("the reporter hears: %v, and reads %v", view.Reader.HearsBack, shown)
	}
	if view.State.HearsBack {
		t.Error("the reporter is still shown that it began to hear")
	}
	if shown := rules.ToConcern(w.View("hva", c).State, w.View("hva", c).Reader, people["hva"]); shown.GetFeedbackConsentedAt() != nil {
		t.Errorf("the receiver reads that the client consented at %v", shown.GetFeedbackConsentedAt())
	}
	if err := w.step("hva", c, w.Request(c, answer, people["kela"])); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("after the withdrawal: %v", err)
	}
}

// A reporter that begins to hear of an urgent concern, or hears again, is not shown a due time that steps
// which it was not told have replaced; and the answer postpones nothing for the receiver.
func TestNoOldDueTimesAfterBegin(t *testing.T) {
	w := newFixture()
	c, err := w.submitUrgent("kela", "hva", "bo", helped(w.Now), urgent)
	must(t, err)
	w.take(t, "hva", c, take)
	w.Pass(26 * time.Hour)
	w.yes(t, "hva", c)
	next := &concernv1.RecordContactAttemptRequest{Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED, NextAttemptAt: timestamppb.New(w.Now.Add(3 * time.Hour))}
	must(t, w.step("hva", c, next))
	w.no(t, "hva", c)
	w.Pass(time.Hour)
	must(t, w.step("hva", c, &concernv1.RecordContactAttemptRequest{Result: concernv1.ContactResult_CONTACT_RESULT_REACHED}))
	for range 3 {
		w.Pass(23 * time.Hour)
		must(t, w.step("hva", c, &concernv1.RecordContactAttemptRequest{Result: concernv1.ContactResult_CONTACT_RESULT_REACHED}))
	}
	due := w.statusFor("hva", c).GetDueAt().AsTime()
	w.yes(t, "hva", c)
	if after := w.statusFor("hva", c).GetDueAt().AsTime(); !after.Equal(due) {
		t.Errorf("the receiver is due at %s, and after the answer at %s", due, after)
	}
	w.Pass(time.Minute)
	w.Expect(t, "kela", c, "Submitted Taken FeedbackConsentRecorded ContactAttempted FeedbackConsentRecorded FeedbackConsentRecorded")
	if status := w.statusFor("kela", c); status.GetOverdue() || !status.GetDueAt().AsTime().After(w.Now) {
		t.Errorf("the reporter is shown %v", status)
	}
}

// A question stays open for a reporter that begins to hear, also after a step that it was not told.
func TestQuestionStaysOpenAtBegin(t *testing.T) {
	w, c := reported(t, helped, take, ask)
	w.take(t, "hva", c, assess)
	w.yes(t, "hva", c)
	if state := w.View("kela", c).State; state.Shown() != concernv1.ConcernState_CONCERN_STATE_INFORMATION_REQUESTED {
		t.Errorf("the reporter is shown %s", state.Shown())
	}
	request := w.Request(c, "ProvideInformation", people["hva"]).(*concernv1.ProvideInformationRequest)
	request.InformationRequestId = w.View("kela", c).State.Thread.Holding
	must(t, w.step("kela", c, request))
	if state := w.View("kela", c).State; state.Shown() != concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT {
		t.Errorf("after the answer the reporter is shown %s", state.Shown())
	}
	w.take(t, "hva", c, ask)
}

// Whether the receiver knows the client is not told to a reporter that does not hear.
func TestReportWithoutFeedbackIsNotDeclinedAsUnknown(t *testing.T) {
	w, c := reported(t, helped, receive)
	unknown := &concernv1.DeclineConcernRequest{Reason: concernv1.DeclineReason_DECLINE_REASON_CLIENT_UNKNOWN}
	if err := w.step("hva", c, unknown); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Error(err)
	}
	w.yes(t, "hva", c)
	must(t, w.step("hva", c, unknown))
}

// The state and the responsible party of a triaged concern are what a reporter that heard would be shown.
func TestTriagedConcernNamesTheUnit(t *testing.T) {
	w, c := reported(t, helped, receive)
	must(t, w.step("hva", c, &concernv1.TriageConcernRequest{AssignTo: rulestest.Colleague.Party()}))
	w.yes(t, "hva", c)
	begun, _ := lastTold(w, "kela").(*concernv1.FeedbackConsentRecorded)
	if begun.GetState() != concernv1.ConcernState_CONCERN_STATE_TRIAGED || begun.GetHolder().GetUnit() != "tyoikaiset" || begun.GetHolder().GetWorker() != "" {
		t.Errorf("the reporter is told %v", begun)
	}
	if holder := w.Histories[c].State.Holder; holder.GetWorker() != rulestest.Colleague.Worker {
		t.Errorf("the concern is assigned to %v", holder)
	}
}
