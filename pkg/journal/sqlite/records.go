package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

// Revisions returns the revision of each agency's records.
func (s *Store) Revisions(ctx context.Context) (map[string]uint64, error) {
	revisions := map[string]uint64{}
	_, err := query(ctx, s, func(found *sql.Rows) (none struct{}, err error) {
		var agency string
		var revision uint64
		err = found.Scan(&agency, &revision)
		revisions[agency] = revision
		return none, err
	}, `SELECT agency, revision FROM record_revisions`)
	return revisions, err
}

// AgencyRecords returns all records of an agency and their revision. One statement reads both, so
// that they belong together.
func (s *Store) AgencyRecords(ctx context.Context, agency string) ([]journal.Record, uint64, error) {
	var revision uint64
	var records []journal.Record
	_, err := query(ctx, s, func(found *sql.Rows) (none struct{}, err error) {
		record := journal.Record{Agency: agency}
		var kind, key *string
		var version *uint64
		if err = found.Scan(&revision, &kind, &key, &version, &record.Body); err == nil && kind != nil {
			record.Kind, record.Key, record.Version = *kind, *key, *version
			records = append(records, record)
		}
		return none, err
	}, `SELECT revision, kind, key, version, body FROM record_revisions LEFT JOIN records USING (agency)
		WHERE record_revisions.agency = ? ORDER BY kind, key`, agency)
	if err != nil || len(records) == 0 {
		return nil, revision, err
	}
	keys, err := s.vault.Keys(ctx, []seal.Ref{rows.RecordRef(agency)})
	if err == nil {
		err = rows.OpenRecords(keys, records)
	}
	if err != nil {
		return nil, 0, err
	}
	return records, revision, nil
}

// PutRecords makes changes to records of one agency, all of them or none.
func (s *Store) PutRecords(ctx context.Context, records ...journal.Record) (uint64, error) {
	if err := journal.CheckRecords(records); err != nil {
		return 0, err
	}
	var revision uint64
	err := s.submit(ctx, &task{needs: rows.RecordNeeds(records), apply: func(ctx context.Context, tx *sql.Tx, keys rows.Keys) error {
		for _, record := range records {
			if err := putRecord(ctx, tx, keys, record); err != nil {
				return err
			}
		}
		if err := tx.QueryRowContext(ctx, `INSERT INTO record_revisions (agency, revision) VALUES (?, 1)
			ON CONFLICT (agency) DO UPDATE SET revision = revision + 1 RETURNING revision`, records[0].Agency).Scan(&revision); err != nil {
			return fmt.Errorf("sqlite: move a revision: %w", err)
		}
		return nil
	}})
	if err != nil {
		return 0, err
	}
	return revision, nil
}

func putRecord(ctx context.Context, tx *sql.Tx, keys rows.Keys, record journal.Record) error {
	var present uint64
	err := tx.QueryRowContext(ctx, `SELECT version FROM records WHERE agency = ? AND kind = ? AND key = ?`, record.Agency, record.Kind, record.Key).Scan(&present)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("sqlite: read a record: %w", err)
	}
	next, err := record.Changed(present)
	if err != nil {
		return err
	}
	if next.Body == nil {
		if _, err := tx.ExecContext(ctx, `DELETE FROM records WHERE agency = ? AND kind = ? AND key = ?`, next.Agency, next.Kind, next.Key); err != nil {
			return fmt.Errorf("sqlite: remove a record: %w", err)
		}
		return nil
	}
	sealed, err := rows.SealRecord(keys, next)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO records (agency, kind, key, version, body) VALUES (?, ?, ?, ?, ?)`,
		next.Agency, next.Kind, next.Key, next.Version, sealed); err != nil {
		return fmt.Errorf("sqlite: write a record: %w", err)
	}
	return nil
}
