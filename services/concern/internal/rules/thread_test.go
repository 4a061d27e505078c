package rules_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

const (
	callUs    = commonv1.AnswerCode_ANSWER_CODE_CALL_US
	notNeeded = commonv1.AnswerCode_ANSWER_CODE_NO_LONGER_NEEDED
	violence  = concernv1.Topic_TOPIC_VIOLENCE_OR_THREAT
	urgently  = commonv1.Urgency_URGENCY_URGENT
	anything  = fault.Reason("")
)

func question(text string) *concernv1.RequestInformationRequest {
	return &concernv1.RequestInformationRequest{Question: text}
}

func said(id, answer string) *concernv1.ProvideInformationRequest {
	return &concernv1.ProvideInformationRequest{InformationRequestId: id, Answer: answer}
}

func coded(id string, code commonv1.AnswerCode) *concernv1.ProvideInformationRequest {
	return &concernv1.ProvideInformationRequest{InformationRequestId: id, Code: code}
}

// asks lets an agency ask, and returns the request's id.
func (w *fixture) asks(t *testing.T, agency, subject string) string {
	t.Helper()
	must(t, w.step(agency, subject, question("Milloin?")))
	requests := w.Histories[subject].State.Thread.Requests
	return requests[len(requests)-1].ID
}

func topics(time.Time) *commonv1.LegalBasis { return notification() }

func TestWhoMaySpeak(t *testing.T) {
	add := &concernv1.AddInformationRequest{Topics: []concernv1.Topic{violence}}
	words := &concernv1.AddInformationRequest{Text: "Avain on naapurilla."}
	file := &concernv1.AddInformationRequest{AttachmentIds: []string{uuid.NewString()}}
	for name, test := range map[string]struct {
		basis   func(time.Time) *commonv1.LegalBasis
		by      string
		request proto.Message
		want    fault.Reason
	}{
		"a reporter that hears asks":                 {consent, "kela", question("Milloin?"), anything},
		"one that does not hear asks":                {helped, "kela", question("Milloin?"), fault.IllegalStep},
		"the receiver asks whoever reported":         {topics, "hva", question("Milloin?"), anything},
		"it asks for papers alone":                   {topics, "hva", &concernv1.RequestInformationRequest{Papers: []string{"lease"}}, anything},
		"it asks for nothing":                        {topics, "hva", question(""), fault.InvalidField},
		"on consent the reporter adds words":         {helped, "kela", words, anything},
		"without, topics":                            {topics, "kela", add, anything},
		"and no words":                               {topics, "kela", words, fault.ContentNotAllowed},
		"and no papers":                              {topics, "kela", file, fault.ContentNotAllowed},
		"nothing at all":                             {helped, "kela", &concernv1.AddInformationRequest{}, fault.InvalidField},
		"the receiver adds while the reporter hears": {consent, "hva", words, anything},
		"and not to one that does not":               {helped, "hva", words, fault.IllegalStep},
		"it adds no topics":                          {consent, "hva", add, fault.InvalidField},
		"it adds no urgency":                         {consent, "hva", &concernv1.AddInformationRequest{Urgency: urgently}, fault.InvalidField},
		"the reporter adds more urgency":             {topics, "kela", &concernv1.AddInformationRequest{Urgency: urgently}, anything},
		"and not the same":                           {topics, "kela", &concernv1.AddInformationRequest{Urgency: normalUrgency}, fault.InvalidField},
	} {
		w, c := reported(t, test.basis, receive)
		if err := w.step(test.by, c, test.request); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	// On a ground that lets nothing be said of the need, no topic is named, and nothing is added.
	w, c := reported(t, topics, receive)
	view := w.View("kela", c)
	view.State.Basis.Terms.Content = commonv1.ContentProfile_CONTENT_PROFILE_IDENTIFICATION
	if slices.Contains(rules.Allowed(view, people["kela"]), "AddInformation") {
		t.Error("a report that says who the client is takes an addition")
	}
}

// Before there were terms, what an agency's reports say today says what it may add.
func TestAdditionsBeforeTerms(t *testing.T) {
	words := rules.Command{Actor: people["kela"], Request: &concernv1.AddInformationRequest{Text: "Avain on naapurilla."}, Facts: rules.Facts{Words: true}}
	w := newFixture()
	basis := notification()
	basis.Terms = nil
	old := func(subject string, topics ...concernv1.Topic) string {
		must(t, w.Append([]matter.Event{{
			Subject: subject, By: people["kela"].Party(), At: w.Now, Basis: basis, Client: subject, Case: "case",
			Message: &concernv1.ConcernSubmitted{Receiver: &commonv1.Party{Agency: "hva", Unit: "intake"}, Topics: topics, DueAt: timestamppb.New(w.Now.Add(time.Hour))},
		}}))
		return subject
	}
	words.Subject = old("concerns/old-1", violence)
	must(t, w.step("kela", words.Subject, &concernv1.AddInformationRequest{Topics: []concernv1.Topic{concernv1.Topic_TOPIC_GAMBLING}}))
	if err := w.step("kela", words.Subject, words.Request); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Errorf("an agency whose reports have no words: %v", err)
	}
	must(t, w.Do(words))
	if err := w.step("kela", old("concerns/old-2"), &concernv1.AddInformationRequest{Urgency: emergencyUrgency}); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("a report without topics: %v", err)
	}
	w, words.Subject = reported(t, topics, receive)
	if err := w.Do(words); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Errorf("against the terms of its ground: %v", err)
	}
}

