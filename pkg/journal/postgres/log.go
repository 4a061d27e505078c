package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
)

// LogState returns how far the log's tree reaches.
func (s *Store) LogState(ctx context.Context) (state journal.LogState, err error) {
	err = s.read.QueryRow(ctx, `SELECT leaves, hashes, number FROM log_state`).Scan(&state.Leaves, &state.Hashes, &state.Number)
	return state, wrap("log state", err)
}

// AccessesAfter returns accesses with a higher number. Numbers are assigned under the committers'
// lock, so that no lower number appears after a higher one was read.
func (s *Store) AccessesAfter(ctx context.Context, number int64, limit int) ([]journal.NumberedAccess, error) {
	found, err := s.read.Query(ctx, `SELECT number, `+accessColumns+` FROM accesses WHERE number > $1 ORDER BY number LIMIT $2`, number, limit)
	accesses, err := collect(found, err, func(found pgx.Rows) (row journal.NumberedAccess, err error) {
		row.Access, err = scanAccess(found, &row.Number)
		return row, err
	})
	return accesses, wrap("accesses", err)
}

// ExtendLog adds hashes to the log's tree. It does not need the committer, because the stored state
// acts as the lock.
func (s *Store) ExtendLog(ctx context.Context, from, to journal.LogState, hashes [][]byte) error {
	return wrap("extend the log", pgx.BeginFunc(ctx, s.read, func(tx pgx.Tx) error {
		changed, err := tx.Exec(ctx, `UPDATE log_state SET leaves = $1, hashes = $2, number = $3 WHERE leaves = $4 AND hashes = $5 AND number = $6`,
			to.Leaves, to.Hashes, to.Number, from.Leaves, from.Hashes, from.Number)
		if err != nil {
			return err
		}
		if changed.RowsAffected() != 1 {
			return journal.ErrLogMoved
		}
		positions := numbers(len(hashes))
		for i := range positions {
			positions[i] = from.Hashes + int64(i)
		}
		_, err = tx.Exec(ctx, `INSERT INTO log_hashes (position, hash) SELECT * FROM unnest($1::bigint[], $2::bytea[])`, positions, hashes)
		return err
	}))
}

// LogHashes returns hashes of the log's tree.
func (s *Store) LogHashes(ctx context.Context, positions ...int64) ([][]byte, error) {
	found, err := s.read.Query(ctx, `SELECT position, hash FROM log_hashes WHERE position = ANY($1)`, positions)
	at := map[int64][]byte{}
	if _, err := collect(found, err, func(found pgx.Rows) (none struct{}, err error) {
		var position int64
		var hash []byte
		err = found.Scan(&position, &hash)
		at[position] = hash
		return none, err
	}); err != nil {
		return nil, wrap("log hashes", err)
	}
	hashes := make([][]byte, len(positions))
	for i, position := range positions {
		if hashes[i] = at[position]; hashes[i] == nil {
			return nil, journal.ErrNotFound
		}
	}
	return hashes, nil
}
