package pairs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"koppi.internal/deploy/suite"
)

// doing is something that somebody does.
type doing struct {
	// Who: "r.1" is a worker of agency r, "r.system" its system, "c" a client.
	Who string
	// Call such as "koppi.concern.v1.ConcernService/GetConcern". Empty lets time pass.
	Call string
	Body map[string]any
	// Trace is the caller's own trace context, in W3C form.
	Trace string
	GRPC  bool
	// Wait is how long after the one before.
	Wait time.Duration
}

// happened is one thing of world B, in order: the clock was moved, or somebody did something.
type happened struct {
	doing
	at     time.Time
	answer answer
	// told are the messages that the reader's mailboxes got by it.
	disclosed []map[string]any
}

// pairing is a history in world B, and what becomes of it in world A, where only that happens
// of which its reader knows. Everything that the reader is answered must be the same.
type pairing struct {
	t    testing.TB
	set  int
	a, b *world
	// reader is the letter of the agency from which something is hidden.
	reader string
	log    []*happened
	// saved are what a world's last answers said for the next question: "$cursor", "$page".
	saved map[*world]map[string]string
	names *pairNames
	// loose names are those of others than the reader.
	loose *pairNames
	apart []difference
	// present is what is retold now, and moves the steps that were needed in A for the present one of B.
	present *happened
	moves   int
	// onward are concerns that were forwarded in A, and to whom.
	onward map[string]forwarded
	// watched is what the reader's pages are told; nil where none is open.
	watched map[*world]*arrivals
}

type forwarded struct{ id, agency string }

func newPair(t testing.TB, a, b *world, set int, reader string) *pairing {
	now := a.now
	if b.now.After(now) {
		now = b.now
	}
	p := &pairing{
		t: t, set: set, a: a, b: b, reader: reader, names: newPairNames(), loose: newPairNames(), onward: map[string]forwarded{},
		saved: map[*world]map[string]string{a: {}, b: {}},
	}
	for _, w := range []*world{a, b} {
		w.heads = map[string]uint64{}
		w.advance(now)
	}
	return p
}

func (p *pairing) agency(letter string) string { return agencyOf(letter, p.set) }

// isReader tells whether somebody is of the reader's: of its agency, or, where that reads by unit, the worker of
// its first unit.
func (p *pairing) isReader(who string) bool {
	letter, worker, _ := strings.Cut(who, ".")
	return letter == p.reader && (p.reader != byUnit || worker == "1")
}

// do does something in world B, in which all of it happens.
func (p *pairing) do(d doing) answer {
	p.t.Helper()
	if d.Wait > 0 {
		p.pass(d.Wait)
	}
	if d.Call == "" {
		return answer{}
	}
	if d.Body == nil {
		d.Body = map[string]any{}
	}
	d.Body = copied(d.Body)
	one := &happened{doing: d, at: p.b.now}
	one.answer = p.call(p.b, d, d.Body)
	p.log = append(p.log, one)
	p.poll(one)
	if one.answer.ok() && strings.Contains(d.Call, "/Revoke") {
		// Copies of what was entered in error are erased by a sweep, which then has been.
		p.pass(time.Microsecond)
	}
	return one.answer
}

// pass moves world B's clock.
func (p *pairing) pass(by time.Duration) {
	p.b.advance(p.b.now.Add(by))
	one := &happened{at: p.b.now}
	p.log = append(p.log, one)
	p.poll(one)
}

// poll reads what came into the reader's mailboxes.
func (p *pairing) poll(by *happened) {
	if p.reader == byUnit {
		return
	}
	arrived := p.b.arrived(p.agency(p.reader))
	if len(arrived) == 0 {
		return
	}
	d := doing{Who: p.reader + ".system", Call: "koppi.exchange.v1.ExchangeService/ListMessages", Body: map[string]any{"cursor": "$cursor", "pageSize": 500, "withRecords": true}}
	one := &happened{doing: d, at: p.b.now, answer: p.call(p.b, d, d.Body)}
	p.log = append(p.log, one)
	messages, _ := one.answer.field("messages").([]any)
	for _, message := range messages {
		by.disclosed = append(by.disclosed, message.(map[string]any))
	}
	p.settle(p.b, by.disclosed)
}

