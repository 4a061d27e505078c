package rules_test

import (
	"strings"
	"testing"

	"koppi.internal/pkg/decide/decidetest"
	"koppi.internal/pkg/loop"
	"koppi.internal/services/concern/internal/rules"
)

// lives are ways into each state of a concern from kela to hva.
var lives = []struct {
	name  string
	steps []string
	joins string
}{
	{name: "SUBMITTED"},
	{name: "RECEIVED", steps: []string{receive}},
	{name: "TRIAGED", steps: []string{receive, triage}},
	{name: "TAKEN", steps: []string{take}},
	{name: "IN_ASSESSMENT", steps: []string{take, assess}},
	{name: "ASSESSED", steps: []string{take, assess, assessed}},
	{name: "RECEIVED, question", steps: []string{receive, ask}},
	{name: "TAKEN, question", steps: []string{take, ask}},
	{name: "TAKEN, offered onward", steps: []string{take, forward}},
	{name: "CLOSED", steps: []string{take, closing}},
	{name: "DECLINED", steps: []string{decline}},
	{name: "WITHDRAWN", steps: []string{withdraw}},
	{name: "ENTERED_IN_ERROR", steps: []string{take, revoke}},
	{name: "ENTERED_IN_ERROR, acknowledged", steps: []string{closing, revoke, acknowledge}},
	{name: "JOINED, not received", joins: "kela"},
	{name: "JOINED, received", steps: []string{receive}, joins: "kela"},
	{name: "joined another agency's", joins: "terveys"},
}

func live(t *testing.T, steps []string, joins string) (*town, string) {
	t.Helper()
	w := newTown()
	if joins != "" {
		_, err := w.submit(joins, "hva", "client", consent(w.Now))
		must(t, err)
	}
	subject, err := w.submit("kela", "hva", "client", consent(w.Now))
	must(t, err)
	for i, step := range steps {
		switch {
		case step == withdraw || step == revoke:
			w.take(t, "kela", subject, step)
		case step == closing && i == 0:
			w.take(t, "hva", subject, take)
			fallthrough
		default:
			w.take(t, "hva", subject, step)
		}
	}
	return w, subject
}

// A concern's whole life: state × step × role → state or refusal.
func TestLifeTable(t *testing.T) {
	var all []decidetest.Life[rules.Concern, rules.Facts]
	for _, one := range lives {
		all = append(all, decidetest.Life[rules.Concern, rules.Facts]{
			Name: one.name, Live: func(t *testing.T) (*decidetest.Town[rules.Concern, rules.Facts], string) {
				w, subject := live(t, one.steps, one.joins)
				return w.Town, subject
			},
		})
	}
	actors := []decidetest.Actor{{Role: "reporter", Actor: people["kela"]}, {Role: "receiver", Actor: people["hva"]}, {Role: "stranger", Actor: people["tyo"]}}
	decidetest.LifeTable(t, all, actors, allSteps,
		func(w *decidetest.Town[rules.Concern, rules.Facts], subject, step string, actor loop.Actor) rules.Command {
			return command(actor, subject, requests(&town{w}, subject, "tyo")[step])
		},
		func(c rules.Concern) string { return strings.TrimPrefix(c.Shown().String(), "CONCERN_STATE_") })
}
