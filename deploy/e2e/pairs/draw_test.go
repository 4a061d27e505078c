package pairs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	front "koppi.internal/gateway/suite"
)

// drawing makes a random history in world B, by what its agencies may do.
type drawing struct {
	*pairing
	t *rapid.T
	// partner is the agency to which the reader sends, and about which no client wishes
	// anything: that a sending is stopped its sender may know.
	partner string
	matters []*drawn
}

// drawn is a matter, and the agencies that may know of it.
type drawn struct {
	service, id, client string
	parties             []string
}

func (m *drawn) subject() string { return m.service + "s/" + m.id }

func (m *drawn) joins(letter string) {
	if !slices.Contains(m.parties, letter) {
		m.parties = append(m.parties, letter)
	}
}

// serviceCalls are the first parts of the calls of each service.
var serviceCalls = func() map[string]string {
	calls := map[string]string{}
	for service, name := range front.Services {
		calls[service] = name + "/"
	}
	return calls
}()

// begins are how a matter of each service begins.
var begins = map[string]func(*drawing){
	"concern": (*drawing).report, "referral": (*drawing).referral, "consultation": (*drawing).consultation, "plan": (*drawing).plan,
}

func pick[T any](d *drawing, what string, from ...T) T {
	return rapid.SampledFrom(from).Draw(d.t, what)
}

func (d *drawing) chance(what string) bool { return rapid.Bool().Draw(d.t, what) }

// story lets random people do random things.
func (d *drawing) story() {
	d.partner = "t"
	if d.reader == "t" {
		d.partner = "y"
	}
	for range rapid.IntRange(2, 14).Draw(d.t, "deeds") {
		d.one()
	}
}

func (d *drawing) one() {
	kind := rapid.IntRange(0, 19).Draw(d.t, "kind")
	switch {
	case kind == 0 || len(d.matters) == 0 || kind == 1 && len(d.matters) < 3:
		d.report()
	case kind >= 2 && kind <= 4:
		service := pick(d, "service", suite.Names()...)
		begin := begins[service]
		if begin == nil {
			d.t.Fatalf("no %s is begun: begins lacks the service", service)
		}
		begin(d)
	case kind == 5:
		d.withdraws()
	case kind == 6:
		d.directives()
	case kind == 7:
		d.acknowledges()
	default:
		d.step()
	}
}

// wait is how long somebody takes: mostly moments, at times so long that something is due.
func (d *drawing) wait() time.Duration {
	return pick(d, "wait", time.Second, time.Microsecond, time.Minute, time.Hour, 26*time.Hour, 5*24*time.Hour)
}

func (d *drawing) trace() string {
	id := strings.ReplaceAll(uuid.NewString(), "-", "")
	return pick(d, "trace", "", "00-"+id+"-00f067aa0ba902b7-01", "00-"+id+"-00f067aa0ba902b7-00")
}

func (d *drawing) act(who, call string, body map[string]any) answer {
	return d.do(doing{Who: who, Call: call, Body: body, Trace: d.trace(), GRPC: d.chance("grpc"), Wait: d.wait()})
}

// ends draws the sender and the receiver of something new. The reader sends to its partner alone.
func (d *drawing) ends() (from, to string) {
	from = pick(d, "from", d.reader, "x", "y", "r")
	if from == d.reader {
		return from, d.partner
	}
	if d.reader == byUnit {
		return from, pick(d, "to", byUnit, "t")
	}
	to = pick(d, "to", "t", "z", "y")
	if to == from {
		to = "t"
	}
	if to == from {
		to = "z"
	}
	return from, to
}

// party names an agency to which something is sent; one whose people read by unit by either of its units.
func (d *drawing) party(letter string) map[string]any {
	party := map[string]any{"agency": d.agency(letter)}
	if letter == byUnit {
		party["unit"] = pick(d, "to unit", "u1", "u2")
	}
	return party
}

func (d *drawing) worker(letter string) string { return letter + pick(d, "worker", ".1", ".2") }

func (d *drawing) client() (string, map[string]any) {
	who := pick(d, "client", "c", "d")
	return who, clientOfPair(d.set, who)
}

func clientOfPair(set int, who string) map[string]any {
	return map[string]any{"personalIdentityCode": testkit.PersonCode(2*set + int(who[0]-'c')), "language": "fi"}
}

