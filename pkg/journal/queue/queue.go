// Package queue hands changes to a store's one committer. The committer takes all changes that wait
// and makes them durable together.
package queue

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/trace"

	"koppi.internal/pkg/journal"
)

// Queue holds changes that wait for the committer.
type Queue[T any] struct {
	items  chan *Item[T]
	closed chan struct{}
	done   chan struct{}
	once   sync.Once
}

// Item is a change that waits, or that the committer is working on.
type Item[T any] struct {
	Change T
	// Trace is the caller's span context; not valid where the caller has none.
	Trace  trace.SpanContext
	result chan error
}

// Answer gives the caller the outcome of the change.
func (i *Item[T]) Answer(err error) { i.result <- err }

// New makes a queue in which up to room changes can wait.
func New[T any](room int) *Queue[T] {
	return &Queue[T]{items: make(chan *Item[T], room), closed: make(chan struct{}), done: make(chan struct{})}
}

// Submit hands a change to the committer and waits for its outcome. A caller that stops waiting
// does not stop the change. A closed queue returns journal.ErrClosed.
func (q *Queue[T]) Submit(ctx context.Context, change T) error {
	item := &Item[T]{Change: change, Trace: trace.SpanContextFromContext(ctx), result: make(chan error, 1)}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-q.closed:
		return journal.ErrClosed
	default:
	}
	select {
	case q.items <- item:
	case <-q.closed:
		return journal.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-item.result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-q.done:
		// Before it ends, the committer answers the changes that it took.
		select {
		case err := <-item.result:
			return err
		default:
			return journal.ErrClosed
		}
	}
}

// Next waits for a change; it returns nil when the queue is closed and everything is taken. Only
// the committer calls Next, Waiting and Done.
func (q *Queue[T]) Next() *Item[T] {
	select {
	case item := <-q.items:
		return item
	case <-q.closed:
		return q.Waiting()
	}
}

// Waiting returns a change that waits now, or nil.
func (q *Queue[T]) Waiting() *Item[T] {
	select {
	case item := <-q.items:
		return item
	default:
		return nil
	}
}

// With returns an item and those that wait after it now, at most most items in all.
func (q *Queue[T]) With(first *Item[T], most int) []*Item[T] {
	group := []*Item[T]{first}
	for len(group) < most {
		next := q.Waiting()
		if next == nil {
			break
		}
		group = append(group, next)
	}
	return group
}

// Traces returns the span contexts of the items' callers.
func Traces[T any](items []*Item[T]) []trace.SpanContext {
	all := make([]trace.SpanContext, 0, len(items))
	for _, item := range items {
		all = append(all, item.Trace)
	}
	return all
}

// Done says that the committer has ended.
func (q *Queue[T]) Done() { close(q.done) }

// Close stops the queue from taking changes, and waits for the committer to end.
func (q *Queue[T]) Close() {
	q.once.Do(func() { close(q.closed) })
	<-q.done
}