// call carries out what somebody does in a world, with what the world's last answers said.
func (p *pairing) call(w *world, d doing, body map[string]any) answer {
	filled := map[string]any{}
	for name, value := range body {
		if word, ok := value.(string); ok && strings.HasPrefix(word, "$") {
			value = p.saved[w][word]
		}
		filled[name] = value
	}
	if method := methodOf(d.Call); method.IsStreamingServer() || method.IsStreamingClient() {
		return w.callStream(w.token(p.set, d.Who), d.Call, filled)
	}
	got := w.call(w.token(p.set, d.Who), d.Call, filled, d.Trace, d.GRPC)
	if p.isReader(d.Who) {
		consumer, _ := d.Body["consumer"].(string)
		for field, name := range map[string]string{"nextCursor": "$cursor" + consumer, "nextPageToken": "$page"} {
			if said, ok := got.field(field).(string); ok {
				p.saved[w][name] = said
			}
		}
	}
	return got
}

// compare plays in world A what the reader knows of, and compares all that it is answered.
func (p *pairing) compare() {
	p.t.Helper()
	if p.reader == byUnit {
		p.compareUnit()
		return
	}
	needed := p.before()
	p.names.ties, p.names.recalled = tiesOf(p.log), recalledIn(p.log)
	for i, one := range p.log {
		if one.at.After(p.a.now) {
			p.a.advance(one.at)
		}
		switch {
		case one.Call == "":
			p.replay(one)
		case p.ofClient() && !p.isReader(one.Who):
			p.reword(one)
		case p.isReader(one.Who):
			if p.asksAgain(i, one) {
				p.replay(one)
			}
		case needed[one]:
			p.again(one)
		case one.Call == acknowledgeCall:
			p.acknowledged(one)
		default:
			p.replay(one)
		}
		if len(p.apart) > 0 {
			return
		}
	}
	if wrong := p.names.disorder(p.byClock()); wrong != "" {
		p.apart = append(p.apart, difference{path: "order of making", a: wrong})
	}
}

// asksAgain has the reader ask in world A what it asked in B, and compares the answers. It returns false where it
// is chance what the answers hold.
func (p *pairing) asksAgain(i int, one *happened) bool {
	body, _ := p.names.inA(one.Body, p.loose).(map[string]any)
	got := p.call(p.a, one.doing, body)
	if fmt.Sprint(one.Body["pageSize"]) == "1" && p.names.tiedPages(got, one.answer) {
		return false
	}
	p.apart = append(p.apart, p.names.sameAnswer(fmt.Sprintf("%d %s by %s %.300s ", i, one.Call, one.Who, asJSON(one.Body)), got, one.answer)...)
	return true
}

// byClock are the ids, in world B, of what the clock made: of several services' there is no
// order among each other.
func (p *pairing) byClock() map[string]bool {
	made := map[string]bool{}
	for _, one := range p.log {
		for _, message := range one.disclosed {
			made[fmt.Sprint(message["messageId"])] = one.Call == ""
		}
	}
	return made
}

// ofClient tells whether the reader is the person whom all is about, to whom everything
// is told but words between officials.
func (p *pairing) ofClient() bool { return p.reader == "c" }

// reword does in world A what was done in B, in other words between officials.
func (p *pairing) reword(one *happened) {
	if one.answer.ok() {
		body, _ := p.names.inA(one.reworded(), p.loose).(map[string]any)
		p.move(one, one.doing, body)
	}
}

// acknowledged lets another agency's system have what it was sent, in world A as in B: of
// what the reader sent, it may know that.
func (p *pairing) acknowledged(one *happened) {
	read := one.doing
	read.Call = strings.Replace(one.Call, "AcknowledgeMessages", "ListMessages", 1)
	got := p.call(p.a, read, map[string]any{"pageSize": 100})
	if len(got.list("messages")) > 0 {
		p.call(p.a, one.doing, map[string]any{"cursor": got.field("nextCursor")})
	}
}

