package rules_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

func stamp(t interface{ UnixNano() int64 }) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: t.UnixNano() / 1e9}
}

// golden holds a text against its file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not as recorded; look at the difference and run with -update if it is meant:\n%s", name, got)
	}
}

// lives are ways into each state of a concern from kela to hva.
var lives = []struct {
	name  string
	steps []rules.Step
	joins string
}{
	{name: "SUBMITTED"},
	{name: "RECEIVED", steps: []rules.Step{rules.Receive}},
	{name: "TRIAGED", steps: []rules.Step{rules.Receive, rules.Triage}},
	{name: "TAKEN", steps: []rules.Step{rules.Take}},
	{name: "IN_ASSESSMENT", steps: []rules.Step{rules.Take, rules.StartAssessment}},
	{name: "ASSESSED", steps: []rules.Step{rules.Take, rules.StartAssessment, rules.CompleteAssessment}},
	{name: "RECEIVED, question", steps: []rules.Step{rules.Receive, rules.RequestInformation}},
	{name: "TAKEN, question", steps: []rules.Step{rules.Take, rules.RequestInformation}},
	{name: "TAKEN, offered onward", steps: []rules.Step{rules.Take, rules.ForwardOn}},
	{name: "CLOSED", steps: []rules.Step{rules.Take, rules.Close}},
	{name: "DECLINED", steps: []rules.Step{rules.Decline}},
	{name: "WITHDRAWN", steps: []rules.Step{rules.Withdraw}},
	{name: "JOINED, not received", joins: "kela"},
	{name: "JOINED, received", steps: []rules.Step{rules.Receive}, joins: "kela"},
	{name: "joined another agency's", joins: "terveys"},
}

var allSteps = []rules.Step{
	rules.Receive, rules.Triage, rules.Take, rules.Reassign, rules.RecordContactAttempt, rules.RequestInformation,
	rules.StartAssessment, rules.CompleteAssessment, rules.Close, rules.ForwardOn, rules.Decline,
	rules.ProvideInformation, rules.Withdraw, rules.Settle,
}

func live(t *testing.T, steps []rules.Step, joins string) (*town, string) {
	t.Helper()
	w := newTown()
	if joins != "" {
		_, err := w.submit(joins, "hva", "client", consent(w.now))
		must(t, err)
	}
	subject, err := w.submit("kela", "hva", "client", consent(w.now))
	must(t, err)
	for _, step := range steps {
		who := "hva"
		if step == rules.Withdraw {
			who = "kela"
		}
		must(t, w.step(who, subject, requests(w, subject, "terveys")[step]))
	}
	return w, subject
}

// A concern's whole life: state × step × role → state or refusal.
func TestLifeTable(t *testing.T) {
	var table strings.Builder
	for _, start := range lives {
		fmt.Fprintf(&table, "%s\n", start.name)
		for _, who := range []string{"kela", "hva", "tyo"} {
			for _, step := range allSteps {
				w, subject := live(t, start.steps, start.joins)
				err := w.step(who, subject, requests(w, subject, "tyo")[step])
				c := w.Histories[subject].State
				result := string(fault.ReasonOf(err))
				if err == nil {
					result = "→ " + short(c.Shown()) + ", " + turnOf(w, "hva", subject)
				}
				role := map[string]string{"kela": "reporter", "hva": "receiver", "tyo": "stranger"}[who]
				if who != "tyo" || step == rules.Take {
					fmt.Fprintf(&table, "  %-8s %-20s %s\n", role, step, result)
				}
				if before, _ := live(t, start.steps, start.joins); who != "tyo" {
					view := before.view(who, subject)
					offered := slices.Contains(rules.Allowed(view.State, view.Reader, people[who]), string(step))
					if offered != (err == nil) {
						t.Errorf("%s: %s is offered %s: %v, and taking it gives %v", start.name, role, step, offered, err)
					}
				}
			}
		}
	}
	golden(t, "life.golden", table.String())
}

func short(state concernv1.ConcernState) string {
	return strings.TrimPrefix(state.String(), "CONCERN_STATE_")
}

// turnOf tells who is responsible, whose turn it is, and until which day.
func turnOf(w *town, agency, subject string) string {
	view := w.view(agency, subject)
	status := rules.Status(view.State, view.Reader)
	if status.GetResponsible() == nil {
		return "ended"
	}
	return fmt.Sprintf("%s/%s/%s responsible, %s's turn until %s",
		status.GetResponsible().GetAgency(), status.GetResponsible().GetUnit(), status.GetResponsible().GetWorker(),
		status.GetWaitingOn().GetAgency(), status.GetDueAt().AsTime().In(loop.Helsinki()).Format("2.1.2006 15.04"))
}
