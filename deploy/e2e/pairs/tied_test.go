package pairs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
)

// asTied arranges in two lists what stands at one place of their order, such as what is due at
// one moment, by subjects: in the order of that of B. Among subjects that goes by ids, which
// are random and tell a reader nothing. What is of one subject stays in its order.
func (n *pairNames) asTied(a, b []any) (inA, inB []any) {
	inA, inB = slices.Clone(a), slices.Clone(b)
	for from := 0; from < len(b); {
		to := from + 1
		for to < len(b) && sameOrder(n.orderOf(b[to]), n.orderOf(b[to-1])) {
			to++
		}
		at := map[string]int{}
		for i, one := range b[from:to] {
			if _, known := at[subjectIn(one)]; !known {
				at[subjectIn(one)] = i
			}
		}
		slices.SortStableFunc(inB[from:to], func(one, two any) int { return cmp.Compare(at[subjectIn(one)], at[subjectIn(two)]) })
		for name, i := range maps.Clone(at) {
			inA, _ := n.inA(name, newPairNames()).(string)
			at[inA] = i
		}
		slices.SortStableFunc(inA[from:to], func(one, two any) int { return cmp.Compare(at[subjectIn(one)], at[subjectIn(two)]) })
		from = to
	}
	inPlace(inA, a)
	inPlace(inB, b)
	return inA, inB
}

// inPlace gives what was arranged the sequences of the places in which it now stands: which
// of two messages of one moment came first in the mailbox is chance too.
func inPlace(arranged, places []any) {
	for i := range arranged {
		arranged[i] = withSequence(arranged[i], sequenceOf(places[i]))
	}
}

func sequenceOf(element any) any { return listed(element)["sequence"] }

// listed are the fields of an element of a list: of a message that a stream delivers, its own.
func listed(element any) map[string]any {
	fields, _ := element.(map[string]any)
	if delivery, is := fields["delivery"].(map[string]any); is {
		fields, _ = delivery["message"].(map[string]any)
	}
	return fields
}

// withSequence is a message, and the record in it, under another sequence.
func withSequence(element, sequence any) any {
	fields, _ := element.(map[string]any)
	if delivery, is := fields["delivery"].(map[string]any); is {
		delivery = maps.Clone(delivery)
		delivery["message"] = withSequence(delivery["message"], sequence)
		fields = maps.Clone(fields)
		fields["delivery"] = delivery
		return fields
	}
	if fields["sequence"] == nil || sequence == nil {
		return element
	}
	fields = maps.Clone(fields)
	fields["sequence"] = sequence
	if record, is := fields["record"].(map[string]any); is {
		record = maps.Clone(record)
		record["message"] = withSequence(record["message"], sequence)
		fields["record"] = record
	}
	return fields
}

// tiesOf are, by service and sequence, the first sequence of the messages of the same moment:
// which of them comes first is chance, also where a list holds but one of them.
func tiesOf(log []*happened) map[string]any {
	ties, last := map[string]any{}, map[any]map[string]any{}
	for _, one := range log {
		for _, message := range one.disclosed {
			service, name := message["service"], tieOf(message)
			before := last[service]
			if ties[name] = message["sequence"]; before != nil && before["occurredAt"] == message["occurredAt"] {
				ties[name] = ties[tieOf(before)]
			}
			last[service] = message
		}
	}
	return ties
}

func tieOf(message map[string]any) string {
	return fmt.Sprint(message["service"], " ", message["sequence"])
}

// recalledIn are the ids of the matters, as B says them, of which the parties must acknowledge their copies: after
// a withdrawn consent, or a matter entered in error.
func recalledIn(log []*happened) map[string]bool {
	recalled := map[string]bool{}
	for _, one := range log {
		for _, message := range one.disclosed {
			event, _ := message["event"].(map[string]any)
			if holders, _ := event["holders"].([]any); len(holders) > 0 {
				_, id, _ := strings.Cut(fmt.Sprint(message["subject"]), "/")
				recalled[id] = true
			}
		}
	}
	return recalled
}

