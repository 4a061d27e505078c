// Package lookahead lets one attempt at a command read each thing once, and ask early for what it will need:
// readings that are asked for together share a round trip to the database.
package lookahead

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"koppi.internal/pkg/journal"
)

type contextKey struct{}

// readings are what one attempt has read, or is reading.
type readings struct {
	mu        sync.Mutex
	histories []*reading[[]string, [][]journal.Event]
	entries   []*reading[journal.Query, []journal.WorklistEntry]
}

// reading is one question with its answer, which the first caller reads.
type reading[Q, A any] struct {
	question Q
	// read is closed when the answer is known.
	read   chan struct{}
	answer A
	err    error
}

// Begin returns the context of one attempt. Under it, a Store answers a question that it was asked before
// with what it read then. An attempt that follows a conflict must begin anew.
func Begin(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, &readings{})
}

// Start starts readings whose answers the attempt will need, and does not wait for them. A reading that
// fails is answered with its error where it is needed.
func Start(ctx context.Context, reads ...func(context.Context)) {
	for _, read := range reads {
		go read(ctx)
	}
}

// Store is a store that reads each history and each selection of worklist entries once an attempt. Callers
// must not change what it returns. Outside an attempt it reads each time.
type Store struct{ journal.Store }

// Load returns the history of each subject.
func (s Store) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	r, during := ctx.Value(contextKey{}).(*readings)
	if !during {
		return s.Store.Load(ctx, subjects...)
	}
	return once(r, &r.histories, subjects, slices.Equal[[]string], func() ([][]journal.Event, error) { return s.Store.Load(ctx, subjects...) })
}

// WorklistEntries returns the entries that a query selects.
func (s Store) WorklistEntries(ctx context.Context, query journal.Query) ([]journal.WorklistEntry, error) {
	r, during := ctx.Value(contextKey{}).(*readings)
	if !during {
		return s.Store.WorklistEntries(ctx, query)
	}
	return once(r, &r.entries, query, isSame, func() ([]journal.WorklistEntry, error) { return s.Store.WorklistEntries(ctx, query) })
}

// isSame compares two queries; most differ in one of the fields that are cheap to compare.
func isSame(a, b journal.Query) bool {
	return a.Agency == b.Agency && a.Role == b.Role && a.StartedAfter.Equal(b.StartedAfter) && a.WithdrawnAfter.Equal(b.WithdrawnAfter) &&
		reflect.DeepEqual(a, b)
}

// once returns the answer to a question. Where nobody has asked it, the caller reads.
func once[Q, A any](r *readings, all *[]*reading[Q, A], question Q, same func(a, b Q) bool, read func() (A, error)) (A, error) {
	r.mu.Lock()
	at := slices.IndexFunc(*all, func(one *reading[Q, A]) bool { return same(one.question, question) })
	if at >= 0 {
		one := (*all)[at]
		r.mu.Unlock()
		<-one.read
		return one.answer, one.err
	}
	one := &reading[Q, A]{question: question, read: make(chan struct{})}
	*all = append(*all, one)
	r.mu.Unlock()
	defer close(one.read)
	one.answer, one.err = read()
	return one.answer, one.err
}
