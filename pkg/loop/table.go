package loop

import (
	"slices"
	"strings"

	"koppi.internal/pkg/fault"
)

// Row is one line of a transition table: whose step, and when. S is the state.
type Row[S State] struct {
	// Step is a command on a subject that exists, named as its RPC.
	Step string
	By   []Role
	// When tells whether the state, as the caller sees it, allows the step.
	When func(view S, actor Actor) bool
	// May refuses an actor to whom the step is closed whatever the state; may be nil.
	May func(view S, actor Actor) error
	// Automatic steps may be taken by a partner's system in no worker's name.
	Automatic bool
	// Touch is the event of a step by which a person handles the matter, from which the clock
	// of what is urgent counts anew; empty for all others. No automatic step has one.
	Touch string
}

// Table is the life of a subject, in the order in which steps are offered to a
// person: the likely one first. What is not in it is refused.
type Table[S State] []Row[S]

// The steps by which a subject is taken back, the same in every service.
const stepAcknowledge = "AcknowledgeRevocation"

// WithRevocation adds the rows of a revocation by the sender, under its own name.
func (t Table[S]) WithRevocation(revoke string) Table[S] {
	return append(t, Row[S]{
		Step: stepAcknowledge, By: []Role{RoleSender, RoleReceiver, RoleParticipant}, Automatic: true,
		When: func(view S, actor Actor) bool { return view.Common().Revocation.Awaits(actor.Agency) },
	}, Row[S]{
		Step: revoke, By: []Role{RoleSender}, Automatic: true,
		When: func(view S, _ Actor) bool { return view.Common().Exists() && !view.Common().IsRevoked() },
	})
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func (t Table[S]) Allowed(view View[S], actor Actor) []string {
	var steps []string
	for _, row := range t.of("", view.Reader.Role) {
		if row.mayEver(view.State, actor) == nil && row.When(view.State, actor) && !slices.Contains(steps, row.Step) {
			steps = append(steps, row.Step)
		}
	}
	return steps
}

// Check refuses a step in the order of the house: the caller's role, its etag, the
// state. A step may have several rows; one that allows it suffices.
func (t Table[S]) Check(step string, view View[S], actor Actor, stale bool) error {
	rows := t.of(step, view.Reader.Role)
	var refused error = fault.New(fault.RoleNotAllowed, "%s is not a step of the %s", step, view.Reader.Role)
	rows = slices.DeleteFunc(rows, func(row Row[S]) bool {
		err := row.mayEver(view.State, actor)
		if err != nil {
			refused = err
		}
		return err != nil
	})
	if len(rows) == 0 {
		return refused
	}
	if stale {
		return fault.New(fault.StaleEtag, "the matter has changed since you read it")
	}
	if !slices.ContainsFunc(rows, func(row Row[S]) bool { return row.When(view.State, actor) }) {
		allowed := strings.Join(t.Allowed(view, actor), ", ")
		return fault.New(fault.IllegalStep, "%s is not possible now; possible: %s", step, FirstOf(allowed, "nothing")).
			With("allowed_steps", allowed)
	}
	return nil
}

// Touching are the events of the steps by which a person handles the matter, by name.
func (t Table[S]) Touching() map[string]bool {
	events := map[string]bool{}
	for _, row := range t {
		if row.Touch != "" {
			events[row.Touch] = true
		}
	}
	return events
}

// of lists the rows of a role, of one step or of all.
func (t Table[S]) of(step string, role Role) []Row[S] {
	var rows []Row[S]
	for _, row := range t {
		if (step == "" || row.Step == step) && slices.Contains(row.By, role) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (r Row[S]) mayEver(view S, actor Actor) error {
	if actor.Automatic && !r.Automatic {
		return fault.New(fault.RoleNotAllowed, "a system takes %s only on behalf of a worker, whom it names in the header Koppi-On-Behalf-Of: worker;unit;role", r.Step)
	}
	if r.May == nil {
		return nil
	}
	return r.May(view, actor)
}

// FirstOf is the first text that says something.
func FirstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
