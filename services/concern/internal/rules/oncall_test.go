package rules_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

var standby = &commonv1.Party{Agency: "hva", Unit: "paivystys"}

// triageTo triages a concern while the unit is on call.
func (w *fixture) triageTo(subject string, urgency commonv1.Urgency) error {
	command := rules.Command{Actor: people["hva"], Subject: subject, Facts: rules.Facts{OnCall: standby}, Request: &concernv1.TriageConcernRequest{Urgency: urgency, Reason: "kuultu"}}
	return w.Do(command)
}

// onCall returns the unit that is on call for a concern, as the receiver's worklist has it.
func (w *fixture) onCall(subject string) string {
	view := w.View("hva", subject)
	return rules.WorklistEntry(view.State, view.Reader).OnCall
}

const (
	emergencyUrgency = commonv1.Urgency_URGENCY_EMERGENCY
	normalUrgency    = commonv1.Urgency_URGENCY_NORMAL
)

// An emergency that is reported or forwarded while a unit is on call goes to it; anything else goes to the
// addressed unit.
func TestEmergencyGoesToUnitOnCall(t *testing.T) {
	for urgency, want := range map[commonv1.Urgency]string{emergencyUrgency: "paivystys", commonv1.Urgency_URGENCY_URGENT: "intake", normalUrgency: "intake"} {
		w := newFixture()
		request := &concernv1.SubmitConcernRequest{
			Basis: consent(w.Now), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_HOMELESSNESS}, Urgency: urgency, Receiver: &commonv1.Party{Agency: "hva"}, Client: &commonv1.Client{},
		}
		facts := rules.Facts{Receiver: &commonv1.Party{Agency: "hva", Unit: "intake"}, OnCall: standby}
		subject, err := w.Begin(rules.Command{Actor: people["kela"], Client: "bo", Request: request, Facts: facts})
		must(t, err)
		if got := w.View("kela", subject).State.Receiver.GetUnit(); got != want {
			t.Errorf("%s: the reporter is told the receiver %q, want %q", urgency, got, want)
		}
		w.take(t, "hva", subject, receive)
		if got := rules.Responsible(w.Histories[subject].State).GetUnit(); got != want {
			t.Errorf("%s: %q is responsible, want %q", urgency, got, want)
		}
	}
}

// A triage up to an emergency calls the unit beside the holder, until a triage below, a passing on, or the end.
func TestTriageCallsTheUnitOnCall(t *testing.T) {
	for name, test := range map[string]struct {
		then func(w *fixture, subject string) error
		want string
	}{
		"nothing":             {nil, "paivystys"},
		"judged again":        {func(w *fixture, c string) error { return w.triageTo(c, emergencyUrgency) }, "paivystys"},
		"judged urgent":       {func(w *fixture, c string) error { return w.triageTo(c, commonv1.Urgency_URGENCY_URGENT) }, ""},
		"without a judgement": {func(w *fixture, c string) error { return w.step("hva", c, &concernv1.TriageConcernRequest{Track: 1}) }, "paivystys"},
		"taken elsewhere":     {func(w *fixture, c string) error { return w.step("hva", c, &concernv1.TakeConcernRequest{}) }, "paivystys"},
		"taken by the unit": {func(w *fixture, c string) error {
			worker := people["hva"]
			worker.Unit = "paivystys"
			return w.Try(worker, c, &concernv1.TakeConcernRequest{})
		}, ""},
		"passed on": {func(w *fixture, c string) error {
			return w.step("hva", c, &concernv1.ReassignConcernRequest{To: &commonv1.Party{Agency: "hva", Unit: "muu"}})
		}, ""},
		"ended": {func(w *fixture, c string) error {
			return w.step("hva", c, &concernv1.CloseConcernRequest{Outcome: concernv1.Outcome_OUTCOME_GUIDED})
		}, ""},
	} {
		w := newFixture()
		subject, err := w.submit("kela", "hva", "bo", consent(w.Now))
		must(t, err)
		w.take(t, "hva", subject, receive)
		must(t, w.triageTo(subject, normalUrgency))
		if got := w.onCall(subject); got != "" {
			t.Errorf("%s: %q is on call for a normal concern", name, got)
		}
		must(t, w.triageTo(subject, emergencyUrgency))
		if test.then != nil {
			must(t, test.then(w, subject))
		}
		if got := w.onCall(subject); got != test.want {
			t.Errorf("%s: %q is on call, want %q", name, got, test.want)
		}
		for _, one := range w.Mail["kela"] {
			if triaged, is := one.Event.Message.(*concernv1.ConcernTriaged); is && triaged.GetOnCall() != nil {
				t.Errorf("%s: the reporter is told who is on call", name)
			}
		}
		if parts := w.Rules.Parts(w.View("hva", subject)); !parts.Has("paivystys") {
			t.Errorf("%s: the unit on call may not read the concern", name)
		}
	}
}

// A unit that holds the concern itself is not called beside itself, and an emergency that joins calls the unit
// for the lead.
func TestWhoIsCalledBeside(t *testing.T) {
	w := newFixture()
	subject, err := w.submit("kela", "hva", "bo", consent(w.Now))
	must(t, err)
	w.take(t, "hva", subject, receive)
	must(t, w.Do(rules.Command{Actor: people["hva"], Subject: subject, Facts: rules.Facts{OnCall: standby}, Request: &concernv1.TriageConcernRequest{
		Urgency: emergencyUrgency, AssignTo: proto.CloneOf(standby),
	}}))
	if got := w.onCall(subject); got != "" {
		t.Errorf("%q is on call for what it holds", got)
	}
	must(t, w.step("hva", subject, &concernv1.ReassignConcernRequest{To: &commonv1.Party{Agency: "hva", Unit: "muu"}}))
	told := len(w.Mail["kela"])
	request := &concernv1.SubmitConcernRequest{
		Basis: consent(w.Now), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_HOMELESSNESS}, Urgency: emergencyUrgency, Receiver: &commonv1.Party{Agency: "hva"}, Client: &commonv1.Client{},
	}
	_, err = w.Begin(rules.Command{Actor: people["terveys"], Client: "bo", Request: request, Facts: rules.Facts{Receiver: &commonv1.Party{Agency: "hva", Unit: "intake"}, OnCall: standby}})
	must(t, err)
	if got := w.onCall(subject); got != "paivystys" {
		t.Errorf("%q is on call for the lead of an emergency", got)
	}
	if len(w.Mail["kela"]) != told {
		t.Error("the lead's reporter is told of another's emergency")
	}
	if view := w.View("kela", subject); rules.WorklistEntry(view.State, view.Reader).OnCall != "" || view.State.OnCall != (matter.OnCall{}) {
		t.Error("the reporter sees who is on call")
	}
}