func TestAnswersFit(t *testing.T) {
	for name, test := range map[string]struct {
		asker, by string
		answer    func(id string) *concernv1.ProvideInformationRequest
		want      fault.Reason
	}{
		"words":   {"hva", "kela", func(id string) *concernv1.ProvideInformationRequest { return said(id, "Eilen.") }, anything},
		"a code":  {"hva", "kela", func(id string) *concernv1.ProvideInformationRequest { return coded(id, callUs) }, anything},
		"nothing": {"hva", "kela", func(id string) *concernv1.ProvideInformationRequest { return said(id, "") }, fault.InvalidField},
		"a code beside words": {"hva", "kela", func(id string) *concernv1.ProvideInformationRequest {
			return &concernv1.ProvideInformationRequest{InformationRequestId: id, Answer: "Eilen.", Code: callUs}
		}, fault.InvalidField},
		"another request":        {"hva", "kela", func(string) *concernv1.ProvideInformationRequest { return said("other", "Eilen.") }, fault.InvalidField},
		"the asker's own":        {"hva", "hva", func(id string) *concernv1.ProvideInformationRequest { return said(id, "Eilen.") }, fault.InvalidField},
		"the asker ends it":      {"hva", "hva", func(id string) *concernv1.ProvideInformationRequest { return coded(id, notNeeded) }, anything},
		"the other side ends it": {"hva", "kela", func(id string) *concernv1.ProvideInformationRequest { return coded(id, notNeeded) }, fault.InvalidField},
		"the receiver answers":   {"kela", "hva", func(id string) *concernv1.ProvideInformationRequest { return said(id, "Eilen.") }, anything},
	} {
		w, c := reported(t, consent, take)
		id := w.asks(t, test.asker, c)
		if err := w.step(test.by, c, test.answer(id)); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	w, c := reported(t, consent, take)
	id := w.asks(t, "hva", c)
	w.asks(t, "kela", c)
	must(t, w.step("kela", c, said(id, "Eilen.")))
	if err := w.step("kela", c, said(id, "Tänään.")); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("answered twice: %v", err)
	}
}

// To a reporter that no longer hears, the receiver answers what it asked before by a code alone.
func TestNoWordsToSilentReporter(t *testing.T) {
	w, c := reported(t, consent, take)
	id := w.asks(t, "kela", c)
	w.no(t, "hva", c)
	if err := w.step("hva", c, said(id, "Hänet on tavattu.")); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Error(err)
	}
	if err := w.step("hva", c, &concernv1.ProvideInformationRequest{InformationRequestId: id, AttachmentIds: []string{uuid.NewString()}}); fault.ReasonOf(err) != fault.ContentNotAllowed {
		t.Error(err)
	}
	if status := w.statusFor("kela", c); status.GetDueAt() == nil || status.GetWaitingOn().GetAgency() != "hva" || status.GetWaitingOn().GetWorker() != "" {
		t.Errorf("the reporter reads of its open request %v", status)
	}
	must(t, w.step("hva", c, coded(id, callUs)))
	if status := w.statusFor("kela", c); status.GetDueAt() != nil || status.GetWaitingOn() != nil {
		t.Errorf("and after the answer %v", status)
	}
}

// Each side has one open request at a time, whatever the other asked.
func TestOneRequestOfEachSide(t *testing.T) {
	w, c := reported(t, consent, take)
	w.asks(t, "hva", c)
	w.asks(t, "kela", c)
	for _, agency := range []string{"hva", "kela"} {
		if err := w.step(agency, c, question("Entä?")); fault.ReasonOf(err) != fault.IllegalStep {
			t.Errorf("%s asks twice: %v", agency, err)
		}
	}
	if err := w.Try(matter.Actor{Agency: "hva", Automatic: true}, c, question("Entä?")); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("a system asks: %v", err)
	}
}

