package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"golang.org/x/sync/errgroup"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/queue"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/telemetry"
)

const (
	// maxGroup is the most tasks that share one transaction.
	maxGroup = 256
	// groupTime bounds a group: a database that hangs must not hold callers for ever.
	groupTime = time.Minute
)

// task is one change that stands or falls alone, in whatever group it commits.
type task struct {
	// needs names the data keys that it seals with; they are durable before it is.
	needs []seal.Ref
	// asks names what its decision must see.
	asks asks
	// decide makes the change to the view, or refuses and leaves the view as it was.
	// It may run again when the group is rerun.
	decide func(ctx context.Context, v *view, keys rows.Keys) error
	// mark is the id of an event by which a commit of unknown outcome is settled;
	// empty for changes that may be made twice.
	mark string
	// alone tells a change that shares its transaction with no other.
	alone bool
}

// submit hands a task to the committer and waits for its outcome.
func (s *Store) submit(ctx context.Context, t *task) error { return s.queue.Submit(ctx, t) }

// item is a task on its way.
type item = queue.Item[*task]

// commit is this process's one writer.
func (s *Store) commit() {
	defer s.queue.Done()
	var held *item
	for {
		first := held
		if first == nil {
			if first = s.queue.Next(); first == nil {
				return
			}
		}
		outcomes, later, err := s.transact(s.gather(first))
		if errors.Is(err, errCut) {
			// The line was cut, and it is known that nothing came to pass.
			outcomes, later, err = s.transact(itemsOf(outcomes), later)
		}
		held = later
		s.settle(outcomes, err)
	}
}

// gather takes what waits, without waiting for more. A task that stands alone is
// handed back for the next transaction.
func (s *Store) gather(first *item) (group []*item, held *item) {
	return s.more([]*item{first})
}

// more adds to a group what waits now.
func (s *Store) more(group []*item) (more []*item, held *item) {
	for len(group) < maxGroup && !group[0].Change.alone {
		next := s.queue.Waiting()
		if next == nil {
			break
		}
		if next.Change.alone {
			return group, next
		}
		group = append(group, next)
	}
	return group, nil
}

// outcome of a task in a group that was committed.
type outcome struct {
	*item
	err error
}

// settle answers a group. One that the server refused as a whole is tried one by one, so
// that one does not fail the others; where the server is the reason, all wait in vain alike.
func (s *Store) settle(group []outcome, failed error) {
	for _, one := range group {
		switch {
		case failed == nil:
			one.Answer(one.err)
		case len(group) == 1 || !isOfOne(failed):
			one.Answer(full(failed))
		default:
			// Nothing goes along: a task that must not fail others is held back.
			again, _, err := s.transact([]*item{one.item}, one.item)
			s.settle(again, err)
		}
	}
}

// isOfOne tells whether a failure is that of what a change holds: its data (SQLSTATE class
// 22), a constraint (23), a statement (42) or a limit of the program (54).
func isOfOne(failed error) bool {
	var refused *pgconn.PgError
	return !errors.As(failed, &refused) || slices.Contains([]string{"22", "23", "42", "54"}, refused.Code[:2])
}

// full names the reason where the server's disk has no room.
func full(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "53100" {
		return errors.Join(journal.ErrFull, err)
	}
	return err
}

func itemsOf(group []outcome) []*item {
	items := make([]*item, len(group))
	for i, one := range group {
		items[i] = one.item
	}
	return items
}

func outcomesOf(group []*item) []outcome {
	outcomes := make([]outcome, len(group))
	for i, t := range group {
		outcomes[i].item = t
	}
	return outcomes
}

