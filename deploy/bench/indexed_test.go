//go:build bench

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/process"
)

// statements are the texts of statements that a store executed.
type statements struct {
	mu    sync.Mutex
	texts map[string]bool
}

func newStatements() *statements { return &statements{texts: map[string]bool{}} }

func (s *statements) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[text] = true
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.note(data.SQL)
	return ctx
}
func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (*statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (s *statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	s.note(data.SQL)
}

func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// tracedJournal opens the journal, and notes its statements.
func (h *harness) tracedJournal(database string, noted *statements) *postgres.Store {
	h.t.Helper()
	kek, role := testkit.Must(seal.OpenKEK(filepath.Join(h.env.Secrets, process.KEKFile))), clustertest.Role("concern")
	store, err := postgres.Open(h.t.Context(), postgres.Config{
		Journal: h.env.Postgres.DSN(database, role, "concern"), Keys: h.env.Postgres.DSN(database, role, "concern_keys"), KEK: kek, Tracer: noted,
	})
	h.must(err)
	return store
}

// planned is a step of a plan in the format of EXPLAIN (FORMAT JSON).
type planned struct {
	Node      string    `json:"Node Type"`
	Table     string    `json:"Relation Name"`
	Index     string    `json:"Index Name"`
	Condition string    `json:"Index Cond"`
	Parts     []planned `json:"Plans"`
}

var (
	largeTables = regexp.MustCompile(`^(events|loops|standings|deliveries|claims|clients|accesses|tallies|keys)$`)
	// wholeIndexes may be read from end to end: they hold few rows, or the reading ends with the first.
	wholeIndexes = regexp.MustCompile(`^(standings_silent|standings_incomplete|standings_untouched|loops_stale|holds_standing)$`)
)

// checkPlans fails the test at each noted statement that reads a large table without an index, or a large index
// from end to end.
func (h *harness) checkPlans(database string, noted *statements) {
	h.t.Helper()
	ctx := context.Background()
	conn := h.connectTo(database, "concern")
	for _, setting := range []string{"enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "jit = off", "plan_cache_mode = force_generic_plan"} {
		h.exec(conn, "SET "+setting)
	}
	count, used := 0, map[string]bool{}
	for text := range noted.texts {
		if !strings.HasPrefix(text, "SELECT") || strings.Contains(text, "pg_") || strings.Contains(text, "keys") {
			continue
		}
		count++
		name := fmt.Sprintf("planned_%d", count)
		described, err := conn.Prepare(ctx, name, text)
		h.must(err)
		arguments := ""
		if n := len(described.ParamOIDs); n > 0 {
			arguments = "(" + strings.TrimSuffix(strings.Repeat("NULL,", n), ",") + ")"
		}
		var explained []byte
		h.must(conn.QueryRow(ctx, "EXPLAIN (FORMAT JSON) EXECUTE "+name+arguments).Scan(&explained))
		var plans []struct{ Plan planned }
		h.must(json.Unmarshal(explained, &plans))
		h.checkPlan(text, plans[0].Plan, used)
	}
	fmt.Printf("  %d statements go by %d indexes\n", count, len(used))
}

func (h *harness) checkPlan(text string, plan planned, used map[string]bool) {
	h.t.Helper()
	if plan.Index != "" {
		used[plan.Index] = true
	}
	bad := strings.HasSuffix(plan.Node, "Scan") && plan.Node != "Bitmap Heap Scan" && largeTables.MatchString(plan.Table) && plan.Condition == ""
	if bad && !wholeIndexes.MatchString(plan.Index) && !strings.Contains(text, "MIN(month)") {
		h.t.Errorf("%s on %s by %q without a condition: %s", plan.Node, plan.Table, plan.Index, text)
	}
	for _, part := range plan.Parts {
		h.checkPlan(text, part, used)
	}
}
