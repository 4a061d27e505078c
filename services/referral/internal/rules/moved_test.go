package rules_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/referral/internal/rules"
)

const (
	emergency = commonv1.Urgency_URGENCY_EMERGENCY
	urgent    = commonv1.Urgency_URGENCY_URGENT
	normal    = commonv1.Urgency_URGENCY_NORMAL
)

// move sends an application that arrived at kela on a day to another agency, by a provision.
func (w *fixture) move(t *testing.T, to, arrivedOn, provision string, urgency commonv1.Urgency) string {
	t.Helper()
	basis := rulestest.Consent(w.Now)
	basis.Provision = provision
	subject, err := w.Begin(rules.Command{
		Actor: people["kela"], Client: "anna", Facts: rules.Facts{Receiver: &commonv1.Party{Agency: to, Unit: "intake"}, ToSocialServices: to == "hva"},
		Request: &referralv1.SendReferralRequest{
			Basis: basis, Kind: transfer, Reason: "Hakemus.", Urgency: urgency, Receiver: &commonv1.Party{Agency: to}, ApplicationArrivedOn: arrivedOn,
		},
	})
	rulestest.Must(t, err)
	return subject
}

const (
	byUrgency = commonv1.DueBasis_DUE_BASIS_URGENCY
	byPromise = commonv1.DueBasis_DUE_BASIS_SERVICE_PROMISE
	byLaw     = commonv1.DueBasis_DUE_BASIS_STATUTORY
	agreed    = commonv1.DueBasis_DUE_BASIS_AGREED
	hidden    = commonv1.DueBasis_DUE_BASIS_UNSPECIFIED
)

// A moved application is decided within seven working days, also if it is accepted late. On hold it
// waits for the client, and the days are counted again after that (1412/1997 § 14 a).
func TestMovedApplicationDueTimes(t *testing.T) {
	w := newFixture()
	r := w.move(t, "hva", "", "1301/2014 § 35.1", normal)
	w.ExpectDue(t, "hva", r, "26.11.2026 23.59", byPromise, "")
	w.take(t, "hva", r, receive)
	w.ExpectDue(t, "hva", r, "30.11.2026 23.59", byPromise, "")
	w.take(t, "hva", r, accept)
	w.ExpectDue(t, "hva", r, "2.12.2026 23.59", byLaw, "1412/1997 § 14 a.1")
	w.ExpectDue(t, "kela", r, "2.12.2026 23.59", hidden, "")
	w.take(t, "hva", r, schedule)
	w.ExpectDue(t, "hva", r, "2.12.2026 23.59", byLaw, "1412/1997 § 14 a.1")
	w.take(t, "hva", r, hold)
	w.ExpectDue(t, "hva", r, "23.12.2026 23.59", byPromise, "")
	w.Now = w.Now.Add(48 * time.Hour)
	w.take(t, "hva", r, note)
	w.ExpectDue(t, "hva", r, "4.12.2026 23.59", byLaw, "1412/1997 § 14 a.1")
}

// An urgent application is decided by the next working day, also on hold. One that is judged to be
// urgent later is urgent from then on.
func TestUrgentApplicationDueTimes(t *testing.T) {
	w := newFixture()
	r := w.move(t, "hva", "", "1301/2014 § 35.1", urgent)
	w.take(t, "hva", r, accept)
	w.ExpectDue(t, "hva", r, "24.11.2026 23.59", byLaw, "1412/1997 § 14 b")
	w.take(t, "hva", r, hold)
	w.ExpectDue(t, "hva", r, "24.11.2026 23.59", byLaw, "1412/1997 § 14 b")
	judged := w.move(t, "hva", "", "1301/2014 § 35.1", normal)
	w.take(t, "hva", judged, accept)
	w.Now = w.Now.Add(24 * time.Hour)
	rulestest.Must(t, w.try("hva", judged, &referralv1.TriageReferralRequest{Urgency: emergency}))
	w.ExpectDue(t, "hva", judged, "24.11.2026 10.00", byUrgency, "1301/2014 § 36.1")
	w.Pass(2 * time.Hour)
	rulestest.Must(t, w.try("hva", judged, &referralv1.TriageReferralRequest{Urgency: urgent}))
	w.ExpectDue(t, "hva", judged, "25.11.2026 23.59", byLaw, "1412/1997 § 14 b")
	// If it is no longer urgent, the seven working days count from its sending.
	rulestest.Must(t, w.try("hva", judged, &referralv1.TriageReferralRequest{Urgency: normal}))
	w.ExpectDue(t, "hva", judged, "2.12.2026 23.59", byLaw, "1412/1997 § 14 a.1")
	w.Expect(t, "kela", judged, "Sent Accepted Triaged Overdue Triaged Triaged")
}

