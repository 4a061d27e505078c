package rules_test

import (
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
	reached    = concernv1.ContactResult_CONTACT_RESULT_REACHED
	notReached = concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED
)

// begin reports an urgent concern without consent to hear back, and receives it.
func (w *fixture) begin(t *testing.T, reporter string, basis *commonv1.LegalBasis) string {
	t.Helper()
	subject, err := w.submitUrgent(reporter, "hva", "bo", basis, commonv1.Urgency_URGENCY_URGENT)
	must(t, err)
	w.take(t, "hva", subject, receive)
	return subject
}

// contacted records an attempt to reach the client.
func (w *fixture) contacted(t *testing.T, subject string, result concernv1.ContactResult) {
	t.Helper()
	must(t, w.step("hva", subject, &concernv1.RecordContactAttemptRequest{Result: result}))
}

// A triage owes a reason where it lowers the urgency before anybody knows more than the reporter, and where it takes
// the concern from the worker who holds it.
func TestTriageOwesReason(t *testing.T) {
	lower := &concernv1.TriageConcernRequest{Urgency: commonv1.Urgency_URGENCY_NORMAL}
	higher := &concernv1.TriageConcernRequest{Urgency: emergencyUrgency}
	passing := &concernv1.TriageConcernRequest{AssignTo: &commonv1.Party{Agency: "hva", Unit: "muu"}}
	for name, test := range map[string]struct {
		before func(w *fixture, subject string)
		triage *concernv1.TriageConcernRequest
		owes   bool
	}{
		"lower":                    {nil, lower, true},
		"higher":                   {nil, higher, false},
		"the same":                 {nil, &concernv1.TriageConcernRequest{Urgency: commonv1.Urgency_URGENCY_URGENT}, false},
		"lower, not reached":       {func(w *fixture, c string) { w.contacted(t, c, notReached) }, lower, true},
		"lower, reached":           {func(w *fixture, c string) { w.contacted(t, c, reached) }, lower, false},
		"lower, taken":             {func(w *fixture, c string) { w.take(t, "hva", c, take) }, lower, false},
		"lower than a triage":      {func(w *fixture, c string) { must(t, w.step("hva", c, higher)) }, &concernv1.TriageConcernRequest{Urgency: commonv1.Urgency_URGENCY_URGENT}, true},
		"passed on, in the queue":  {nil, passing, false},
		"passed on from a worker":  {func(w *fixture, c string) { w.take(t, "hva", c, take) }, passing, true},
		"judged, held by a worker": {func(w *fixture, c string) { w.take(t, "hva", c, take) }, &concernv1.TriageConcernRequest{Track: 1}, false},
	} {
		w := newFixture()
		subject := w.begin(t, "kela", notification())
		if test.before != nil {
			test.before(w, subject)
		}
		want := fault.Reason("")
		if test.owes {
			want = fault.ExplanationRequired
		}
		if err := w.step("hva", subject, proto.CloneOf(test.triage)); fault.ReasonOf(err) != want {
			t.Errorf("%s, without a reason: %v", name, err)
		}
		with := proto.CloneOf(test.triage)
		with.Reason = "kuultu"
		if err := w.step("hva", subject, with); err != nil {
			t.Errorf("%s, with a reason: %v", name, err)
		}
	}
}

// Who is reported again and again, and is not reached or wants no help, is marked until the client is reached.
func TestRepeatedUnreached(t *testing.T) {
	no := &concernv1.TriageConcernRequest{ClientWill: concernv1.ClientWill_CLIENT_WILL_NO}
	for name, test := range map[string]struct {
		reports, unreachedBefore int32
		do                       func(w *fixture, subject string)
		want                     bool
	}{
		"one report, twice not reached": {1, 0, func(w *fixture, c string) { w.contacted(t, c, notReached); w.contacted(t, c, notReached) }, false},
		"two, nothing yet":              {2, 0, func(*fixture, string) {}, false},
		"two, once not reached":         {2, 0, func(w *fixture, c string) { w.contacted(t, c, notReached) }, false},
		"two, twice not reached":        {2, 0, func(w *fixture, c string) { w.contacted(t, c, notReached); w.contacted(t, c, notReached) }, true},
		"two, reached between": {2, 0, func(w *fixture, c string) {
			w.contacted(t, c, notReached)
			w.contacted(t, c, reached)
			w.contacted(t, c, notReached)
		}, false},
		"two, wants no help":             {2, 0, func(w *fixture, c string) { must(t, w.step("hva", c, no)) }, true},
		"one, wants no help":             {1, 0, func(w *fixture, c string) { must(t, w.step("hva", c, no)) }, false},
		"two, never reached before":      {2, 1, func(*fixture, string) {}, true},
		"two, never before, reached now": {2, 1, func(w *fixture, c string) { w.contacted(t, c, reached) }, false},
		"two, ended": {2, 1, func(w *fixture, c string) {
			must(t, w.step("hva", c, &concernv1.CloseConcernRequest{Outcome: concernv1.Outcome_OUTCOME_GUIDED}))
		}, false},
		"two, an appointment missed twice": {2, 0, func(w *fixture, c string) { w.missed(t, c); w.missed(t, c) }, true},
	} {
		w := newFixture()
		subject := w.beginWith(t, rules.Facts{Earlier: test.reports - 1, EarlierUnreached: test.unreachedBefore})
		test.do(w, subject)
		if got := w.Histories[subject].State.IsRepeatedUnreached(); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
		if view := w.View("kela", subject); view.State.IsRepeatedUnreached() {
			t.Errorf("%s: the reporter sees it", name)
		}
		if !test.want {
			continue
		}
		end := &concernv1.CloseConcernRequest{Outcome: concernv1.Outcome_OUTCOME_CLIENT_NOT_REACHED}
		if err := w.step("hva", subject, end); fault.ReasonOf(err) != fault.ExplanationRequired {
			t.Errorf("%s: ended without a note: %v", name, err)
		}
	}
}

