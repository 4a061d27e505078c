//go:build bench

package bench

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

func pow(a, b float64) float64 { return math.Pow(a, b) }

// tableNames are the tables that are filled, in the order of filling.
var tableNames = []string{"keys", "events", "loops", "standings", "deliveries", "claims", "clients", "accesses", "tallies"}

// table is rows of one table.
type table struct {
	columns []string
	rows    [][]any
}

func (t *table) add(values ...any) { t.rows = append(t.rows, values) }

// tables are rows to be written together.
type tables struct{ of map[string]*table }

func newTables() *tables {
	of := map[string]*table{}
	for name, columns := range map[string]string{
		"keys":   "subject, class, wrapped",
		"events": "subject, version, id, type, client, case_id, by, basis, at, trace, class, sealed, hash, prev_hash",
		"loops":  "subject, service, client, case_id, state, version, head, next_check_at, ended, derived, ended_at",
		"standings": "subject, agency, role, unit, worker, client, case_id, state, phase, waiting_on, due_at, overdue, hidden, ended, version, started_at, " +
			"urgency, withdrawn_at, touched, number, parts, second, marks, on_call, on_call_at",
		"deliveries": "agency, sequence, id, subject, subject_version, sealed, content_hash, chain_hash, trace, class, share",
		"claims":     "key, subject, version, digest", "clients": "subject, sealed",
		"accesses": "at, by, role, on_behalf_of, subject, client, method, purpose, basis, trace, head",
		"tallies":  "subject, what, month, sender, receiver, at, waited",
	} {
		of[name] = &table{columns: strings.Split(columns, ", ")}
	}
	return &tables{of}
}

func (t *tables) event(e journal.SealedEvent) {
	t.of["events"].add(e.Subject, int64(e.Version), e.ID, e.Type, e.Client, e.Case, e.By, e.Basis, e.At.UnixMicro(), e.Trace, string(e.Class), e.Sealed, e.Hash, e.PrevHash)
}

func (t *tables) stream(s journal.Stream, head []byte, last int64) {
	ended := int64(rows.Never)
	if s.Ended {
		ended = last
	}
	t.of["loops"].add(s.Subject, s.Service, s.Client, s.Case, s.State, int64(s.Version), head, rows.Micros(s.NextCheckAt, rows.Never), s.Ended, int64(s.Version), ended)
}

func (t *tables) delivery(d rows.Delivery) {
	t.of["deliveries"].add(d.Agency, int64(d.Sequence), d.ID, d.Subject, int64(d.SubjectVersion), d.Sealed, d.ContentHash, d.ChainHash, d.Trace, string(d.Class), d.Share)
}

func (t *tables) access(a journal.Access, head []byte) {
	t.of["accesses"].add(a.At.UnixMicro(), rows.Bytes(a.By), a.Role, a.OnBehalfOf, a.Subject, a.Client, a.Method, a.Purpose, rows.Bytes(a.Basis), a.Trace, rows.Bytes(head))
}

// rest adds what is neither sealed nor chained.
func (t *tables) rest(b journal.Batch) {
	for _, s := range b.WorklistEntries {
		t.of["standings"].add(s.Subject, s.Agency, string(s.Role), s.Unit, s.Worker, s.Client, s.Case, s.State, s.Phase, s.WaitingOn, rows.Micros(s.DueAt, rows.Never), s.Overdue, s.Hidden,
			s.Ended, int64(s.Version), rows.Micros(s.StartedAt, 0), s.Urgency, rows.Micros(s.WithdrawnAt, 0), s.Touched, s.Number, s.Parts, s.Second, s.Marks, s.OnCall, rows.Micros(s.OnCallAt, 0))
	}
	for _, k := range b.UniqueKeys {
		t.of["claims"].add(k.Key, k.Subject, int64(k.Version), rows.Bytes(k.Digest))
	}
	for _, c := range b.Counters {
		t.of["tallies"].add(c.Subject, c.What, c.Month, c.Sender, c.Receiver, c.At.UnixMicro(), int64(c.Waited/time.Second))
	}
}

// withoutIndexes drops the indexes of the tables that are filled, and makes their filling unlogged. The function that
// it returns makes the indexes again, as the migrations did, and the statistics.
func (h *harness) withoutIndexes(database string) (again func()) {
	h.t.Helper()
	ctx := context.Background()
	made := map[string][]string{}
	for _, schema := range []string{"concern", "concern_keys"} {
		conn := h.connectTo(database, schema)
		found, err := conn.Query(ctx, `SELECT i.tablename, i.indexname, i.indexdef, COALESCE(pg_get_constraintdef(c.oid), '')
			FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname AND c.connamespace = i.schemaname::regnamespace
			WHERE i.schemaname = $1 AND i.tablename = ANY($2) ORDER BY i.tablename, i.indexname`, schema, tableNames)
		h.must(err)
		all, err := pgx.CollectRows(found, pgx.RowToStructByPos[struct{ Table, Index, Definition, Constraint string }])
		h.must(err)
		filled := map[string]bool{}
		for _, one := range all {
			drop, create := fmt.Sprintf("DROP INDEX %s", one.Index), one.Definition
			if one.Constraint != "" {
				drop = fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", one.Table, one.Index)
				create = fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s", one.Table, one.Index, one.Constraint)
			}
			h.exec(conn, drop)
			made[schema], filled[one.Table] = append(made[schema], create), true
		}
		for name := range filled {
			// Nobody needs this database after a crash.
			h.exec(conn, fmt.Sprintf("ALTER TABLE %s SET UNLOGGED", name))
			h.exec(conn, fmt.Sprintf("ALTER TABLE %s SET (autovacuum_enabled = off)", name))
		}
	}
	return func() {
		for schema, statements := range made {
			conn := h.connectTo(database, schema)
			for _, statement := range statements {
				h.exec(conn, statement)
			}
			h.exec(conn, "VACUUM (ANALYZE)")
		}
	}
}

func (h *harness) exec(conn *pgx.Conn, statement string, args ...any) {
	h.t.Helper()
	if _, err := conn.Exec(context.Background(), statement, args...); err != nil {
		h.t.Fatalf("%s: %v", statement, err)
	}
}

// writePositions writes where the mailboxes end, one reader of each, and that the access log's tree begins after
// what is stored.
func (h *harness) writePositions(database string, r *registry) {
	h.t.Helper()
	conn := h.connectTo(database, "concern")
	now := time.Now().UnixMicro()
	for agency, box := range r.mailboxes {
		if box.Sequence == 0 {
			continue
		}
		h.exec(conn, `INSERT INTO mailboxes VALUES ($1, $2, $3)`, agency, int64(box.Sequence), box.ChainHash)
		h.exec(conn, `INSERT INTO consumers (agency, name, sequence, takeover, at) VALUES ($1, 'default', $2, 1, $3)`, agency, int64(box.Sequence)*9/10, now)
	}
	h.exec(conn, `UPDATE log_state SET number = (SELECT COALESCE(MAX(number), 0) FROM accesses)`)
}
