package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/idcode"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// printer prints the steps of a scenario for people. It never prints an identity code.
type printer struct {
	out      io.Writer
	agencies *directory.Directory
	now      time.Time
}

func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format+"\n", args...) }

func (p *printer) heading(s scenario.Scenario) {
	p.line("\n%s\n%s", s.Name[:2]+" · "+s.Title, strings.Repeat("─", 78))
	p.line("Covers needs %s. Begins %s.", strings.Join(s.Needs, ", "), moment(s.Clock))
}

// agency returns an agency's name in English.
func (p *printer) agency(key string) string {
	if agency, ok := p.agencies.Agency(key); ok {
		return agency.Names["en"]
	}
	return key
}

func (p *printer) party(fields map[string]any) string {
	agency, _ := fields["agency"].(string)
	worker, _ := fields["worker"].(string)
	unit, _ := fields["unit"].(string)
	switch {
	case worker != "":
		return worker
	case unit != "":
		if known, ok := p.agencies.Unit(agency, unit); ok {
			return known.Names["en"]
		}
	}
	return p.agency(agency)
}

// Called prints a call and its answer or refusal.
func (p *printer) Called(s scenario.Scenario, step scenario.Step, body []byte, answer map[string]any, refusal *scenario.Refusal) {
	who := s.Cast[step.As]
	request := map[string]any{}
	_ = json.Unmarshal(body, &request)
	action := actions[step.Method()]
	if strings.Contains(action, "%s") {
		action = fmt.Sprintf(action, p.party(object(request, "receiver", "addressee", "participant", "party", "to")))
	}
	agency := p.agency(who.Agency)
	if who.Role == "client" {
		agency = "the client"
		if who.Agency != "" {
			agency = p.agency(who.Agency)
		}
	}
	p.line("\n%s (%s) %s", who.Worker, agency, action)
	p.request(request)
	if refusal != nil {
		p.line("    ✗ refused, %s: %s", refusal.Reason, refusal.Message)
		return
	}
	p.answer(answer)
}

func (p *printer) request(request map[string]any) {
	if basis := object(request, "basis"); len(basis) > 0 {
		ground, _ := basis["ground"].(string)
		if key, ok := basis["groundKey"].(string); ok {
			p.line("    on the ground %s", key)
		} else {
			p.line("    %s (%v)", grounds[ground], basis["provision"])
		}
	}
	var said []string
	if topics, ok := request["topics"].([]any); ok {
		for _, topic := range topics {
			said = append(said, plain(fmt.Sprint(topic), "TOPIC_"))
		}
	}
	for _, field := range [][2]string{
		{"urgency", "URGENCY_"},
		{"supportNeed", "SUPPORT_NEED_"},
		{"track", "TRACK_"},
		{"kind", "REFERRAL_KIND_"},
		{"result", "CONTACT_RESULT_"},
		{"result", "APPOINTMENT_RESULT_"},
		{"outcome", "REFERRAL_OUTCOME_"},
		{"outcome", "OUTCOME_"},
		{"reason", "DECLINE_REASON_"},
		{"reason", "REFERRAL_DECLINE_REASON_"},
	} {
		if value, ok := request[field[0]].(string); ok && strings.HasPrefix(value, field[1]) {
			said = append(said, plain(value, field[1]))
		}
	}
	if score, ok := request["score"].(float64); ok {
		said = append(said, fmt.Sprintf("%+.0f on the scale from −2 to +2", score))
	}
	if len(said) > 0 {
		p.line("    %s", strings.Join(said, ", "))
	}
	for _, field := range []string{"description", "question", "answer", "feedback", "reason", "explanation", "text", "comment"} {
		if text, ok := request[field].(string); ok && strings.ToUpper(text) != text {
			if idcode.In(text) {
				text = "… (contains an identity code)"
			}
			p.line("    “%s”", text)
		}
	}
}

// subjects are the fields in which the services' answers hold a matter.
var subjects = []string{"concern", "referral", "consultation", "plan"}

