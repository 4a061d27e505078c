package matter

import (
	"cmp"
	"slices"
	"strings"

	"koppi.internal/pkg/fault"
)

// Table holds the steps on the existing matters of a service, in the order in which a person is
// offered them. A step that is not in the table is refused.
type Table[S State, F, D any] struct{ rows []row[S, F, D] }

// AnyStep is a Step, whatever its request.
type AnyStep[S State, F, D any] interface{ row() row[S, F, D] }

// NewTable makes a table. It panics if a step cannot be taken or records nothing, if two have the
// same name, and if an automatic step has a touch: no system may restart the clock of an urgent
// matter.
func NewTable[S State, F, D any](steps ...AnyStep[S, F, D]) Table[S, F, D] {
	var t Table[S, F, D]
	for _, step := range steps {
		row := step.row()
		switch {
		case t.find(row.step) != nil:
			panic("matter: " + row.step + " is in the table twice")
		case slices.ContainsFunc(row.access, func(a Access[S]) bool { return len(a.By) == 0 || a.When == nil }):
			panic("matter: " + row.step + " does not say who may take it, and when")
		case row.record == nil:
			panic("matter: " + row.step + " records nothing")
		case row.touch != "" && slices.ContainsFunc(row.access, func(a Access[S]) bool { return a.Automatic }):
			panic("matter: " + row.step + " is automatic and cannot touch a matter")
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// find returns the row of a step; nil if there is none.
func (t Table[S, F, D]) find(step string) *row[S, F, D] {
	at := slices.IndexFunc(t.rows, func(r row[S, F, D]) bool { return r.step == step })
	if at < 0 {
		return nil
	}
	return &t.rows[at]
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func (t Table[S, F, D]) Allowed(view View[S], actor Actor) []string {
	if actor.ReadOnly {
		return nil
	}
	return t.names(func(r row[S, F, D]) bool {
		return slices.ContainsFunc(r.by(view.Reader.Role), func(a Access[S]) bool {
			return a.mayEver(r.step, view.State, actor) == nil && a.When(view.State, actor)
		})
	})
}

// CheckStep refuses a step in the order that all services use: first the caller's role
// (fault.RoleNotAllowed), then its etag (fault.StaleEtag), then the state (fault.IllegalStep). View
// is the matter as the caller's agency was shown it.
func (t Table[S, F, D]) CheckStep(view View[S], command Command[F]) error {
	step := StepOf(command.Request)
	var refused error = fault.New(fault.RoleNotAllowed, "%s is not a step of the %s", step, view.Reader.Role)
	row := t.find(step)
	if row == nil {
		return refused
	}
	rules := slices.DeleteFunc(row.by(view.Reader.Role), func(a Access[S]) bool {
		err := a.mayEver(step, view.State, command.Actor)
		if err != nil {
			refused = err
		}
		return err != nil
	})
	if len(rules) == 0 {
		return refused
	}
	if row.stale(view.State, command) {
		return fault.New(fault.StaleEtag, "the matter has changed since you read it")
	}
	if !slices.ContainsFunc(rules, func(a Access[S]) bool { return a.When(view.State, command.Actor) }) {
		allowed := strings.Join(t.Allowed(view, command.Actor), ", ")
		return fault.New(fault.IllegalStep, "%s is not possible now; possible: %s", step, cmp.Or(allowed, "nothing")).
			With("allowed_steps", allowed)
	}
	return nil
}

// CheckContent is the last check of a step, after CheckStep: its content must be complete and allowed.
func (t Table[S, F, D]) CheckContent(world World[S], command Command[F]) error {
	if err := t.find(StepOf(command.Request)).check(world, command); err != nil {
		return err
	}
	return command.CheckAttachments()
}

// Record adds to the draft what a step records that both checks have admitted.
func (t Table[S, F, D]) Record(draft D, command Command[F]) {
	t.find(StepOf(command.Request)).record(draft, command)
}

// Steps lists the steps, without the given ones.
func (t Table[S, F, D]) Steps(without ...string) []string {
	return t.names(func(r row[S, F, D]) bool { return !slices.Contains(without, r.step) })
}

// Admitted lists the steps that are admitted in this way on a matter that has reached its size
// limit.
func (t Table[S, F, D]) Admitted(whenFull Admission) []string {
	return t.names(func(r row[S, F, D]) bool { return r.whenFull == whenFull })
}

// Touching returns the names of the events of the steps in which a person handles the matter.
func (t Table[S, F, D]) Touching() map[string]bool {
	events := map[string]bool{}
	for _, row := range t.rows {
		if row.touch != "" {
			events[row.touch] = true
		}
	}
	return events
}

// names returns the names of the steps of the chosen rows.
func (t Table[S, F, D]) names(chosen func(row[S, F, D]) bool) []string {
	var steps []string
	for _, row := range t.rows {
		if chosen(row) {
			steps = append(steps, row.step)
		}
	}
	return steps
}
