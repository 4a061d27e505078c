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
	// groupTime bounds the commit of a group: a database that does not answer must not hold callers
	// for ever.
	groupTime = time.Minute
)

// task is one change. It succeeds or fails on its own, whatever group it commits with.
type task struct {
	// needs names the data keys with which the task seals. They are durable before the task is.
	needs []seal.Ref
	// asks names the rows that its decision must see.
	asks asks
	// decide makes the change to the view, or refuses and leaves the view as it was. It may run
	// again when the group is tried again.
	decide func(ctx context.Context, v *view, keys rows.Keys) error
	// mark is the id of an event. By this event, resolve finds out whether a commit of unknown
	// outcome was made. It is empty for changes that may be made twice.
	mark string
	// moves is the revision that a change of records makes, by which resolve finds out the same; nil
	// for other changes.
	moves *recordRevision
	// alone says that the task shares its transaction with no other.
	alone bool
}

// submit hands a task to the committer and waits for its outcome.
func (s *Store) submit(ctx context.Context, t *task) error { return s.queue.Submit(ctx, t) }

// item is a task in the queue.
type item = queue.Item[*task]

// commit is the one writer of this process.
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
			// The connection was lost, and the transaction is known not to have committed.
			outcomes, later, err = s.transact(itemsOf(outcomes), later)
		}
		held = later
		s.settle(outcomes, err)
	}
}

// gather takes the tasks that wait, without waiting for more. It hands back a task that needs a
// transaction of its own, for the next transaction.
func (s *Store) gather(first *item) (group []*item, held *item) {
	return s.more([]*item{first})
}

// more returns the tasks that wait now, for a group that has begun.
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

// outcome is the result of a task in a group.
type outcome struct {
	*item
	err error
}

// settle answers the tasks of a group. If the server refused the group because of what a task
// holds, settle tries each task alone, so that one does not fail the others. If the reason is the
// server itself, another try would not help, and all get the error.
func (s *Store) settle(group []outcome, failed error) {
	for _, one := range group {
		switch {
		case failed == nil:
			one.Answer(one.err)
		case len(group) == 1 || !isOfOne(failed):
			one.Answer(full(failed))
		case one.Change.moves != nil && errors.Is(failed, errUnsettled):
			// If the records were changed, another try would conflict with that very change.
			one.Answer(failed)
		default:
			// The task itself is passed as the held one, so that no other task joins: a task that
			// must not fail others is held back.
			again, _, err := s.transact([]*item{one.item}, one.item)
			s.settle(again, err)
		}
	}
}

// isOfOne tells whether a failure is caused by what a change holds: its data (SQLSTATE class 22), a
// constraint (23), a statement (42) or a limit of the program (54).
func isOfOne(failed error) bool {
	var refused *pgconn.PgError
	return !errors.As(failed, &refused) || slices.Contains([]string{"22", "23", "42", "54"}, refused.Code[:2])
}

// full adds journal.ErrFull to the error where the server's disk is full (SQLSTATE 53100).
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

// transact makes a group durable, in two round trips. Where another process has the lock it takes
// three; tasks that arrive during the wait join the group, unless a task is held back for the next
// transaction.
func (s *Store) transact(group []*item, held *item) (outcomes []outcome, next *item, err error) {
	// The group belongs to no single caller, so no caller's cancellation ends it.
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	ctx, span := telemetry.Together(ctx, "journal commit", queue.Traces(group), attribute.Int("koppi.group", len(group)))
	defer span.End()
	defer queue.Committing(ctx, group)()
	outcomes = outcomesOf(group)
	// The keys are made durable while the lock is being requested.
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
		// Until this process had the lock, another may have destroyed keys that were found.
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

// refusedWhole tells whether the server is known to have rolled the transaction back. After an
// error that ends the session, or after a lost connection, this is not known.
func refusedWhole(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.SeverityUnlocalized == "ERROR"
}

// dataKeys makes all keys that the group is missing in one call. It refuses a task that needs a
// destroyed key, and only that task.
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

// The lock is one per schema, so that services that share a database do not wait for each other.
const (
	tryLock  = `SELECT pg_try_advisory_xact_lock(hashtextextended('koppi journal ' || current_schema(), 0))`
	takeLock = `SELECT pg_advisory_xact_lock(hashtextextended('koppi journal ' || current_schema(), 0))`
)

// begin opens a transaction, takes the lock if it is free, and then reads what the group asks for,
// all in one round trip. If the connection turns out to be dead, begin connects again, once.
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

// lookAgain reads again once this process has the lock, because what was read before may have
// changed.
func (s *Store) lookAgain(ctx context.Context, group []*item) (*view, error) {
	batch := &pgx.Batch{}
	v := s.look(batch, group)
	if err := s.writer.conn.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("postgres: look up rows: %w", err)
	}
	return v, nil
}

// abandon rolls the transaction back, and closes the connection where the rollback fails.
func (w *writer) abandon(ctx context.Context) {
	if w.conn == nil {
		return
	}
	if _, err := w.conn.Exec(ctx, "ROLLBACK"); err != nil {
		w.drop(ctx)
	}
}

// drop closes the connection.
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
