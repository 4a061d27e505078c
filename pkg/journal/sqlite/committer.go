package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/queue"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

// maxGroup is the most tasks that share one transaction. It is large enough to spread the cost of a
// commit, and small enough that no caller waits long for it.
const maxGroup = 64

// task is one change. It succeeds or fails on its own, whatever group it commits with.
type task struct {
	// needs names the data keys with which the task seals. They are durable before the task is.
	needs []seal.Ref
	// apply makes the change. It may run again when the group is tried again.
	apply func(ctx context.Context, tx *sql.Tx, keys rows.Keys) error
}

// submit hands a task to the committer and waits for its outcome.
func (s *Store) submit(ctx context.Context, t *task) error { return s.queue.Submit(ctx, t) }

// item is a task in the queue.
type item = queue.Item[*task]

// commit is the one writer. It takes the tasks that wait, without waiting for more, and makes them
// durable in one transaction.
func (s *Store) commit() {
	defer s.queue.Done()
	for first := s.queue.Next(); first != nil; first = s.queue.Next() {
		s.settle(s.gather(first))
	}
}

func (s *Store) gather(first *item) []*item {
	group := []*item{first}
	for len(group) < maxGroup {
		next := s.queue.Waiting()
		if next == nil {
			break
		}
		group = append(group, next)
	}
	return group
}

// settle commits a group and answers each of its tasks. If the whole transaction fails, settle
// tries each task alone, so that one does not fail the others.
func (s *Store) settle(group []*item) {
	// The group belongs to no single caller, so no caller's cancellation ends it.
	ctx := context.Background()
	results, err := s.transact(ctx, group)
	if err != nil && len(group) > 1 {
		for _, t := range group {
			s.settle([]*item{t})
		}
		return
	}
	for i, t := range group {
		if err != nil {
			t.Answer(full(err))
		} else {
			t.Answer(full(results[i]))
		}
	}
}

// full adds journal.ErrFull to the error where the disk is full.
func full(err error) error {
	var refused *driver.Error
	if errors.As(err, &refused) && refused.Code()&0xff == sqlite3.SQLITE_FULL {
		return errors.Join(journal.ErrFull, err)
	}
	return err
}

// transact applies each task within a savepoint, so that a refused task leaves nothing in the
// database, not even a sequence.
func (s *Store) transact(ctx context.Context, group []*item) ([]error, error) {
	defer queue.Committing(ctx, group)()
	results := make([]error, len(group))
	keys, err := s.dataKeys(ctx, group, results)
	if err != nil {
		return nil, err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("sqlite: begin: %w", err)
	}
	for i, t := range group {
		if results[i] != nil {
			continue
		}
		if results[i], err = saved(ctx, tx, t.Change, keys); err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("sqlite: commit: %w", err)
	}
	return results, nil
}

// dataKeys makes all keys that the group is missing in one call. It refuses a task that needs a
// destroyed key, and only that task.
func (s *Store) dataKeys(ctx context.Context, group []*item, results []error) (rows.Keys, error) {
	var all []seal.Ref
	for _, t := range group {
		all = append(all, t.Change.needs...)
	}
	keys, err := s.vault.Ensure(ctx, all)
	if !errors.Is(err, seal.ErrDestroyed) {
		return keys, err
	}
	keys = rows.Keys{}
	for i, t := range group {
		own, err := s.vault.Ensure(ctx, t.Change.needs)
		if results[i] = err; err == nil {
			maps.Copy(keys, own)
		}
	}
	return keys, nil
}

// saved applies a task within a savepoint. It returns the task's own refusal and, separately, a
// failure of the transaction.
func saved(ctx context.Context, tx *sql.Tx, t *task, keys rows.Keys) (refused, failed error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT task"); err != nil {
		return nil, fmt.Errorf("sqlite: savepoint: %w", err)
	}
	refused = t.apply(ctx, tx, keys)
	if refused != nil {
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO task"); err != nil {
			return nil, errors.Join(refused, fmt.Errorf("sqlite: roll back: %w", err))
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE task"); err != nil {
		return nil, errors.Join(refused, fmt.Errorf("sqlite: release: %w", err))
	}
	return refused, nil
}