// beginWith is begin with facts of the directory and the worklists.
func (w *fixture) beginWith(t *testing.T, known rules.Facts) string {
	t.Helper()
	known.Receiver = &commonv1.Party{Agency: "hva", Unit: "intake"}
	subject, err := w.Begin(rules.Command{Actor: people["kela"], Client: "bo", Facts: known, Request: &concernv1.SubmitConcernRequest{
		Basis: notification(), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_HOMELESSNESS}, Urgency: normalUrgency, Receiver: &commonv1.Party{Agency: "hva"}, Client: &commonv1.Client{},
	}})
	must(t, err)
	w.take(t, "hva", subject, receive)
	return subject
}

// missed schedules an appointment and records that the client did not come.
func (w *fixture) missed(t *testing.T, subject string) {
	t.Helper()
	must(t, w.step("hva", subject, &concernv1.ScheduleAppointmentRequest{At: timestamppb.New(w.Now.Add(time.Hour))}))
	w.Pass(2 * time.Hour)
	must(t, w.step("hva", subject, &concernv1.RecordAppointmentResultRequest{
		AppointmentId: firstOpen(w.Histories[subject].State), Result: commonv1.AppointmentResult_APPOINTMENT_RESULT_NO_SHOW,
	}))
}

// A report that joined gets of the lead's contacts and appointments what a reporter may hear, and no id of the lead's.
func TestJoinedReportGetsNoNotes(t *testing.T) {
	w := newFixture()
	lead := w.begin(t, "terveys", consent(w.Now))
	w.take(t, "hva", lead, take)
	w.Pass(time.Minute)
	joined := w.begin(t, "kela", consent(w.Now))
	for range 20 {
		w.Pass(12 * time.Hour)
	}
	must(t, w.step("hva", lead, &concernv1.RecordContactAttemptRequest{
		Result: reached, Mode: concernv1.ContactMode_CONTACT_MODE_PHONE, ClientWill: concernv1.ClientWill_CLIENT_WILL_NO, Note: private,
		GuidedTo: []*concernv1.Guidance{{To: &concernv1.Guidance_Organisation{Organisation: private}, What: private}},
	}))
	w.Pass(time.Hour)
	must(t, w.step("hva", lead, &concernv1.ScheduleAppointmentRequest{At: timestamppb.New(w.Now.Add(10 * 24 * time.Hour)), Place: private}))
	for range 4 {
		w.Pass(12 * time.Hour)
	}
	a, b := w.Histories[lead].State, w.Histories[joined].State
	if len(b.Attempts) != 1 || len(b.Appointments) != 1 {
		t.Fatalf("the report has %v and %v", b.Attempts, b.Appointments)
	}
	if one := b.Attempts[0]; one.GetResult() != reached || one.GetMode() != 0 || one.GetClientWill() != 0 || one.GetNote() != "" || len(one.GetGuidedTo()) > 0 {
		t.Errorf("the contact: %v", one)
	}
	if one, of := b.Appointments[0], a.Appointments[0]; !proto.Equal(one.GetAt(), of.GetAt()) || one.GetPlace() != "" || one.GetAppointmentId() == of.GetAppointmentId() {
		t.Errorf("the appointment %v of %v", one, of)
	}
}

// A reporter that hears is told neither a triage once the concern is taken, nor the result of an appointment of which
// it never heard.
func TestWhatAReporterIsNotToldOfIntake(t *testing.T) {
	w := newFixture()
	subject := w.begin(t, "kela", helped(w.Now))
	told := func() string {
		mail := w.Mail["kela"]
		return matter.NameOf(mail[len(mail)-1].Event.Message)
	}
	must(t, w.step("hva", subject, &concernv1.ScheduleAppointmentRequest{At: timestamppb.New(w.Now.Add(time.Hour))}))
	w.take(t, "hva", subject, take)
	w.take(t, "hva", subject, answer)
	if told() != "FeedbackConsentRecorded" {
		t.Fatalf("it is told %s", told())
	}
	w.Pass(2 * time.Hour)
	must(t, w.step("hva", subject, &concernv1.RecordAppointmentResultRequest{
		AppointmentId: firstOpen(w.Histories[subject].State), Result: commonv1.AppointmentResult_APPOINTMENT_RESULT_ATTENDED,
	}))
	if told() != "FeedbackConsentRecorded" {
		t.Errorf("of an appointment before it heard, it is told %s", told())
	}
	must(t, w.step("hva", subject, &concernv1.ScheduleAppointmentRequest{At: timestamppb.New(w.Now.Add(time.Hour))}))
	if told() != "AppointmentScheduled" {
		t.Errorf("of an appointment, it is told %s", told())
	}
	must(t, w.step("hva", subject, &concernv1.TriageConcernRequest{Track: concernv1.Track_TRACK_SOCIAL_WORK}))
	if told() != "AppointmentScheduled" {
		t.Errorf("of a triage of what is taken, it is told %s", told())
	}
}