func (d *drawing) consent() map[string]any {
	return map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "703/2023 § 53", "consentedAt": d.b.now.Format(time.RFC3339Nano)}
}

func unconsented() map[string]any {
	return map[string]any{"ground": "LEGAL_GROUND_STATUTORY_NOTIFICATION", "provision": "1301/2014 § 35.2", "attestation": map[string]any{"consentUnobtainable": true, "interestOfChild": true}}
}

func (d *drawing) report() {
	from, to := d.ends()
	client, who := d.client()
	worker := d.worker(from)
	if d.reader == byUnit {
		client, who = d.clientOfUnit(client, worker, to)
	}
	body := map[string]any{
		"requestId": uuid.NewString(), "client": who, "receiver": d.toldConcern(to, client), "basis": unconsented(),
		"topics": []any{"TOPIC_OTHER"}, "urgency": pick(d, "urgency", "URGENCY_NORMAL", "URGENCY_EMERGENCY"),
	}
	if d.chance("consent") {
		body["basis"], body["description"] = d.consent(), "Kuvaus."
	} else if to == "z" {
		delete(body, "topics")
	}
	d.begun("concern", client, d.act(worker, testkit.SubmitCall, body), from, to)
}

func (d *drawing) referral() {
	from, to := d.ends()
	client, who := d.client()
	d.begun("referral", client, d.act(d.worker(from), testkit.ReferralService+"SendReferral", map[string]any{
		"requestId": uuid.NewString(), "client": who, "receiver": d.party(to), "basis": d.consent(),
		"kind": pick(d, "kind", "REFERRAL_KIND_SERVICE", "REFERRAL_KIND_DECISION_NOTICE"), "reason": "Arvio.", "urgency": pick(d, "urgency", "URGENCY_NORMAL", "URGENCY_URGENT"),
	}), from, to)
}

func (d *drawing) consultation() {
	from, to := d.ends()
	client, who := d.client()
	d.begun("consultation", client, d.act(d.worker(from), testkit.ConsultationService+"OpenConsultation", map[string]any{
		"requestId": uuid.NewString(), "client": who, "addressee": d.party(to), "basis": d.consent(),
		"topic": "Uni", "question": "Mitä?", "urgency": pick(d, "urgency", "URGENCY_NORMAL", "URGENCY_EMERGENCY"),
	}), from, to)
}

func (d *drawing) plan() {
	from, _ := d.ends()
	client, who := d.client()
	d.begun("plan", client, d.act(d.worker(from), testkit.PlanService+"CreatePlan", map[string]any{"requestId": uuid.NewString(), "client": who, "basis": d.consent()}), from)
}

func (d *drawing) begun(service, client string, got answer, parties ...string) {
	made, _ := got.field(service).(map[string]any)
	if id, ok := made[service+"Id"].(string); ok {
		d.matters = append(d.matters, &drawn{service: service, id: id, client: client, parties: parties})
	}
}

// withdraws takes back the consent of a matter: the client, or a party in its name.
func (d *drawing) withdraws() {
	m := pick(d, "matter", d.matters...)
	if d.reader == byUnit && !d.ofUnit()[m.subject()] {
		// A withdrawal counts for all that the agency sends.
		return
	}
	who := m.client
	if d.chance("by an agency") {
		who = d.worker(pick(d, "party", m.parties...))
	}
	step := pick(d, "of consent", "WithdrawConsent", "AcknowledgeWithdrawal")
	if step == "AcknowledgeWithdrawal" {
		who = d.worker(pick(d, "holder", m.parties...))
	}
	d.act(who, "koppi.consent.v1.ConsentService/"+step, map[string]any{"requestId": uuid.NewString(), "subject": m.subject()})
}

// directives draws consent directives that the reader may not know: of other clients, and about an agency
// to which the reader sends nothing.
func (d *drawing) directives() {
	client, who := d.client()
	to := "z"
	if d.reader == to {
		to = "y"
	}
	recipient := map[string]any{"agency": d.agency(to)}
	body := map[string]any{"requestId": uuid.NewString(), "recipient": recipient}
	if d.chance("prohibition") {
		d.act(client, "koppi.consent.v1.ConsentService/ProhibitTransfer", body)
		return
	}
	body["services"], body["purpose"], body["provision"] = []any{"concern", "referral"}, "Apua.", "1301/2014 § 35.1"
	body["until"] = d.b.now.AddDate(0, 3, 0).Format(time.RFC3339Nano)
	by := pick(d, "by", "c", "x", "y")
	if by == d.reader {
		by = "c"
	}
	if by != "c" {
		body["client"], by = who, by+".1"
	} else {
		by, body["sender"] = client, d.agency("x")
		if d.reader == "x" {
			body["sender"] = d.agency("y")
		}
	}
	d.act(by, "koppi.consent.v1.ConsentService/GiveConsent", body)
}

