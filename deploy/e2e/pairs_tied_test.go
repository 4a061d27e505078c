package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// asTied arranges in two lists what stands at one place of their order, such as what is due at
// one moment, by subjects: in the order of that of B. Among subjects that goes by ids, which
// are random and tell a reader nothing. What is of one subject stays in its order.
func (n *pairNames) asTied(a, b []any) (inA, inB []any) {
	inA, inB = slices.Clone(a), slices.Clone(b)
	for from := 0; from < len(b); {
		to := from + 1
		for to < len(b) && orderOf(b[to]) == orderOf(b[from]) {
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

func sequenceOf(element any) any {
	fields, _ := element.(map[string]any)
	return fields["sequence"]
}

// withSequence is a message, and the record in it, under another sequence.
func withSequence(element, sequence any) any {
	fields, _ := element.(map[string]any)
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

// subjectIn is what an element of a list is about; empty for none.
func subjectIn(element any) string {
	fields, _ := element.(map[string]any)
	for _, name := range []string{"subject", "concernId", "referralId", "consultationId", "planId"} {
		if said, ok := fields[name].(string); ok && said != "" {
			return said
		}
	}
	return ""
}

// orderOf is by what lists are ordered before subjects: when it happened, or when it is due.
func orderOf(element any) string {
	fields, _ := element.(map[string]any)
	for _, name := range []string{"occurredAt", "at", "dueAt"} {
		if at, ok := fields[name].(string); ok {
			return at
		}
	}
	status, _ := fields["status"].(map[string]any)
	return fmt.Sprint(status["dueAt"])
}

// tiedPages tells whether two pages of one element each hold what stands at one place of the
// order, and is not the same thing, or follows such: which of them comes first is chance.
func (n *pairNames) tiedPages(a, b answer) bool {
	one, two := onlyOf(a.Body), onlyOf(b.Body)
	if one == nil || two == nil || subjectIn(two) == "" || orderOf(one) != orderOf(two) {
		n.tied = false
		return false
	}
	n.tied = n.tied || subjectIn(one) != n.inA(subjectIn(two), newPairNames())
	return n.tied
}

// onlyOf is the only element of the only list of an answer; nil where there is no such.
func onlyOf(body any) any {
	fields, _ := body.(map[string]any)
	var found any
	for _, value := range fields {
		if list, is := value.([]any); is {
			if len(list) != 1 || found != nil {
				return nil
			}
			found = list[0]
		}
	}
	return found
}
