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

// maxGroup is the most tasks that share one transaction: enough to spread the
// cost of a commit, few enough that nobody waits long for it.
const maxGroup = 64

// task is one change that stands or falls alone, in whatever group it commits.
type task struct {
	// needs names the data keys that it seals with; they are durable before it is.
	needs []seal.Ref
	// apply makes the change. It may run again when the group is rerun.
	apply func(ctx context.Context, tx *sql.Tx, keys rows.Keys) error
}

// submit hands a task to the committer and waits for its outcome.
func (s *Store) submit(ctx context.Context, t *task) error { return s.queue.Submit(ctx, t) }

// item is a task on its way.
type item = queue.Item[*task]

// commit is the one writer. It takes what is waiting, without waiting for more,
// and makes it durable in one transaction.
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

// settle commits a group and answers each of its tasks. If the transaction as a
// whole fails, each is tried alone, so that one does not fail the others.
func (s *Store) settle(group []*item) {
	// The group belongs to no caller: no caller's cancellation ends it.
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

// full names the reason where the disk has no room.
func full(err error) error {
	var refused *driver.Error
	if errors.As(err, &refused) && refused.Code()&0xff == sqlite3.SQLITE_FULL {
		return errors.Join(journal.ErrFull, err)
	}
	return err
}

// transact applies each task behind a savepoint: one that is refused leaves
// nothing behind, not even a sequence.
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

// dataKeys makes what keys the group lacks, in one go; a task that needs a
// destroyed one is refused for itself.
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

// saved returns the task's own refusal, and apart from it the failure of the
// transaction itself.
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