// What an answer has with it, and what it lacks, is said with the answer. What the reporter answers is of its report too.
func TestPapersOfAnAnswer(t *testing.T) {
	lease := &commonv1.Attachment{AttachmentId: uuid.NewString(), PaperKind: "lease"}
	for by, asker := range map[string]string{"kela": "hva", "hva": "kela"} {
		w, c := reported(t, consent, take)
		must(t, w.step(asker, c, &concernv1.RequestInformationRequest{Papers: []string{"payslip", "lease"}}))
		id := w.Histories[c].State.Thread.Requests[0].ID
		must(t, w.Do(rules.Command{
			Actor: people[by], Subject: c, Attachments: []*commonv1.Attachment{lease},
			Request: &concernv1.ProvideInformationRequest{InformationRequestId: id, AttachmentIds: []string{lease.GetAttachmentId()}},
		}))
		state := w.View(asker, c).State
		if one := state.Thread.Requests[0]; len(one.Missing) != 1 || one.Missing[0] != "payslip" || len(one.Attachments) != 1 {
			t.Errorf("%s answered: %v", by, one)
		}
		if got := len(state.Attachments); (got == 1) != (by == "kela") {
			t.Errorf("%s answered: the report has %d attachments", by, got)
		}
	}
	w, c := reported(t, consent, take)
	must(t, w.step("hva", c, &concernv1.RequestInformationRequest{Papers: []string{"lease"}}))
	must(t, w.step("kela", c, coded(w.Histories[c].State.Thread.Holding, callUs)))
	if one := w.Histories[c].State.Thread.Requests[0]; len(one.Missing) > 0 {
		t.Errorf("a code lacks %v", one.Missing)
	}
}

// On a consent that was withdrawn the reporter adds nothing, and still answers.
func TestNoAdditionAfterWithdrawal(t *testing.T) {
	w, c := reported(t, consent, take)
	id := w.asks(t, "hva", c)
	must(t, w.Withdraw("hva", c))
	if err := w.step("kela", c, &concernv1.AddInformationRequest{Text: "Lisää."}); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("adds: %v", err)
	}
	must(t, w.step("kela", c, said(id, "Eilen.")))
}

// A more urgent addition counts as a more urgent report: at once, and it postpones nothing.
func TestMoreUrgentAddition(t *testing.T) {
	w, c := reported(t, topics, take)
	w.take(t, "hva", c, assess)
	command := rules.Command{
		Actor: people["kela"], Subject: c, Facts: rules.Facts{OnCall: standby},
		Request: &concernv1.AddInformationRequest{Urgency: emergencyUrgency, Topics: []concernv1.Topic{violence, concernv1.Topic_TOPIC_HOMELESSNESS}},
	}
	must(t, w.Do(command))
	if due := w.statusFor("hva", c).GetDueAt().AsTime(); !due.Equal(w.Histories[c].LastAt().Add(time.Hour)) {
		t.Errorf("due at %s", due)
	}
	if state := w.View("kela", c).State; state.Urgency != emergencyUrgency || len(state.Topics) != 2 || state.OnCall.Unit != nil || len(state.Additions) != 1 {
		t.Errorf("the reporter reads %v", state)
	}
	if w.onCall(c) != "paivystys" {
		t.Errorf("%q is on call", w.onCall(c))
	}
	if status := w.statusFor("kela", c); status.GetDueAt() != nil {
		t.Errorf("the reporter is told %v", status)
	}
	// What the receiver judged an emergency already calls nobody again.
	judged, c := reported(t, topics, take)
	must(t, judged.triageTo(c, emergencyUrgency))
	command.Subject = c
	must(t, judged.Do(command))
	added, _ := judged.Histories[c].Events[len(judged.Histories[c].Events)-1].Message.(*concernv1.InformationAdded)
	if added.GetOnCall() != nil {
		t.Errorf("it calls %v again", added.GetOnCall())
	}
}