// If the sender was obliged to move the application, its arrival at the sender counts (434/2003 § 21). A
// day that has passed becomes the next working day. Receivers other than social services have no such
// day.
func TestDueTimeCountsFromArrival(t *testing.T) {
	w := newFixture()
	for _, test := range []struct{ to, arrived, provision, want, by string }{
		{"hva", "2026-11-19", "434/2003 § 21", "30.11.2026 23.59", "1412/1997 § 14 a.1"},
		{"hva", "2026-11-19", "1301/2014 § 35.1", "2.12.2026 23.59", "1412/1997 § 14 a.1"},
		{"hva", "2026-10-01", "434/2003 § 21", "24.11.2026 23.59", "1412/1997 § 14 a.1"},
		{"terveys", "2026-10-01", "434/2003 § 21", "23.12.2026 23.59", ""},
	} {
		r := w.move(t, test.to, test.arrived, test.provision, normal)
		w.take(t, test.to, r, accept)
		basis := byLaw
		if test.by == "" {
			basis = byPromise
		}
		w.ExpectDue(t, test.to, r, test.want, basis, test.by)
		if w.View("kela", r).State.ArrivedOn != test.arrived {
			t.Errorf("arrived %s", w.View("kela", r).State.ArrivedOn)
		}
	}
	// A redirected application keeps its day.
	moved := w.move(t, "terveys", "2026-11-19", "434/2003 § 21", normal)
	rulestest.Must(t, w.try("terveys", moved, w.Request(moved, redirect, people["hva"])))
	w.take(t, "hva", w.onward(moved), accept)
	w.ExpectDue(t, "hva", w.onward(moved), "2.12.2026 23.59", byLaw, "1412/1997 § 14 a.1")
}

// An application that was moved on consent, as versions before could record it, is not withdrawn: the
// applicant asks its sender to cancel it.
func TestMovedApplicationIsNotWithdrawn(t *testing.T) {
	w := newFixture()
	moved := w.move(t, "hva", "", "1301/2014 § 35.1", normal)
	if err := w.Withdraw("", moved); fault.ReasonOf(err) != fault.IllegalStep || !strings.Contains(err.Error(), "the applicant asks its sender to cancel it") {
		t.Error(err)
	}
	w.Expect(t, "hva", moved, "Sent")
	other, r := sent(t, service)
	rulestest.Must(t, other.Withdraw("", r))
}

// ofRow is the time to decide of a row of the table of grounds.
var ofRow = matter.Limit{WorkingDays: 5, UrgentWorkingDays: 2, Provision: "434/2003 § 23.1", UrgentProvision: "434/2003 § 23.2"}