// transact makes a group durable, in two round trips. Where the lock is another
// process's it takes three, and what has come until it is ours goes along, unless a
// task is held back behind the group.
func (s *Store) transact(group []*item, held *item) (outcomes []outcome, next *item, err error) {
	// The group belongs to no caller: no caller's cancellation ends it.
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	ctx, span := telemetry.Together(ctx, "journal commit", queue.Traces(group), attribute.Int("koppi.group", len(group)))
	defer span.End()
	defer queue.Committing(ctx, group)()
	outcomes = outcomesOf(group)
	// Keys are made durable while the lock is asked for.
	destructions := s.vault.Destructions()
	var keys rows.Keys
	var beside errgroup.Group
	beside.Go(func() (err error) {
		keys, err = s.dataKeys(ctx, outcomes)
		return err
	})
	v, locked, err := s.begin(ctx, group)
	if err = errors.Join(err, beside.Wait()); err == nil && !locked {
		if err = s.await(ctx); err == nil && held == nil {
			group, held = s.more(group)
			outcomes = outcomesOf(group)
		}
		if err == nil {
			v, err = s.lookAgain(ctx, group)
		}
	}
	if err == nil && (!locked || destructions != s.vault.Destructions()) {
		// What was found may have been destroyed since, until the lock was ours.
		keys, err = s.dataKeys(ctx, outcomes)
	}
	if err != nil {
		s.writer.abandon(ctx)
		s.leave(err)
		if refused := (*pgconn.PgError)(nil); !errors.As(err, &refused) {
			err = errors.Join(errCut, err)
		}
		return outcomes, held, err
	}
	for i, t := range group {
		if outcomes[i].err == nil {
			outcomes[i].err = t.Change.decide(ctx, v, keys)
		}
	}
	err = v.write(ctx, s.writer.conn)
	if err == nil {
		return outcomes, held, nil
	}
	if refusedWhole(err) {
		s.writer.abandon(ctx)
		s.leave(err)
		return outcomes, held, err
	}
	s.writer.drop(ctx)
	return outcomes, held, s.resolve(outcomes, err)
}

// refusedWhole tells whether the server rolled a transaction back: of an error after which it
// ends the session, or of a line that was cut, it is not known.
func refusedWhole(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.SeverityUnlocalized == "ERROR"
}

// dataKeys makes what keys the group lacks, in one go; a task that needs a
// destroyed one is refused for itself.
func (s *Store) dataKeys(ctx context.Context, outcomes []outcome) (rows.Keys, error) {
	var all []seal.Ref
	for _, one := range outcomes {
		all = append(all, one.Change.needs...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	keys, err := s.vault.Ensure(ctx, all)
	if !errors.Is(err, seal.ErrDestroyed) {
		return keys, err
	}
	keys = rows.Keys{}
	for i, one := range outcomes {
		own, err := s.vault.Ensure(ctx, one.Change.needs)
		if outcomes[i].err = err; err == nil {
			maps.Copy(keys, own)
		}
	}
	return keys, nil
}

// writer is the connection that appends.
type writer struct {
	sessions *sessions
	conn     *pgx.Conn
}

// The lock is one per schema: services that share a database do not wait for each other.
const (
	tryLock  = `SELECT pg_try_advisory_xact_lock(hashtextextended('koppi journal ' || current_schema(), 0))`
	takeLock = `SELECT pg_advisory_xact_lock(hashtextextended('koppi journal ' || current_schema(), 0))`
)

// begin opens a transaction, takes the lock if nobody has it, and behind it looks at
// what the group asks for, all in one round trip. A connection that turns out to be
// dead is made anew, once.
func (s *Store) begin(ctx context.Context, group []*item) (v *view, locked bool, err error) {
	for fresh := false; ; fresh = true {
		if s.writer.conn == nil {
			conn, err := s.writer.sessions.connect(ctx)
			if err != nil {
				return nil, false, err
			}
			s.writer.conn, fresh = conn, true
		}
		batch := &pgx.Batch{}
		batch.Queue("BEGIN")
		batch.Queue(tryLock).QueryRow(func(row pgx.Row) error { return row.Scan(&locked) })
		v := s.look(batch, group)
		err := s.writer.conn.SendBatch(ctx, batch).Close()
		if err == nil {
			return v, locked, nil
		}
		s.writer.abandon(ctx)
		if fresh || s.writer.conn != nil {
			return nil, false, fmt.Errorf("postgres: begin: %w", err)
		}
	}
}

// await waits for the lock.
func (s *Store) await(ctx context.Context) error {
	if _, err := s.writer.conn.Exec(ctx, takeLock); err != nil {
		return fmt.Errorf("postgres: lock: %w", err)
	}
	return nil
}

// lookAgain looks once the lock is ours: what was seen before may have changed.
func (s *Store) lookAgain(ctx context.Context, group []*item) (*view, error) {
	batch := &pgx.Batch{}
	v := s.look(batch, group)
	if err := s.writer.conn.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("postgres: look: %w", err)
	}
	return v, nil
}

// abandon gives the transaction up, and the connection with it where that is the
// only way.
func (w *writer) abandon(ctx context.Context) {
	if w.conn == nil {
		return
	}
	if _, err := w.conn.Exec(ctx, "ROLLBACK"); err != nil {
		w.drop(ctx)
	}
}

// drop gives the connection up.
func (w *writer) drop(ctx context.Context) {
	_ = w.conn.Close(ctx)
	w.conn = nil
}

func (w *writer) close() error {
	if w.conn == nil {
		return nil
	}
	return w.conn.Close(context.Background())
}
