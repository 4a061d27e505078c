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

// The receiver's step on a joined report is refused with the id of the lead. A reporter is refused in
// the same words whether or not its report joined, and does not learn of another report.
func TestRefusalNamesLeadToReceiverOnly(t *testing.T) {
	w := newFixture()
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
				t.Errorf("%s: a reporter whose report joined reads %q, another reporter %q", step, words[0], words[1])
			}
		}
	}
	w.take(t, "hva", lead, closing)
	if err := w.step("hva", joined, w.Request(joined, take, people["terveys"])); fault.MetadataOf(err)["joined_concern_id"] != "" {
		t.Errorf("the refusal on an ended report names the lead: %v", err)
	}
}

// Two forwards of a report that is revoked are revoked together: neither is promoted before it.
func TestForwardsRevokedTogetherAreNotPromoted(t *testing.T) {
	w := newFixture()
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
		for _, one := range w.Mail["hva"] {
			if one.View.Reader.Role == matter.RoleSender && w.Disclosed("hva", one.Event.Subject) == onward {
				subject = one.Event.Subject
			}
		}
		if subject == "" {
			t.Errorf("no forward was disclosed to hva as %s", onward)
		}
	}
}

// A report whose revoked lead was taken cannot be declined: its reporter was already shown that it
// was taken.
func TestTakenConcernIsNotDeclinedUnderNewLead(t *testing.T) {
	w := newFixture()
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