// moveOnRow sends an application that arrived on the 19th from kela to another agency, on a row with a
// limit or with none.
func (w *fixture) moveOnRow(t *testing.T, to string, limit *matter.Limit, urgency commonv1.Urgency) string {
	t.Helper()
	basis := rulestest.Consent(w.Now)
	basis.Provision, basis.GroundKey, basis.Terms = "434/2003 § 21", "hl-21", &commonv1.GroundTerms{ReceiverKind: "SOCIAL_SERVICES"}
	subject, err := w.Begin(rules.Command{
		Actor: people["kela"], Client: "anna", Facts: rules.Facts{Receiver: &commonv1.Party{Agency: to, Unit: "intake"}, ToSocialServices: to == "hva"},
		Request: &referralv1.SendReferralRequest{
			Basis: basis, Kind: transfer, Reason: "Hakemus.", Urgency: urgency, Receiver: &commonv1.Party{Agency: to}, ApplicationArrivedOn: "2026-11-19",
		},
		Limit: limit,
	})
	rulestest.Must(t, err)
	return subject
}

// The row on which an application is moved sets the days, the provisions and from when they count: at the
// sending, after a judgement of its urgency and after it was on hold. The sender is shown the same due times,
// and not what they rest on.
func TestDueTimeOfARow(t *testing.T) {
	w := newFixture()
	r := w.moveOnRow(t, "hva", &ofRow, normal)
	w.take(t, "hva", r, accept)
	w.ExpectDue(t, "hva", r, "30.11.2026 23.59", byLaw, "434/2003 § 23.1")
	w.ExpectDue(t, "kela", r, "30.11.2026 23.59", hidden, "")
	rulestest.Must(t, w.try("hva", r, &referralv1.TriageReferralRequest{Urgency: urgent}))
	if due, provision := w.Histories[r].State.Statutory, w.Histories[r].State.Provision; provision != "434/2003 § 23.2" || !due.Equal(matter.EndOfWorkingDay(w.Now, 2)) {
		t.Errorf("urgent by %s: %s", provision, due)
	}
	rulestest.Must(t, w.try("hva", r, &referralv1.TriageReferralRequest{Urgency: normal}))
	w.take(t, "hva", r, hold)
	w.Now = w.Now.Add(48 * time.Hour)
	w.take(t, "hva", r, note)
	w.ExpectDue(t, "hva", r, "2.12.2026 23.59", byLaw, "434/2003 § 23.1")
	w.ExpectDue(t, "kela", r, "2.12.2026 23.59", hidden, "")
	if shown := w.View("kela", r).State.Limit; shown.Provision+shown.UrgentProvision != "" || shown.FromArrival {
		t.Errorf("the sender is shown what the days rest on: %v", shown)
	}
	arrival := ofRow
	arrival.FromArrival = true
	arrived := w.moveOnRow(t, "terveys", &arrival, normal)
	w.take(t, "terveys", arrived, accept)
	w.ExpectDue(t, "terveys", arrived, "26.11.2026 23.59", byLaw, "434/2003 § 23.1")
	rulestest.Must(t, w.try("terveys", arrived, &referralv1.TriageReferralRequest{Urgency: urgent}))
	rulestest.Must(t, w.try("terveys", arrived, &referralv1.TriageReferralRequest{Urgency: normal}))
	w.ExpectDue(t, "terveys", arrived, "26.11.2026 23.59", byLaw, "434/2003 § 23.1")
}

// A row that limits nothing for the receiver's kind sets no due time, although a referral without a row would
// have one. A redirected application goes by its own row, and not later than by the first.
func TestDueTimeOfItsOwnRow(t *testing.T) {
	w := newFixture()
	unlimited := w.moveOnRow(t, "hva", nil, normal)
	w.take(t, "hva", unlimited, accept)
	w.ExpectDue(t, "hva", unlimited, "23.12.2026 23.59", byPromise, "")
	first := w.moveOnRow(t, "terveys", &ofRow, normal)
	request := w.Request(first, redirect, people["hva"]).(*referralv1.RedirectReferralRequest) //nolint:forcetypeassert // of this step
	request.Basis.Terms = &commonv1.GroundTerms{}
	longer := matter.Limit{WorkingDays: 9, UrgentWorkingDays: 3, Provision: "434/2003 § 23.3", UrgentProvision: "434/2003 § 23.4"}
	rulestest.Must(t, w.Do(rules.Command{Actor: people["terveys"], Subject: first, Request: request, Facts: facts(request), Limit: &longer}))
	onward := w.onward(first)
	w.take(t, "hva", onward, accept)
	w.ExpectDue(t, "hva", onward, "30.11.2026 23.59", byLaw, "434/2003 § 23.3")
	w.take(t, "hva", onward, hold)
	w.take(t, "hva", onward, note)
	w.ExpectDue(t, "hva", onward, "4.12.2026 23.59", byLaw, "434/2003 § 23.3")
	for _, agency := range []string{"kela", "terveys"} {
		w.ExpectDue(t, agency, onward, "4.12.2026 23.59", hidden, "")
	}
}

