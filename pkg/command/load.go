package command

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// loaded is the data on which a command is decided.
type loaded[S matter.State] struct {
	world matter.World[S]
	// first is the unique key of the command's request_id if it was used before; nil if it is new.
	first *journal.UniqueKey
	// refusal is the reason to refuse the command from the commanded subject alone.
	refusal error
}

// reads is what a command needs to have loaded, and who needs it.
type reads[S matter.State] struct {
	target     Target
	uniqueKeys func(matter.World[S]) []string
	check      func(matter.World[S]) error
	related    func(context.Context, matter.World[S]) ([]string, error)
}

// keys returns all unique keys that the command must read, including its own request_id's.
func (r reads[S]) keys(world matter.World[S]) []string {
	var keys []string
	if r.target.RequestID != "" {
		keys = append(keys, r.target.requestKey())
	}
	if r.uniqueKeys != nil {
		keys = append(keys, r.uniqueKeys(world)...)
	}
	return keys
}

// load reads the commanded subject, and stops if that settles the command: further reading takes
// time, which would reveal subjects that the caller may not know. Otherwise it reads the related
// subjects and the holders of the requested unique keys, and repeats that until nothing new turns
// up.
func (e *Engine[S]) load(ctx context.Context, r reads[S]) (loaded[S], error) {
	l := loaded[S]{world: matter.World[S]{Subjects: map[string]matter.History[S]{}, UniqueKeys: map[string]string{}}}
	subjects, keys, err := e.loadFirst(ctx, &l, r)
	l.world.Loaded = subjects
	if err != nil {
		return l, err
	}
	if l.refusal = refusal(e.Rules, r, l); l.refusal != nil || l.first != nil {
		return l, nil
	}
	for {
		related, err := e.related(ctx, r, l.world)
		if err != nil {
			return l, err
		}
		wanted, asked := missing(l.world.Loaded, related), missing(keys, r.keys(l.world))
		if len(wanted)+len(asked) == 0 {
			return l, e.stillHeld(l.world)
		}
		if err := errors.Join(e.loadSubjects(ctx, l.world, wanted), e.loadKeys(ctx, &l, r.target, asked)); err != nil {
			return l, err
		}
		l.world.Loaded, keys = append(l.world.Loaded, wanted...), append(keys, asked...)
	}
}

// loadFirst reads the commanded subject and the unique key of the request_id, together. Without either, it
// reads what the other waits for. It returns what it read.
func (e *Engine[S]) loadFirst(ctx context.Context, l *loaded[S], r reads[S]) (subjects, keys []string, err error) {
	switch {
	case r.target.Starts:
		keys = r.keys(l.world)
		return nil, keys, e.loadKeys(ctx, l, r.target, keys)
	case r.target.RequestID == "":
		subjects = []string{r.target.Subject}
		if err := e.loadSubjects(ctx, l.world, subjects); err != nil {
			return subjects, nil, err
		}
		keys = r.keys(l.world)
		return subjects, keys, e.loadKeys(ctx, l, r.target, keys)
	default:
		subjects, keys = []string{r.target.Subject}, []string{r.target.requestKey()}
		var beside errgroup.Group
		beside.Go(func() error { return e.loadKeys(ctx, l, r.target, keys) })
		// The request_id's key adds nothing to the world, so nothing is written twice.
		return subjects, keys, errors.Join(e.loadSubjects(ctx, l.world, subjects), beside.Wait())
	}
}

// refusal refuses a caller that may not command the subject, and a command that
// Command.Check refuses.
func refusal[S matter.State](rules Rules[S], r reads[S], l loaded[S]) error {
	if t := r.target; !t.Starts && !t.Open && t.RequestID != "" {
		switch permission(rules, t, l.world.Subjects[t.Subject]) {
		case matter.PermissionNone:
			return notFound()
		case matter.PermissionRead:
			return fault.New(fault.RoleNotAllowed, "an emergency reading allows to read, and to take no step")
		case matter.PermissionFull:
		}
	}
	if r.check == nil || l.first != nil {
		return nil
	}
	return r.check(l.world)
}

// related returns the subjects that a command's decision also needs, loaded or not.
func (e *Engine[S]) related(ctx context.Context, r reads[S], world matter.World[S]) ([]string, error) {
	switch {
	case r.related != nil:
		return r.related(ctx, world)
	case e.Rules.Related != nil:
		return e.Rules.Related(world), nil
	default:
		return nil, nil
	}
}

// stillHeld returns a conflict if a unique key was given up between reading the key and reading the
// subject that held it. Without this check, a decision on the key would join a subject that has
// ended.
func (e *Engine[S]) stillHeld(world matter.World[S]) error {
	for key, holder := range world.UniqueKeys {
		if history, known := world.Subjects[holder]; known && !slices.Contains(e.Rules.HeldBy(history.State), key) {
			return &journal.ConflictError{UniqueKey: key}
		}
	}
	return nil
}

// missing returns the wanted names that are not among those had, each once.
func missing(had, wanted []string) []string {
	var more []string
	for _, name := range wanted {
		if !slices.Contains(had, name) && !slices.Contains(more, name) {
			more = append(more, name)
		}
	}
	return more
}

func (e *Engine[S]) loadSubjects(ctx context.Context, world matter.World[S], subjects []string) error {
	if len(subjects) == 0 {
		return nil
	}
	histories, err := e.Store.Load(ctx, subjects...)
	if err != nil {
		return fault.Store(err)
	}
	for i, subject := range subjects {
		events, err := EventsFrom(histories[i])
		if err != nil {
			return err
		}
		if len(events) == 0 {
			continue
		}
		world.Subjects[subject] = e.Rules.Fold(events, false)
	}
	return nil
}

// loadKeys reads the holders of unique keys.
func (e *Engine[S]) loadKeys(ctx context.Context, l *loaded[S], target Target, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	held, err := e.Store.UniqueKeys(ctx, keys...)
	if err != nil {
		return fault.Store(err)
	}
	for key, held := range held {
		if key == target.requestKey() {
			l.first = &held
		} else {
			l.world.UniqueKeys[key] = held.Subject
		}
	}
	return nil
}