func (p *printer) answer(answer map[string]any) {
	for _, name := range subjects {
		if list, ok := answer[name+"s"].([]any); ok {
			p.line("    %d in the list", len(list))
			return
		}
	}
	for _, said := range list(answer, "reachabilities") {
		word := "not reachable now"
		if said["reachable"] == true {
			word = "reachable now"
		}
		p.line("    %s: %s", p.party(object(said, "party")), word)
	}
	subject := object(answer, subjects...)
	status := object(subject, "status")
	if len(status) == 0 {
		if status = object(answer, "status"); len(status) == 0 {
			return
		}
	}
	p.line("    → %s", p.status(status))
	if joined, ok := subject["joinedConcernId"].(string); ok {
		p.line("      joined to the earlier report …%s", joined[len(joined)-4:])
	}
	for _, holder := range list(object(subject, "revocation"), "holders") {
		word := "has not yet removed its copy"
		if holder["acknowledgedAt"] != nil {
			word = "has removed its copy"
		}
		p.line("      %s %s", p.agency(fmt.Sprint(holder["agency"])), word)
	}
}

// status describes the state of the matter, who is responsible and whose turn it is.
func (p *printer) status(status map[string]any) string {
	phase, _ := status["phase"].(string)
	parts := []string{phases[phase]}
	responsible, waiting := p.party(object(status, "responsible")), p.party(object(status, "waitingOn"))
	if responsible != "" && responsible != waiting {
		parts = append(parts, "responsible: "+responsible)
	}
	if waiting != "" {
		turn := "turn: " + waiting
		if responsible == waiting {
			turn = "responsible, and its turn: " + waiting
		}
		if at, ok := status["dueAt"].(string); ok {
			turn += ", by " + due(at)
		}
		parts = append(parts, turn)
	}
	if status["overdue"] == true {
		parts = append(parts, "▲ overdue")
	}
	return strings.Join(parts, " · ")
}

// Read prints the messages that an agency received.
func (p *printer) Read(s scenario.Scenario, step scenario.Step, messages []*exchangev1.CaseMessage) {
	p.line("\n✉ The mailbox of %s, %d new:", p.agency(s.Cast[step.Mailbox].Agency), len(messages))
	for _, message := range messages {
		p.message(message)
	}
}

// Message prints what a message discloses to an agency: what has happened, whose turn it is and
// what was withheld. It prints neither free text nor the person.
func Message(out io.Writer, agencies *directory.Directory, message *exchangev1.CaseMessage) {
	(&printer{out: out, agencies: agencies}).message(message)
}

func (p *printer) message(message *exchangev1.CaseMessage) {
	text, err := protojson.Marshal(message.GetStatus())
	status := map[string]any{}
	if err != nil || json.Unmarshal(text, &status) != nil {
		return
	}
	event := spaced(scenario.EventName(message))
	if event == "" {
		p.line("   %2d  (a tombstone)", message.GetSequence())
		return
	}
	p.line("   %2d  %s: %s", message.GetSequence(), event, p.status(status))
	p.withheld(message)
}

func (p *printer) withheld(message *exchangev1.CaseMessage) {
	byRule := map[string][]string{}
	var order []string
	for _, one := range message.GetWithheld() {
		why := rules[one.GetRule()]
		if !slices.Contains(order, why) {
			order = append(order, why)
		}
		byRule[why] = append(byRule[why], strings.ReplaceAll(strings.TrimPrefix(one.GetField(), "event."), "_", " "))
	}
	for _, why := range order {
		p.line("         withheld: %s (%s)", strings.Join(byRule[why], ", "), why)
	}
}

// Advanced prints the new time.
func (p *printer) Advanced(_ scenario.Scenario, _ scenario.Step, now time.Time) {
	p.now = now
	p.line("\n⏱ It is %s.", moment(now))
}

// object returns the first of the named fields that exists.
func object(fields map[string]any, names ...string) map[string]any {
	for _, name := range names {
		if value, ok := fields[name].(map[string]any); ok {
			return value
		}
	}
	return nil
}

func list(fields map[string]any, name string) []map[string]any {
	values, _ := fields[name].([]any)
	var objects []map[string]any
	for _, value := range values {
		if one, ok := value.(map[string]any); ok {
			objects = append(objects, one)
		}
	}
	return objects
}
