package pairs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"koppi.internal/deploy/suite"
)

// unitPairsInTest are as many as a run of all tests has time for.
const unitPairsInTest = 24

// A worker of an agency whose people read by unit gets identical answers in a world in which the matters of the
// agency's other unit, and those between other agencies, do not exist at all.
func TestPairsOfUnits(t *testing.T) { random(t, unitPairsInTest, byUnit) }

// ofAgency are the methods whose answers tell the people of an agency of all its units, each with the reason.
var ofAgency = map[string]string{
	caseworkSvc + "GetStatistics":  "counts of the agency",
	caseworkSvc + "ListColleagues": "says when each worker of the agency was last seen",
}

// leavesOut reports whether the reader does not ask something: what tells the people of an agency of all its
// units, and which of the reader's own searches, by identity code, were of a client whom somebody else names.
func (p *pairing) leavesOut(d doing) bool {
	client, _ := d.Body["clientId"].(string)
	return ofAgency[d.Call] != "" || d.Call == caseworkSvc+"ListAccesses" && slices.Contains(p.knowledgeOfUnit().strangers, client)
}

// Reports about one client to one agency join each other, and what is told of the one shows in the other. So the
// reader's unit reports, and is told, of client "c", and all others report of client "d".

// clientOfUnit is the client of a report.
func (d *drawing) clientOfUnit(drawn, worker, to string) (string, map[string]any) {
	switch {
	case to == byUnit:
	case d.isReader(worker):
		drawn = "c"
	default:
		drawn = "d"
	}
	return drawn, clientOfPair(d.set, drawn)
}

// toldConcern names whom a concern about a client is told.
func (d *drawing) toldConcern(letter, client string) map[string]any {
	if letter == byUnit {
		return map[string]any{"agency": d.agency(letter), "unit": map[string]string{"c": "u1", "d": "u2"}[client]}
	}
	return d.party(letter)
}

// givesPart reports whether a step gives the reader's unit a part in a matter: the reader begins it, or somebody
// else names the unit. By another step of its own, the reader gets none.
func (p *pairing) givesPart(one *happened) bool {
	switch {
	case !one.answer.ok() || isReading(one.Call):
		return false
	case p.isReader(one.Who):
		return one.Body["subject"] == nil && !slices.ContainsFunc(suite.Names(), func(service string) bool { return one.Body[service+"Id"] != nil })
	default:
		return strings.Contains(asJSON(one.Body), fmt.Sprintf(`"agency":%q,"unit":"u1"`, p.agency(byUnit)))
	}
}

// about is what a step was about, and what it began by passing it on.
func (h *happened) about() (all []string) {
	subject, _ := h.Body["subject"].(string)
	if subject = cmp.Or(h.subject(), subject); subject != "" {
		all = append(all, subject)
	}
	for field, collection := range map[string]string{"forwardedConcernId": "concerns/", "redirectedReferralId": "referrals/"} {
		if id, made := h.answer.field(field).(string); made {
			all = append(all, collection+id)
		}
	}
	return all
}

// ofUnit are the matters that exist in both worlds: in which the reader's unit has a part, and what they were
// passed on from and to.
func (p *pairing) ofUnit() map[string]bool {
	known, before := map[string]bool{}, -1
	for before != len(known) {
		before = len(known)
		for _, one := range p.log {
			about := one.about()
			if p.givesPart(one) || slices.ContainsFunc(about, func(subject string) bool { return known[subject] }) {
				for _, subject := range about {
					known[subject] = true
				}
			}
		}
	}
	return known
}

// readsOwn has the reader read each matter in which its unit has a part: so it knows their names.
func (p *pairing) readsOwn() {
	for _, subject := range p.knowledgeOfUnit().subjects {
		p.asks(reads(subject))
	}
}

// knowledgeOfUnit is what a worker of the reader's unit can ask about: also what others could tell the worker of
// matters in which the unit has no part.
func (p *pairing) knowledgeOfUnit() knowledge {
	var k knowledge
	add := func(list *[]string, value any) {
		if name, ok := value.(string); ok && name != "" && !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	known := p.ofUnit()
	for _, one := range p.log {
		for _, subject := range one.about() {
			if _, id, _ := strings.Cut(subject, "/"); id == "" || !one.answer.ok() {
				continue
			}
			if !known[subject] {
				add(&k.hidden, subject)
			} else if add(&k.subjects, subject); !p.isReader(one.Who) {
				// The reader is not told the names of others.
				continue
			}
			collection, _, _ := strings.Cut(subject, "s/")
			view, _ := one.answer.field(collection).(map[string]any)
			add(&k.numbers, view["matterNumber"])
			switch {
			case p.isReader(one.Who):
				add(&k.clients, view["clientId"])
				add(&k.cases, view["caseId"])
			case strings.HasPrefix(one.Who, byUnit):
				add(&k.strangers, view["clientId"])
				add(&k.cases, view["caseId"])
			}
		}
	}
	k.strangers = slices.DeleteFunc(k.strangers, func(client string) bool { return slices.Contains(k.clients, client) })
	return k
}

// compareUnit plays in world A what happened in the matters in which the reader's unit has a part, and compares
// all that the reader is answered.
func (p *pairing) compareUnit() {
	p.t.Helper()
	known := p.ofUnit()
	for i, one := range p.log {
		if one.at.After(p.a.now) {
			p.a.advance(one.at)
		}
		switch {
		case one.Call == "":
		case p.isReader(one.Who):
			p.asksAgain(i, one)
		case one.Call == acknowledgeCall:
			p.acknowledged(one)
		case one.answer.ok() && slices.ContainsFunc(one.about(), func(subject string) bool { return known[subject] }):
			p.again(one)
		}
		if len(p.apart) > 0 {
			return
		}
	}
	if wrong := p.names.disorder(nil); wrong != "" {
		p.apart = append(p.apart, difference{path: "order of making", a: wrong})
	}
}
