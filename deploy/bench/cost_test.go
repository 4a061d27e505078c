//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCost measures what one accepted report costs: figures that depend less on the machine than a
// rate does.
func TestCost(t *testing.T) {
	h, f := newHarness(t, "shared_preload_libraries='pg_stat_statements'"), figures{}
	h.costs(f)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Printf("  %-34s %s\n", name, f[name])
	}
}

// cost is what was used up to a moment, by client and service (one process) and by PostgreSQL.
type cost struct {
	goTime, databaseTime            time.Duration
	allocations, allocated          uint64
	logBytes, logRecords            int64
	statements, transactions, calls int64
}

// costs measures the cost of a report with 32 clients.
func (h *harness) costs(f figures) {
	h.postgres("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
	h.accepted(h.one, 32)
	for range rounds {
		before := h.cost()
		rate := h.accepted(h.one, 32)
		after, n := h.cost(), 0.0
		n = float64(after.calls - before.calls)
		each := func(name string, used float64) { f["cost_32_"+name] = append(f["cost_32_"+name], used/n) }
		each("go_core_ms", (after.goTime-before.goTime).Seconds()*1000)
		each("postgres_core_ms", (after.databaseTime-before.databaseTime).Seconds()*1000)
		each("allocations", float64(after.allocations-before.allocations))
		each("allocated_KiB", float64(after.allocated-before.allocated)/1024)
		each("log_bytes", float64(after.logBytes-before.logBytes))
		each("log_records", float64(after.logRecords-before.logRecords))
		each("statements", float64(after.statements-before.statements))
		each("transactions", float64(after.transactions-before.transactions))
		f["cost_32_accepted"] = append(f["cost_32_accepted"], rate)
	}
}

func (h *harness) cost() cost {
	h.t.Helper()
	var p cost
	time.Sleep(1100 * time.Millisecond) // PostgreSQL publishes a session's counts at most once a second
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		h.t.Fatal(err)
	}
	p.goTime = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	p.databaseTime = h.databaseTime()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	p.allocations, p.allocated = memory.Mallocs, memory.TotalAlloc
	conn := h.connect()
	if err := conn.QueryRow(h.t.Context(), `SELECT
			(SELECT wal_bytes FROM pg_stat_wal), (SELECT wal_records FROM pg_stat_wal),
			(SELECT sum(calls)::bigint FROM pg_stat_statements), (SELECT sum(xact_commit)::bigint FROM pg_stat_database),
			(SELECT count(*) FROM concern.events)`).
		Scan(&p.logBytes, &p.logRecords, &p.statements, &p.transactions, &p.calls); err != nil {
		h.t.Fatal(err)
	}
	return p
}

// databaseTime is the processor time of the server's processes, those included that have ended.
func (h *harness) databaseTime() time.Duration {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.env.Postgres.Folder(), "data", "postmaster.pid"))
	if err != nil {
		h.t.Fatal(err)
	}
	postmaster, _, _ := strings.Cut(string(text), "\n")
	var ticks int64
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range found {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// The name of the program, in parentheses, may hold blanks.
		own := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+2:])
		sum := func(from, to int) {
			for _, field := range own[from:to] {
				n, _ := strconv.ParseInt(string(field), 10, 64)
				ticks += n
			}
		}
		switch {
		case filepath.Base(filepath.Dir(path)) == postmaster:
			sum(11, 15)
		case string(own[1]) == postmaster:
			sum(11, 13)
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func (h *harness) postgres(statement string) {
	h.t.Helper()
	if _, err := h.connect().Exec(h.t.Context(), statement); err != nil {
		h.t.Fatal(err)
	}
}
