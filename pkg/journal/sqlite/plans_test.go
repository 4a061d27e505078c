package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"

	"koppi.internal/pkg/journal/journaltest"
	"koppi.internal/pkg/journal/seal"
	store "koppi.internal/pkg/journal/sqlite"
)

// statementRecorder is SQLite's driver. It records the texts of all statements.
type statementRecorder struct {
	driver.Driver
	mu    sync.Mutex
	texts journaltest.Statements
}

var statements = &statementRecorder{Driver: &sqlite.Driver{}, texts: journaltest.Statements{}}

func init() { sql.Register("sqlite-noted", statements) }

func (r *statementRecorder) Open(name string) (driver.Conn, error) {
	conn, err := r.Driver.Open(name)
	return noted{conn.(whole), r}, err
}

func (r *statementRecorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts[text] = true
}

// whole has all methods of a connection of SQLite.
type whole interface {
	driver.Conn
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.ConnPrepareContext
}

type noted struct {
	whole
	by *statementRecorder
}

func (c noted) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.by.note(text)
	return c.whole.QueryContext(ctx, text, args)
}

func (c noted) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.by.note(text)
	return c.whole.ExecContext(ctx, text, args)
}

func (c noted) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	c.by.note(text)
	return c.whole.PrepareContext(ctx, text)
}

// mayScan matches the tables, indexes and parts of statements that may be scanned: those that do
// not grow with the number of matters, and those that are counted completely on purpose.
var mayScan = regexp.MustCompile(`^SCAN (CONSTANT ROW|json_each|asked|w|sender|receiver|participant|officer|mailboxes|consumers|c|m|parked|record_revisions|log_state|settings|goose_db_version` +
	// Partial indexes of open, held or overdue rows.
	`|holds USING INDEX holds_standing|standings USING (COVERING )?INDEX standings_silent` +
	// Rows that the previous version wrote.
	`|loops USING INDEX loops_stale|standings USING INDEX standings_incomplete` +
	// The operators' overview counts all open matters.
	`|standings USING INDEX standings_open` +
	// One row, at an end of the index.
	`|tallies USING COVERING INDEX tallies_month)\b`)

// The store passes the suite, and none of its statements scans a growing table, with any filter.
func TestPlans(t *testing.T) {
	openNoted := func(t *testing.T, folder string) journaltest.Store {
		t.Helper()
		kek, err := seal.OpenKEK(filepath.Join(folder, "secrets", "kek.json"))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := store.Open(t.Context(), store.Config{
			Driver: "sqlite-noted", Path: filepath.Join(folder, "test.db"), KeysPath: filepath.Join(folder, "test.keys.db"), KEK: kek,
		})
		if err != nil {
			t.Fatal(err)
		}
		return opened
	}
	journaltest.Run(t, openNoted, func(t *testing.T, folder string, statements ...string) {
		t.Helper()
		db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "test.db")+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		for _, statement := range statements {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	})
	folder := t.TempDir()
	queried := openNoted(t, folder)
	journaltest.ExecuteReads(t, queried)
	if err := queried.Close(); err != nil {
		t.Fatal(err)
	}
	for _, missing := range journaltest.Unmade(t, statements.texts, "raw.go") {
		t.Errorf("no test executes this statement, so its plan is unknown: %s", missing)
	}
	databases := map[string]*sql.DB{}
	for _, name := range []string{"test.db", "test.keys.db"} {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		databases[name] = db
	}
	for text := range statements.texts {
		// Migrations end with a semicolon and run only once.
		if strings.HasSuffix(strings.TrimSpace(text), ";") || !isPlanned.MatchString(text) {
			continue
		}
		plan, err := planOf(databases["test.db"], text)
		if err != nil {
			plan, err = planOf(databases["test.keys.db"], text)
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN ") && !mayScan.MatchString(step) && !forFsck(text) {
				t.Errorf("%s\n\tin: %s", step, text)
			}
			if step == "USE TEMP B-TREE FOR ORDER BY" && inOrder.MatchString(text) && !strings.Contains(text, "UNION ALL") {
				t.Errorf("rows are sorted instead of read in order\n\tin: %s", text)
			}
		}
	}
}

var (
	isPlanned = regexp.MustCompile(`^\s*(SELECT|UPDATE|DELETE|WITH|INSERT)\b`)
	// inOrder matches lists of which one page must not cost as much as the whole list.
	inOrder = regexp.MustCompile(`FROM (standings WHERE agency = \? AND [^c]|accesses|deliveries|loops WHERE next_check_at)`)
)

// forFsck reports whether a statement reads a whole table in order, for fsck.
func forFsck(text string) bool {
	return !strings.Contains(text, "?") && !strings.Contains(text, "WHERE") && strings.HasPrefix(text, "SELECT") && strings.Contains(text, "ORDER BY")
}

func planOf(db *sql.DB, text string) ([]string, error) {
	args := make([]any, strings.Count(text, "?"))
	rows, err := db.Query("EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, rows.Err()
}
