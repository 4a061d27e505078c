package postgres

import (
	"context"
	"crypto/rand"
	"maps"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
	"koppi.internal/pkg/journal/seal"
)

// Revisions returns the revision of each agency's records.
func (s *Store) Revisions(ctx context.Context) (map[string]uint64, error) {
	revisions := map[string]uint64{}
	found, err := s.read.Query(ctx, `SELECT agency, revision FROM record_revisions`)
	_, err = collect(found, err, func(row pgx.Rows) (none struct{}, err error) {
		var agency string
		var revision uint64
		err = row.Scan(&agency, &revision)
		revisions[agency] = revision
		return none, err
	})
	return revisions, wrap("revisions", err)
}

// AgencyRecords returns all records of an agency and their revision. One statement reads both, so
// that they belong together.
func (s *Store) AgencyRecords(ctx context.Context, agency string) ([]journal.Record, uint64, error) {
	var revision uint64
	var destroyed int64
	var records []journal.Record
	found, err := s.read.Query(ctx, `SELECT revision, kind, key, version, body`+erasures+` FROM record_revisions LEFT JOIN records USING (agency)
		WHERE record_revisions.agency = $1 ORDER BY kind, key`, agency)
	_, err = collect(found, err, func(row pgx.Rows) (none struct{}, err error) {
		record := journal.Record{Agency: agency}
		var kind, key *string
		var version *uint64
		if err = row.Scan(&revision, &kind, &key, &version, &record.Body, &destroyed); err == nil && kind != nil {
			record.Kind, record.Key, record.Version = *kind, *key, *version
			records = append(records, record)
		}
		return none, err
	})
	if err != nil || len(records) == 0 {
		return nil, revision, wrap("records", err)
	}
	keys, err := s.keysSince(ctx, destroyed, []seal.Ref{rows.RecordRef(agency)})
	if err == nil {
		err = rows.OpenRecords(keys, records)
	}
	if err != nil {
		return nil, 0, err
	}
	return records, revision, nil
}

type recordKey struct{ agency, kind, key string }

func keyOf(record journal.Record) recordKey {
	return recordKey{record.Agency, record.Kind, record.Key}
}

// recordRevision is the revision that a change of an agency's records makes. The mark is the
// change's own, so that resolve tells it from another process's change.
type recordRevision struct {
	agency, mark string
	revision     uint64
}

// recordView is the part of the view about records.
type recordView struct {
	versions  map[recordKey]uint64
	revisions map[string]uint64
	// changed holds the changed records with sealed bodies; nil for one to be deleted.
	changed map[recordKey]*journal.Record
	// moved holds the last change of each agency.
	moved map[string]recordRevision
}

func newRecordView() recordView {
	return recordView{
		versions: map[recordKey]uint64{}, revisions: map[string]uint64{}, changed: map[recordKey]*journal.Record{}, moved: map[string]recordRevision{},
	}
}

// PutRecords makes changes to records of one agency, all of them or none.
func (s *Store) PutRecords(ctx context.Context, records ...journal.Record) (uint64, error) {
	if err := journal.CheckRecords(records); err != nil {
		return 0, err
	}
	t := &task{needs: rows.RecordNeeds(records), moves: &recordRevision{agency: records[0].Agency, mark: rand.Text()}}
	for _, record := range records {
		t.asks.records = append(t.asks.records, keyOf(record))
	}
	t.decide = func(_ context.Context, v *view, keys rows.Keys) error {
		return v.records.put(records, keys, t.moves)
	}
	if err := s.submit(ctx, t); err != nil {
		return 0, err
	}
	return t.moves.revision, nil
}

// put takes the changes into the view only when all of them are allowed and sealed.
func (v *recordView) put(records []journal.Record, keys rows.Keys, moves *recordRevision) error {
	versions, changed := map[recordKey]uint64{}, map[recordKey]*journal.Record{}
	for _, record := range records {
		key := keyOf(record)
		next, err := record.Changed(v.versions[key])
		if err != nil {
			return err
		}
		if next.Body == nil {
			versions[key], changed[key] = 0, nil
			continue
		}
		if next.Body, err = rows.SealRecord(keys, next); err != nil {
			return err
		}
		versions[key], changed[key] = next.Version, &next
	}
	maps.Copy(v.versions, versions)
	maps.Copy(v.changed, changed)
	v.revisions[moves.agency]++
	moves.revision = v.revisions[moves.agency]
	v.moved[moves.agency] = *moves
	return nil
}

// look adds the queries for records under the keys, and for the revisions of their agencies, to the
// group's batch.
func (v *recordView) look(batch *pgx.Batch, asked []recordKey) {
	var agencies, kinds, keys []string
	for _, key := range asked {
		agencies, kinds, keys = append(agencies, key.agency), append(kinds, key.kind), append(keys, key.key)
	}
	lookUp(batch, agencies, `SELECT agency, kind, key, version FROM records
		JOIN unnest($1::text[], $2::text[], $3::text[]) AS asked (agency, kind, key) USING (agency, kind, key)`, func(row pgx.Rows) error {
		var key recordKey
		var version uint64
		err := row.Scan(&key.agency, &key.kind, &key.key, &version)
		v.versions[key] = version
		return err
	}, kinds, keys)
	lookUp(batch, agencies, `SELECT agency, revision FROM record_revisions WHERE agency = ANY($1)`, func(row pgx.Rows) error {
		var agency string
		var revision uint64
		err := row.Scan(&agency, &revision)
		v.revisions[agency] = revision
		return err
	})
}

func (v *recordView) write(batch *pgx.Batch) {
	if len(v.moved) == 0 {
		return
	}
	var agency, kind, key, goneAgency, goneKind, goneKey []string
	var version []int64
	var body [][]byte
	for name, record := range v.changed {
		if record == nil {
			goneAgency, goneKind, goneKey = append(goneAgency, name.agency), append(goneKind, name.kind), append(goneKey, name.key)
			continue
		}
		agency, kind, key = append(agency, name.agency), append(kind, name.kind), append(key, name.key)
		version, body = append(version, int64(record.Version)), append(body, record.Body) //nolint:gosec // counts from 1
	}
	if len(goneAgency) > 0 {
		batch.Queue(`DELETE FROM records USING unnest($1::text[], $2::text[], $3::text[]) AS gone (agency, kind, key)
			WHERE records.agency = gone.agency AND records.kind = gone.kind AND records.key = gone.key`, goneAgency, goneKind, goneKey)
	}
	if len(agency) > 0 {
		batch.Queue(`INSERT INTO records (agency, kind, key, version, body) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
			ON CONFLICT (agency, kind, key) DO UPDATE SET version = excluded.version, body = excluded.body`, agency, kind, key, version, body)
	}
	var moved, mark []string
	var revision []int64
	for _, last := range v.moved {
		moved, mark, revision = append(moved, last.agency), append(mark, last.mark), append(revision, int64(last.revision)) //nolint:gosec // counts from 1
	}
	batch.Queue(`INSERT INTO record_revisions (agency, revision, mark) SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])
		ON CONFLICT (agency) DO UPDATE SET revision = excluded.revision, mark = excluded.mark`, moved, revision, mark)
}
