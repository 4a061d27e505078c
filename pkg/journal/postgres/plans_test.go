package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"koppi.internal/pkg/journal/journaltest"
	"koppi.internal/pkg/journal/postgres"
)

// statementRecorder records the texts of all statements of a store.
type statementRecorder struct {
	mu    sync.Mutex
	texts journaltest.Statements
}

func (n *statementRecorder) note(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.texts[text] = true
}

func (n *statementRecorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	n.note(data.SQL)
	return ctx
}
func (n *statementRecorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (n *statementRecorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (n *statementRecorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	n.note(data.SQL)
}
func (n *statementRecorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// growing matches the tables that grow with the number of matters.
var growing = regexp.MustCompile(`^(events|loops|standings|deliveries|claims|clients|accesses|tallies|told|log_hashes|records|keys)$`)

// smallIndexes matches the partial indexes that may be scanned: of open, held, overdue and stale
// rows, and of those without a number.
var smallIndexes = regexp.MustCompile(`^(holds_standing|standings_silent|standings_open|standings_incomplete|loops_stale)$`)

// step is a step of a plan in the format of EXPLAIN (FORMAT JSON).
type step struct {
	Node      string `json:"Node Type"`
	Table     string `json:"Relation Name"`
	Index     string `json:"Index Name"`
	Condition string `json:"Index Cond"`
	Parts     []step `json:"Plans"`
}

// The store passes the suite, and none of its statements scans a growing table, with any filter: with
// the planner settings of production, the plan has an index condition.
func TestLongPlans(t *testing.T) {
	d, noted := newDatabases(t, "fsync=off"), &statementRecorder{texts: journaltest.Statements{}}
	openNoted := func(t *testing.T, at string) journaltest.Store {
		t.Helper()
		config := d.configure(t, at)
		config.Tracer = noted
		store, err := postgres.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	journaltest.Run(t, openNoted, func(t *testing.T, folder string, statements ...string) {
		t.Helper()
		ran(t, d.server.DSN(d.names[folder], "postgres", "concern"), statements...)
	})
	folder := t.TempDir()
	queried := openNoted(t, folder)
	journaltest.ExecuteReads(t, queried)
	if err := queried.Close(); err != nil {
		t.Fatal(err)
	}
	// Statements of Open, and those after a lost answer of the server.
	for _, text := range []string{
		`SELECT count(*) FROM events WHERE id = ANY($1)`,
		`SELECT revision, mark FROM record_revisions WHERE agency = ANY($1)`,
		`SELECT pg_advisory_xact_lock(hashtextextended('koppi journal ' || current_schema(), 0))`,
	} {
		noted.note(text)
	}
	for _, missing := range journaltest.Unmade(t, noted.texts, "raw.go", "migrate.go", "sessions.go", "server.go", "sameserver.go") {
		t.Errorf("no test executes this statement, so its plan is unknown: %s", missing)
	}
	config := d.configure(t, folder)
	filled(t, d.server.DSN(d.names[folder], "postgres", "concern"),
		`INSERT INTO standings SELECT 's/' || n, 'a' || n % 10, CASE n % 2 WHEN 0 THEN 'sender' ELSE 'receiver' END, 'u' || n % 3, 'w' || n % 50, 'c' || n, 'k' || n, 1, 1, 'a', n, n % 30 = 0, n % 20 = 0, n % 5 > 0, 1, n, 1, 0, true, 'n' || n, ' u' || n % 3 || ' ' FROM generate_series(1, 5000) AS n`,
		`INSERT INTO loops SELECT 's/' || n, 'test', 'c' || n, 'k' || n, 1, 1, sha256('h'), n, n % 5 > 0 FROM generate_series(1, 5000) AS n`, `UPDATE loops SET derived = version`,
		`INSERT INTO claims SELECT 'key' || n, 's/' || n, 1, '' FROM generate_series(1, 5000) AS n`,
		`INSERT INTO deliveries (agency, sequence, id, subject, subject_version, sealed, content_hash, chain_hash) SELECT 'a' || n % 10, n, 'id' || n, 's/' || n % 100, 1, '', sha256('h'), sha256('h') FROM generate_series(1, 5000) AS n`,
		`INSERT INTO records SELECT 'a' || n % 10, 'k' || n % 5, 'key' || n, 1, '' FROM generate_series(1, 5000) AS n`, `INSERT INTO record_revisions SELECT 'a' || n, 1, '' FROM generate_series(0, 9) AS n`,
		`INSERT INTO told SELECT 's/' || n, 'a' || n % 10, 1, n, 1, n FROM generate_series(1, 5000) AS n`,
		`INSERT INTO accesses (at, by, role, on_behalf_of, subject, client, method, purpose, basis, trace) SELECT n, '\x0a0161', 'r', '', 's/' || n, 'c' || n % 100, 'm', '', '', '' FROM generate_series(1, 5000) AS n`)
	filled(t, d.server.DSN(d.names[folder], "postgres", "concern_keys"), `INSERT INTO keys SELECT 's/' || n, 'document', 'k' FROM generate_series(1, 5000) AS n`)
	journal, keys := planner(t, config.Journal), planner(t, config.Keys)
	used := map[string]bool{}
	for text := range noted.texts {
		if !isPlanned.MatchString(text) || forFsck(text) {
			continue
		}
		plan, err := journal(text)
		if err != nil {
			plan, err = keys(text)
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		check(t, text, plan, used)
	}
	checkUsed(t, config.Journal, used)
}

// checkUsed fails the test for each index that no statement uses and that makes nothing unique: every report pays for it.
func checkUsed(t *testing.T, dsn string, used map[string]bool) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	found, err := conn.Query(t.Context(), `SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisunique AND c.relname NOT LIKE 'goose%' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	indexes, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range indexes {
		if !used[index] {
			t.Errorf("no statement uses the index %s", index)
		}
	}
}

var isPlanned = regexp.MustCompile(`^\s*(SELECT|UPDATE|DELETE|WITH|INSERT)\b`)

// forFsck reports whether a statement reads a whole table in order, for fsck.
func forFsck(text string) bool {
	return !strings.Contains(text, "$") && !strings.Contains(text, "WHERE") && strings.HasPrefix(text, "SELECT") && strings.Contains(text, "ORDER BY")
}

func check(t *testing.T, text string, plan step, used map[string]bool) {
	t.Helper()
	used[plan.Index] = true
	scan := strings.HasSuffix(plan.Node, "Scan") && growing.MatchString(plan.Table) && plan.Condition == "" && plan.Node != "Bitmap Heap Scan"
	if scan && !smallIndexes.MatchString(plan.Index) && !strings.Contains(text, "MIN(month)") {
		t.Errorf("%s on %s using %q without a condition\n\tin: %s", plan.Node, plan.Table, plan.Index, text)
	}
	// An agency that reports much has few matters to do, among many open ones that wait for others.
	if toDo.MatchString(text) && plan.Index != "" && !strings.HasSuffix(plan.Index, "to_do") {
		t.Errorf("%s holds more than what is to be done\n\tin: %s", plan.Index, text)
	}
	for _, part := range plan.Parts {
		check(t, text, part, used)
	}
}

// toDo matches a statement that lists the open matters in which an agency or a unit has something to do.
var toDo = regexp.MustCompile(`^SELECT [^()]* FROM standings WHERE agency = \$1( AND unit = \$2)? AND NOT hidden AND NOT ended .*\(role <> 'sender' OR waiting_on = agency\)`)

// planner explains statements with the planner settings of the store's connections.
func planner(t *testing.T, dsn string) func(text string) (step, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, setting := range []string{"enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "jit = off", "plan_cache_mode = force_generic_plan"} {
		if _, err := conn.Exec(t.Context(), "SET "+setting); err != nil {
			t.Fatal(err)
		}
	}
	count := 0
	return func(text string) (step, error) {
		count++
		name := fmt.Sprintf("planned_%d", count)
		described, err := conn.Prepare(t.Context(), name, text)
		if err != nil {
			return step{}, err
		}
		nothing := strings.TrimSuffix(strings.Repeat("NULL,", len(described.ParamOIDs)), ",")
		if nothing != "" {
			nothing = "(" + nothing + ")"
		}
		var explained []byte
		if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) EXECUTE "+name+nothing).Scan(&explained); err != nil {
			return step{}, err
		}
		var plans []struct{ Plan step }
		if err := json.Unmarshal(explained, &plans); err != nil {
			return step{}, err
		}
		return plans[0].Plan, conn.Deallocate(t.Context(), name)
	}
}

// filled fills tables with rows and statistics, as in production.
func filled(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	ran(t, dsn, append(statements, `ANALYZE`)...)
}

func ran(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
