package rules_test

import (
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// Given a report that joined, a step that belongs to its lead is refused to the receiver with
// the lead's id. Of two reporters, one whose report joined and one whose report did not, both
// are refused each step in the same words, and neither hears of another report.
func TestWhereAJoinedReportsStepsAre(t *testing.T) {
	w := newTown()
	lead, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	joined, err := w.submit("terveys", "hva", "anna", consent(w.Now))
	must(t, err)
	alone, err := w.submit("terveys", "hva", "bo", consent(w.Now))
	must(t, err)
	for _, received := range []bool{false, true} {
		if received {
			w.take(t, "hva", joined, receive)
			w.take(t, "hva", alone, receive)
		}
		for _, step := range []string{triage, take, "ForwardConcern", "ReassignConcern", closing, "DeclineConcern"} {
			err := w.step("hva", joined, w.Request(joined, step, people["terveys"]))
			if fault.ReasonOf(err) != fault.IllegalStep || !strings.Contains(err.Error(), rules.ID(lead)) || fault.MetadataOf(err)["joined_concern_id"] != rules.ID(lead) {
				t.Errorf("%s by the receiver: %v %v", step, err, fault.MetadataOf(err))
			}
		}
		refusals := map[string][2]string{}
		for _, step := range []string{"SettleConcern", "ProvideInformation", take, closing} {
			var words [2]string
			for i, subject := range []string{joined, alone} {
				err := w.step("terveys", subject, w.Request(subject, step, people["hva"]))
				words[i] = err.Error()
				if fault.MetadataOf(err)["joined_concern_id"] != "" || strings.Contains(err.Error(), rules.ID(lead)) {
					t.Errorf("%s by the reporter: %v", step, err)
				}
			}
			refusals[step] = words
		}
		for step, words := range refusals {
			if words[0] != words[1] {
				t.Errorf("%s: a reporter whose report joined reads %q, and else %q", step, words[0], words[1])
			}
		}
	}
	w.take(t, "hva", lead, closing)
	if err := w.step("hva", joined, w.Request(joined, take, people["terveys"])); fault.MetadataOf(err)["joined_concern_id"] != "" {
		t.Errorf("what has ended is sent on: %v", err)
	}
}

// What was passed on twice of a report that is revoked goes at once: neither takes the place of
// the other before it.
func TestWhatIsRevokedTogetherIsNotPromoted(t *testing.T) {
	w := newTown()
	first, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", first, take)
	for range 2 {
		request := w.Request(first, forward, people["terveys"]).(*concernv1.ForwardConcernRequest)
		request.KeepOpen = true
		must(t, w.step("hva", first, request))
		w.Now = w.Now.Add(time.Minute)
	}
	w.take(t, "kela", first, revoke)
	for _, onward := range []string{"Submitted EnteredInError", "Submitted Joined EnteredInError"} {
		subject := ""
		for _, told := range w.Mail["hva"] {
			if told.View.Reader.Role == matter.RoleSender && w.Disclosed("hva", told.Event.Subject) == onward {
				subject = told.Event.Subject
			}
		}
		if subject == "" {
			t.Errorf("hva was told of none: %s", onward)
		}
	}
}

// What was taken stays taken where the concern that had led is revoked: who was told so is not
// told later that it is declined.
func TestWhatWasTakenIsNotDeclined(t *testing.T) {
	w := newTown()
	lead, err := w.submit("kela", "hva", "anna", consent(w.Now))
	must(t, err)
	next, err := w.submit("terveys", "hva", "anna", consent(w.Now))
	must(t, err)
	w.take(t, "hva", lead, take)
	w.take(t, "kela", lead, revoke)
	if err := w.step("hva", next, w.Request(next, decline, people["terveys"])); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("declined: %v", err)
	}
	w.take(t, "hva", next, closing)
}