// What the reporter of a joined report adds or answers is told to the lead, and to nobody else.
func TestAdditionToJoinedReport(t *testing.T) {
	w := newFixture()
	lead, err := w.submit("kela", "hva", "bo", topics(w.Now))
	must(t, err)
	w.take(t, "hva", lead, take)
	w.take(t, "hva", lead, assess)
	joined, err := w.submit("terveys", "hva", "bo", consent(w.Now))
	must(t, err)
	mail := len(w.Mail["kela"])

	command := rules.Command{
		Actor: people["terveys"], Subject: joined, Facts: rules.Facts{OnCall: standby},
		Request: &concernv1.AddInformationRequest{Text: "Avain on naapurilla.", Urgency: emergencyUrgency},
	}
	must(t, w.Do(command))
	added, ok := w.Histories[lead].Events[len(w.Histories[lead].Events)-1].Message.(*concernv1.ReportAdded)
	if !ok || added.GetJoiningConcernId() != rules.ID(joined) || added.GetUrgency() != emergencyUrgency || added.GetOnCall().GetUnit() != "paivystys" {
		t.Errorf("the lead has %v", added)
	}
	if c := w.Histories[lead].State; c.Clock.Urgency != emergencyUrgency || c.Thread.NewsTo[matter.RoleReceiver] != 1 {
		t.Errorf("the lead is %s with %v", c.Clock.Urgency, c.Thread.NewsTo)
	}
	if len(w.Mail["kela"]) != mail {
		t.Error("the reporter of the lead is told of it")
	}
	if own := w.Histories[joined].State.OnCall.Unit; own != nil {
		t.Errorf("the report calls %v beside its lead", own)
	}
	if rules.WorklistEntry(w.View("hva", joined).State, w.View("hva", joined).Reader).Hidden == false {
		t.Error("a report that asks nothing is in the worklist")
	}

	id := w.asks(t, "terveys", joined)
	if rules.WorklistEntry(w.View("hva", joined).State, w.View("hva", joined).Reader).Hidden {
		t.Error("a report whose reporter waits is not in the worklist")
	}
	// Who answers has received the report, which catches up.
	must(t, w.step("hva", joined, said(id, "Minulle.")))
	if state := w.View("terveys", joined).State; state.Shown() != concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT || state.Lead != "" {
		t.Errorf("the reporter is shown %s", state.Shown())
	}
	if later := w.Histories[joined].State.Later; len(later) > 0 {
		t.Errorf("scheduled: %v", later)
	}
}

// To a reporter that does not hear, a report that joined catches up step by step.
func TestSilentReportCatchesUpLater(t *testing.T) {
	w := newFixture()
	lead, err := w.submit("kela", "hva", "bo", topics(w.Now))
	must(t, err)
	w.take(t, "hva", lead, take)
	joined, err := w.submit("terveys", "hva", "bo", topics(w.Now))
	must(t, err)
	w.asks(t, "hva", joined)
	w.Expect(t, "terveys", joined, "Submitted Received InformationRequested")
	if later := w.Histories[joined].State.Later; len(later) != 1 {
		t.Errorf("scheduled: %v", later)
	}
}

// News are what the other side said since a person of the own side took a step.
func TestNews(t *testing.T) {
	w, c := reported(t, consent, take)
	id := w.asks(t, "hva", c)
	must(t, w.step("kela", c, said(id, "Eilen.")))
	must(t, w.step("kela", c, &concernv1.AddInformationRequest{Text: "Avain on naapurilla."}))
	news := func(role matter.Role) int32 { return w.Histories[c].State.Thread.NewsTo[role] }
	if news(matter.RoleReceiver) != 2 || news(matter.RoleSender) != 0 {
		t.Errorf("%v", w.Histories[c].State.Thread.NewsTo)
	}
	must(t, w.step("hva", c, &concernv1.AddInformationRequest{Text: "Kiitos."}))
	if news(matter.RoleReceiver) != 0 || news(matter.RoleSender) != 1 {
		t.Errorf("%v", w.Histories[c].State.Thread.NewsTo)
	}
	must(t, w.Try(matter.Actor{Agency: "kela", Automatic: true}, c, &concernv1.AddInformationRequest{Text: "Lisää."}))
	if news(matter.RoleReceiver) != 1 || news(matter.RoleSender) != 1 {
		t.Errorf("a system has seen nothing: %v", w.Histories[c].State.Thread.NewsTo)
	}
}

// A row of a worklist counts the news for its own reader.
func TestNewsInARow(t *testing.T) {
	w, c := reported(t, consent, take)
	must(t, w.step("kela", c, &concernv1.AddInformationRequest{Text: "Avain on naapurilla."}))
	for agency, want := range map[string]int32{"hva": 1, "kela": 0} {
		view, item := w.View(agency, c), &caseworkv1.WorkItem{}
		rules.Describe(view.State, view.Reader, w.Now, item)
		if item.GetNews() != want {
			t.Errorf("%s has %d news", agency, item.GetNews())
		}
	}
}
