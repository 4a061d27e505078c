package matter

import (
	"slices"
	"strings"

	"koppi.internal/pkg/fault"
)

// Row is one line of a transition table: which step, who may take it, and when. S is the state.
type Row[S State] struct {
	// Step is a command on an existing matter, named as its RPC.
	Step string
	By   []Role
	// When reports whether the state, as the caller sees it, allows the step.
	When func(view S, actor Actor) bool
	// May refuses actors that may never take the step, in any state. It may be nil.
	May func(view S, actor Actor) error
	// Automatic says that a partner's system may take the step without acting on behalf of a
	// worker.
	Automatic bool
	// Touch is the name of the event of a step by which a person handles the matter. From such an
	// event the clock of an urgent matter is counted again. It is empty for all other steps, and
	// for every automatic step.
	Touch string
}

// Table is the transition table of a matter. A person is offered the steps in this order, so the
// likely one comes first. A step that is not in the table is refused.
type Table[S State] []Row[S]

// The step that acknowledges a revocation has the same name in every service.
const stepAcknowledge = "AcknowledgeRevocation"

// WithRevocation adds the rows for a revocation by the sender; revoke is the name of that step.
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

// Steps lists the steps, in the order of the table, without the given ones.
func (t Table[S]) Steps(without ...string) []string {
	var steps []string
	for _, row := range t {
		if !slices.Contains(steps, row.Step) && !slices.Contains(without, row.Step) {
			steps = append(steps, row.Step)
		}
	}
	return steps
}

// Check refuses a step in the order that all services use: first the caller's role
// (fault.RoleNotAllowed), then its etag (fault.StaleEtag), then the state (fault.IllegalStep). A
// step may have several rows; one row that allows it is enough.
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

// Touching returns the names of the events of the steps in which a person handles the matter. It
// panics for an automatic step with a touch: no system may restart the clock of an urgent matter.
func (t Table[S]) Touching() map[string]bool {
	events := map[string]bool{}
	for _, row := range t {
		if row.Touch != "" && row.Automatic {
			panic("matter: " + row.Step + " is automatic and cannot touch a matter")
		}
		if row.Touch != "" {
			events[row.Touch] = true
		}
	}
	return events
}

// of returns the rows for a role, of one step, or of all steps if step is empty.
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

// FirstOf returns the first text that is not empty.
func FirstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
