package matter

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
)

// Step is one step on an existing matter: who may take it, when, which checks its content must
// pass, and what it records. S is the service's state, F its facts and D its draft. R is the step's
// request, and the step is named as the RPC of that request.
type Step[S State, F, D any, R proto.Message] struct {
	// By lists the roles that may take the step.
	By []Role
	// When reports whether the state, as the caller sees it, allows the step.
	When func(view S, actor Actor) bool
	// May refuses actors that may never take the step, in any state. It may be nil.
	May func(view S, actor Actor) error
	// Automatic says that a partner's system may take the step without acting on behalf of a
	// worker.
	Automatic bool
	// Or lists further rules by which the step may be taken. One that allows it is enough.
	Or []Access[S]

	// Touch is the name of the event of a step by which a person handles the matter. From such an
	// event the clock of an urgent matter is counted again. It is empty for all other steps, and
	// for every automatic step.
	Touch string
	// WhenFull says whether the step is admitted on a matter that has reached its size limit.
	WhenFull Admission

	// Stale reports whether the caller decided on an outdated version, for a request that carries
	// the etag of a part of the matter. If it is nil, Command.Stale applies.
	Stale func(view S, request R) bool
	// Check refuses incomplete content and content that is not allowed. It may be nil.
	Check func(world World[S], command Command[F], request R) error
	// Record adds to the draft what the step records.
	Record func(draft D, command Command[F], request R)
}

// Access is one rule of who may take a step, and when. The fields are those of Step.
type Access[S State] struct {
	By        []Role
	When      func(view S, actor Actor) bool
	May       func(view S, actor Actor) error
	Automatic bool
}

// Admission says whether a step is admitted on a matter that has reached its size limit.
type Admission int

const (
	// Refused is for all other steps.
	Refused Admission = iota
	// Finishes is for steps that end what was begun in the matter. Reserve is kept free for them.
	Finishes
	// Always is for steps that are never refused for the size of the matter: each can be taken only
	// a few times, and ends the matter, answers a question or acknowledges something.
	Always
)

// row is a step of a table, whatever its request.
type row[S State, F, D any] struct {
	step     string
	access   []Access[S]
	touch    string
	whenFull Admission
	stale    func(view S, command Command[F]) bool
	check    func(world World[S], command Command[F]) error
	record   func(draft D, command Command[F])
}

func (s Step[S, F, D, R]) row() row[S, F, D] {
	var none R
	r := row[S, F, D]{
		step:   StepOf(none),
		access: append([]Access[S]{{By: s.By, When: s.When, May: s.May, Automatic: s.Automatic}}, s.Or...),
		touch:  s.Touch, whenFull: s.WhenFull,
		stale: func(_ S, command Command[F]) bool { return command.Stale },
		check: func(World[S], Command[F]) error { return nil },
	}
	if s.Stale != nil {
		r.stale = func(view S, command Command[F]) bool { return s.Stale(view, request[R](command.Request)) }
	}
	if s.Check != nil {
		r.check = func(world World[S], command Command[F]) error {
			return s.Check(world, command, request[R](command.Request))
		}
	}
	if s.Record != nil {
		r.record = func(draft D, command Command[F]) { s.Record(draft, command, request[R](command.Request)) }
	}
	return r
}

// request returns a command's request as the type by whose name its step was found.
func request[R proto.Message](m proto.Message) R {
	return m.(R) //nolint:forcetypeassert // the name of a request is that of its type
}

// by returns the rules that apply to a role.
func (r row[S, F, D]) by(role Role) []Access[S] {
	var rules []Access[S]
	for _, access := range r.access {
		if slices.Contains(access.By, role) {
			rules = append(rules, access)
		}
	}
	return rules
}

// mayEver refuses an actor that may not take the step by this rule in any state.
func (a Access[S]) mayEver(step string, view S, actor Actor) error {
	if actor.Automatic && !a.Automatic {
		return fault.New(fault.RoleNotAllowed, "a system takes %s only on behalf of a worker, whom it names in the header Koppi-On-Behalf-Of: worker;unit;role", step)
	}
	if a.May == nil {
		return nil
	}
	return a.May(view, actor)
}