// An impossible day of arrival is refused, and so is one for another kind of referral.
func TestArrivalDayIsChecked(t *testing.T) {
	w := newFixture()
	for _, test := range []struct {
		day  string
		kind referralv1.ReferralKind
		ok   bool
	}{
		{"2026-11-23", transfer, true},
		{"2025-11-23", transfer, true},
		{"2025-11-22", transfer, false},
		{"2026-11-24", transfer, false},
		{"2026-02-30", transfer, false},
		{"2026-11-20", service, false},
	} {
		_, err := w.Begin(rules.Command{
			Actor: people["kela"], Client: "anna", Facts: rules.Facts{Receiver: &commonv1.Party{Agency: "hva"}},
			Request: &referralv1.SendReferralRequest{
				Basis: rulestest.Consent(w.Now), Kind: test.kind, Reason: "Hakemus.", Urgency: normal, Receiver: &commonv1.Party{Agency: "hva"},
				ApplicationArrivedOn: test.day,
			},
		})
		if (err == nil) != test.ok || err != nil && fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("%s of %s: %v", test.day, test.kind, err)
		}
	}
}

// Events that were recorded under DueRules 0 fold as before.
func TestEventsOfEarlierDueRulesFoldUnchanged(t *testing.T) {
	w := newFixture()
	begin := w.Now
	const subject = rules.Collection + "before"
	event := func(after time.Duration, agency string, m proto.Message) matter.Event {
		return matter.Event{Subject: subject, Message: m, By: people[agency].Party(), Basis: rulestest.Consent(begin), At: begin.Add(after), Client: "anna", Case: "case"}
	}
	rulestest.Must(t, w.Append([]matter.Event{
		event(0, "kela", &referralv1.ReferralSent{Receiver: &commonv1.Party{Agency: "hva", Unit: "u"}, Kind: service, Urgency: emergency, DueAt: timestamppb.New(begin.Add(time.Hour))}),
		event(30*time.Minute, "hva", &referralv1.ReferralReceived{}),
		event(91*time.Minute, "", &referralv1.ReferralOverdue{DueAt: timestamppb.New(begin.Add(90 * time.Minute))}),
	}))
	w.Expect(t, "kela", subject, "Sent Received Overdue")
	w.Now = begin.Add(2 * time.Hour)
	w.Pass(0)
	w.Expect(t, "kela", subject, "Sent Received Overdue Overdue")
	w.Pass(0)
	w.Expect(t, "hva", subject, "Sent Received Overdue Overdue")
}

// Triage is admitted on a full referral: its size must not affect the clock.
func TestFullReferralAdmitsTriage(t *testing.T) {
	w, r := sent(t, service)
	w.take(t, "hva", r, accept)
	for _, length := range []int{10000, 1000, 100, 10, 1} {
		for fault.ReasonOf(w.try("hva", r, &referralv1.AddProgressNoteRequest{Text: strings.Repeat("x", length)})) != fault.MatterFull {
		}
	}
	rulestest.Must(t, w.try("hva", r, &referralv1.TriageReferralRequest{Urgency: emergency}))
}