func (n *pairNames) isRecalled(id string) bool { return n.recalled[id] || n.recalled[n.toB[id]] }

// untied is a message under the first sequence of its moment, and a page of messages as it would
// be if its last one had that.
func (n *pairNames) untied(fields map[string]any) map[string]any {
	if first, tied := n.ties[tieOf(fields)]; tied {
		fields = maps.Clone(fields)
		fields["sequence"] = first
	}
	messages, _ := fields["messages"].([]any)
	if len(messages) == 0 {
		return fields
	}
	last, _ := messages[len(messages)-1].(map[string]any)
	if first, tied := n.ties[tieOf(last)]; tied && first != last["sequence"] {
		fields = maps.Clone(fields)
		fields["backlog"] = fmt.Sprint(countOf(fields["backlog"]) + countOf(last["sequence"]) - countOf(first))
	}
	return fields
}

// tiedDigits is by how many digits the sequences in a body are longer than the first ones of their
// moments.
func (n *pairNames) tiedDigits(body any) int {
	digits := 0
	switch body := body.(type) {
	case map[string]any:
		if first, tied := n.ties[tieOf(body)]; tied {
			digits = len(fmt.Sprint(body["sequence"])) - len(fmt.Sprint(first))
		}
		for _, value := range body {
			digits += n.tiedDigits(value)
		}
	case []any:
		for _, value := range body {
			digits += n.tiedDigits(value)
		}
	}
	return digits
}

// countOf is a count as JSON has it; none is left out.
func countOf(value any) int {
	if value == nil {
		return 0
	}
	return testkit.Must(numberOf(fmt.Sprint(value)))
}

// subjectIn is what an element of a list is about; empty for none.
func subjectIn(element any) string {
	fields := listed(element)
	names := []string{"subject"}
	for _, service := range suite.Names() {
		names = append(names, service+"Id")
	}
	for _, name := range names {
		if said, ok := fields[name].(string); ok && said != "" {
			return said
		}
	}
	return ""
}

// orderOf is by what lists are ordered before subjects: when it happened, or when it is due. Of
// a message it is the moment of which it was told, which a tombstone does not say.
func (n *pairNames) orderOf(element any) string {
	fields := listed(element)
	if first, tied := n.ties[tieOf(fields)]; tied {
		return fmt.Sprint(fields["service"], " ", first)
	}
	for _, name := range []string{"occurredAt", "at", "dueAt"} {
		if at, ok := fields[name].(string); ok {
			return at
		}
	}
	status, is := fields["status"].(map[string]any)
	if due, named := status["dueAt"]; (named || !is) && !n.isRecalled(subjectIn(element)) {
		return fmt.Sprint(due)
	}
	return anyOrder
}

// anyOrder is that of a matter whose place goes by a due time that the element does not show, which may be that
// of its neighbour: of a matter that has ended, or of which the reader must acknowledge its copy.
const anyOrder = "any"

func sameOrder(one, two string) bool { return one == two || one == anyOrder || two == anyOrder }

// tiedPages tells whether two pages of one element each hold what stands at one place of the
// order, and is not the same thing, or follows such: which of them comes first is chance.
func (n *pairNames) tiedPages(a, b answer) bool {
	one, two := onlyOf(a.Body), onlyOf(b.Body)
	if one == nil || two == nil || subjectIn(two) == "" || !sameOrder(n.orderOf(one), n.orderOf(two)) {
		n.tied = false
		return false
	}
	n.tied = n.tied || subjectIn(one) != n.inA(subjectIn(two), newPairNames())
	return n.tied
}

// onlyOf is the only element of the only list of an answer, beside how to reach the parties; nil where there is no
// such.
func onlyOf(body any) any {
	fields, _ := body.(map[string]any)
	var found any
	for name, value := range fields {
		if list, is := value.([]any); is && name != "contacts" {
			if len(list) != 1 || found != nil {
				return nil
			}
			found = list[0]
		}
	}
	return found
}