// acknowledges reads and acknowledges the mailbox of somebody who is not the reader: that
// its system has what both were told, the reader may know.
func (d *drawing) acknowledges() {
	who := pick(d, "who", "t", "x", "y", "z")
	if who == d.reader {
		who = "r"
	}
	d.acknowledge(who)
}

// acknowledge reads and acknowledges the mailbox of an agency.
func (p *pairing) acknowledge(who string) {
	got := p.do(doing{Who: who + ".system", Call: "koppi.exchange.v1.ExchangeService/ListMessages", Body: map[string]any{"pageSize": 100}})
	if cursor, ok := got.field("nextCursor").(string); ok && len(got.list("messages")) > 0 {
		p.do(doing{Who: who + ".system", Call: acknowledgeCall, Body: map[string]any{"cursor": cursor}})
	}
}

const acknowledgeCall = "koppi.exchange.v1.ExchangeService/AcknowledgeMessages"

// list returns a list of an answer; nil if it has none.
func (a answer) list(name string) []any {
	list, _ := a.field(name).([]any)
	return list
}

// step lets somebody take one of the steps that a matter offers.
func (d *drawing) step() {
	m := pick(d, "matter", d.matters...)
	who := d.worker(pick(d, "party", m.parties...))
	title := strings.ToUpper(m.service[:1]) + m.service[1:]
	got := d.do(doing{Who: who, Call: serviceCalls[m.service] + "Get" + title, Body: map[string]any{m.service + "Id": m.id}, Wait: d.wait()})
	view, _ := got.field(m.service).(map[string]any)
	offered, _ := view["availableActions"].([]any)
	if len(offered) == 0 {
		return
	}
	step := fmt.Sprint(offered[rapid.IntRange(0, len(offered)-1).Draw(d.t, "step")])
	if strings.HasPrefix(step, "Revoke") && !d.chance("revoke") {
		return
	}
	body := d.filled(m, serviceCalls[m.service]+step, who[:1], view)
	body["requestId"], body[m.service+"Id"] = uuid.NewString(), m.id
	if step == "RecordFeedbackConsent" && d.hasEarlier(m) {
		// The reporter knows that the one report follows the other, so that no state of it can be reached alone.
		body = map[string]any{"requestId": body["requestId"], "concernId": m.id, "consented": false}
	}
	if step == "ForwardConcern" && d.reader == "t" && slices.Contains(m.parties, "t") {
		body["receiver"] = map[string]any{"agency": d.agency(d.partner)}
	}
	d.after(m, step, body, d.do(doing{Who: who, Call: serviceCalls[m.service] + step, Body: body, Trace: d.trace(), GRPC: d.chance("grpc"), Wait: time.Microsecond}))
}

// hasEarlier reports whether the reporter of a concern has another about the same client.
func (d *drawing) hasEarlier(m *drawn) bool {
	return slices.ContainsFunc(d.matters, func(one *drawn) bool {
		return one != m && one.service == m.service && one.client == m.client && one.parties[0] == m.parties[0]
	})
}

// after notes who may know of what by a step.
func (d *drawing) after(m *drawn, step string, body map[string]any, got answer) {
	if !got.ok() {
		return
	}
	letter := func(field string) string {
		party, _ := body[field].(map[string]any)
		return fmt.Sprint(party["agency"])[:1]
	}
	for field, service := range map[string]string{"forwardedConcernId": "concern", "redirectedReferralId": "referral"} {
		if id, made := got.field(field).(string); made {
			d.matters = append(d.matters, &drawn{service: service, id: id, client: m.client, parties: append(slices.Clone(m.parties[len(m.parties)-1:]), letter("receiver"))})
		}
	}
	switch step {
	case "InviteMember":
		m.joins(letter("party"))
	case "InviteParticipant":
		m.joins(letter("participant"))
	}
}