// before are the steps on a referral, consultation or plan before the reader was told of it
// for the first time: who is asked in is told the whole of it. So are those on what was
// passed on to the reader, without which nobody could pass it on.
func (p *pairing) before() map[*happened]bool {
	first := map[string]int{}
	for i, one := range p.log {
		for _, message := range one.disclosed {
			subject, _ := message["subject"].(string)
			if _, known := first[subject]; !known && !strings.HasPrefix(subject, "concerns/") {
				first[subject] = i
			}
		}
	}
	for i, one := range slices.Backward(p.log) {
		for collection, field := range map[string]string{"concerns/": "forwardedConcernId", "referrals/": "redirectedReferralId"} {
			made := fmt.Sprint(collection, one.answer.field(field))
			if _, known := first[one.subject()]; known || p.isReader(one.Who) {
				continue
			}
			if _, onward := first[made]; onward || p.disclosedBy(one, made) {
				first[one.subject()] = i
			}
		}
	}
	needed := map[*happened]bool{}
	for i, one := range p.log {
		if at, disclosed := first[one.subject()]; disclosed && i < at && one.answer.ok() && !p.isReader(one.Who) && !isReading(one.Call) {
			needed[one] = true
		}
	}
	return needed
}

// disclosedBy tells whether a step disclosed a subject to the reader.
func (p *pairing) disclosedBy(one *happened, subject string) bool {
	return slices.ContainsFunc(one.disclosed, func(message map[string]any) bool { return message["subject"] == subject })
}

// subject is what a step was about, or began; empty for none.
func (h *happened) subject() string {
	for _, service := range suite.Names() {
		if id, named := h.Body[service+"Id"].(string); named {
			return service + "s/" + id
		}
		if made, ok := h.answer.field(service).(map[string]any); ok {
			if id, named := made[service+"Id"].(string); named {
				return service + "s/" + id
			}
		}
	}
	return ""
}

func isReading(call string) bool {
	_, method, _ := strings.Cut(call, "/")
	return slices.ContainsFunc([]string{"Get", "List", "Find", "Check"}, func(word string) bool { return strings.HasPrefix(method, word) })
}

// again does in world A what was done in B, as it was.
func (p *pairing) again(one *happened) {
	body, _ := p.names.inA(one.Body, p.loose).(map[string]any)
	p.move(one, one.doing, body)
}

// move takes a step in world A that the reader will be told of.
func (p *pairing) move(one *happened, d doing, body map[string]any) {
	p.moves++
	got := p.call(p.a, d, body)
	if !got.ok() {
		p.apart = append(p.apart, difference{
			path: fmt.Sprintf("what B tells cannot come about where nothing is hidden: %s by %s", d.Call, d.Who),
			a:    got.String(), b: one.Call + " " + asJSON(one.Body) + " told " + disclosedText(one.disclosed),
		})
		return
	}
	if d.Call == one.Call && body["requestId"] == one.Body["requestId"] {
		p.loose.loosely(got.Body, one.answer.Body)
	}
	if id, made := got.field("forwardedConcernId").(string); made {
		receiver, _ := body["receiver"].(map[string]any)
		p.onward[fmt.Sprint(body["concernId"])] = forwarded{id: id, agency: fmt.Sprint(receiver["agency"])}
	}
}

func disclosedText(disclosed []map[string]any) string {
	var all []string
	for _, message := range disclosed {
		all = append(all, fmt.Sprintf("%s of %s at %s", eventOf(message), message["subject"], message["occurredAt"]))
	}
	return strings.Join(all, ", ")
}

// eventOf is the short name of a message's event; empty for a tombstone.
func eventOf(message map[string]any) string {
	event, _ := message["event"].(map[string]any)
	kind, _ := event["@type"].(string)
	return kind[strings.LastIndex(kind, ".")+1:]
}
