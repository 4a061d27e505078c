package postgres

import (
	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// asks names the rows that a task's decision must see.
type asks struct {
	subjects, uniqueKeys, agencies []string
	consumers                      []consumerKey
	parked                         []parkedKey
	records                        []recordKey
}

type (
	consumerKey struct{ agency, name string }
	entryKey    struct{ subject, agency string }
	subjectHead struct {
		version uint64
		hash    []byte
		// stale says that the subject's rows wait to be derived again.
		stale bool
	}
)

// view is the data that the decisions of a group read. Each decision sees the changes of those
// before it. The view also holds the rows to write.
type view struct {
	subjects   map[string]subjectHead
	uniqueKeys map[string]journal.UniqueKey
	positions  map[string]journal.Position
	consumers  map[consumerKey]journal.Consumer
	parked     map[parkedKey]*journal.Parked

	events     []journal.SealedEvent
	deliveries []rows.Delivery
	accesses   []journal.Access
	counters   []journal.Counter
	notified   []notifiedRow
	streams    map[string]journal.Stream
	derived    map[string]journal.Stream
	entries    map[entryKey]journal.WorklistEntry
	clients    map[string][]byte
	settings   map[string]string
	// completions are what entries lack.
	completions []journal.Completion
	// started holds the subjects that have no rows yet, heldKeys the unique keys that have a row.
	started, heldKeys map[string]bool
	// Names of what changed. A unique key that no subject holds any more is to be deleted.
	movedKeys      map[string]bool
	movedPositions map[string]bool
	movedConsumers map[consumerKey]bool
	movedParked    map[parkedKey]bool
	erasures       int
	records        recordView
}

func newView() *view {
	return &view{
		subjects: map[string]subjectHead{}, uniqueKeys: map[string]journal.UniqueKey{}, positions: map[string]journal.Position{},
		consumers: map[consumerKey]journal.Consumer{}, streams: map[string]journal.Stream{}, derived: map[string]journal.Stream{}, entries: map[entryKey]journal.WorklistEntry{},
		clients: map[string][]byte{}, settings: map[string]string{}, movedKeys: map[string]bool{}, movedPositions: map[string]bool{},
		movedConsumers: map[consumerKey]bool{}, started: map[string]bool{}, heldKeys: map[string]bool{},
		parked: map[parkedKey]*journal.Parked{}, movedParked: map[parkedKey]bool{}, records: newRecordView(),
	}
}

// look adds the group's queries to a batch. The view is filled when the batch has run.
func (s *Store) look(batch *pgx.Batch, group []*item) *view {
	var all asks
	var consumerAgencies, consumerNames []string
	for _, t := range group {
		all.subjects = append(all.subjects, t.Change.asks.subjects...)
		all.uniqueKeys = append(all.uniqueKeys, t.Change.asks.uniqueKeys...)
		all.agencies = append(all.agencies, t.Change.asks.agencies...)
		all.parked = append(all.parked, t.Change.asks.parked...)
		all.records = append(all.records, t.Change.asks.records...)
		for _, key := range t.Change.asks.consumers {
			consumerAgencies, consumerNames = append(consumerAgencies, key.agency), append(consumerNames, key.name)
		}
	}
	v := newView()
	lookUp(batch, all.subjects, `SELECT subject, version, head, derived <> version AND NOT ended FROM loops WHERE subject = ANY($1)`, func(row pgx.Rows) error {
		var subject string
		var head subjectHead
		err := row.Scan(&subject, &head.version, &head.hash, &head.stale)
		v.subjects[subject] = head
		return err
	})
	lookUp(batch, all.uniqueKeys, `SELECT key, subject, version, digest FROM claims WHERE key = ANY($1)`, func(row pgx.Rows) error {
		key, err := scanUniqueKey(row)
		v.uniqueKeys[key.Key], v.heldKeys[key.Key] = key, true
		return err
	})
	lookUp(batch, all.agencies, `SELECT agency, sequence, chain FROM mailboxes WHERE agency = ANY($1)`, func(row pgx.Rows) error {
		var agency string
		var position journal.Position
		err := row.Scan(&agency, &position.Sequence, &position.ChainHash)
		v.positions[agency] = position
		return err
	})
	lookUp(batch, consumerAgencies, `SELECT agency, name, sequence, takeover, at FROM consumers
		JOIN unnest($1::text[], $2::text[]) AS asked (agency, name) USING (agency, name)`, func(row pgx.Rows) error {
		one, err := scanConsumer(row)
		v.consumers[consumerKey{one.Agency, one.Name}] = one.Consumer
		return err
	}, consumerNames)
	v.lookParked(batch, all.parked)
	v.records.look(batch, all.records)
	batch.Queue(`SELECT count FROM erasures`).QueryRow(func(row pgx.Row) error {
		var count int64
		err := row.Scan(&count)
		s.vault.Seen(count)
		return err
	})
	return v
}

// lookUp adds a query for names to the batch, unless there are no names.
func lookUp(batch *pgx.Batch, names []string, query string, scan func(pgx.Rows) error, more ...any) {
	if len(names) == 0 {
		return
	}
	batch.Queue(query, append([]any{names}, more...)...).Query(func(found pgx.Rows) error {
		for found.Next() {
			if err := scan(found); err != nil {
				return err
			}
		}
		return found.Err()
	})
}

func (v *view) position(agency string) journal.Position {
	position, known := v.positions[agency]
	if !known {
		position.ChainHash = journal.Genesis()
	}
	return position
}
