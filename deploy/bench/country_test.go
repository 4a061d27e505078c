//go:build bench

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/notify/redistest"
	"koppi.internal/pkg/process"
)

// What the country consists of. All names of one kind have one length, so that a name in a serialized
// message can be replaced by another.
const (
	reporters, receivers   = 100, 300
	unitsEach, workersEach = 20, 1000
	mattersEach            = 1_000_000
)

func reporterNamed(n int) string    { return fmt.Sprintf("rep-%04d", n) }
func receiverNamed(n int) string    { return fmt.Sprintf("hva-%04d", n) }
func reporterDesk(n int) string     { return fmt.Sprintf("desk-%02d", n) }
func unitNamed(n int) string        { return fmt.Sprintf("unit-%02d", n) }
func handlerNamed(n int) string     { return fmt.Sprintf("ben-%03d", n) }
func workerNamed(n int) string      { return fmt.Sprintf("wrk-%03d", n) }
func readsByUnit(receiver int) bool { return receiver%2 == 0 }

// TestCountry measures each way of reading, and what is accepted, in a country with BENCH_MATTERS open matters, a million unless it is set.
// It checks that each statement goes by an index; with at most smallCountry matters, it checks the whole journal too.
func TestCountry(t *testing.T) {
	open := mattersEach
	if text := os.Getenv("BENCH_MATTERS"); text != "" {
		open = testkit.Must(strconv.Atoi(text))
	}
	if path := os.Getenv("BENCH_USE"); path != "" {
		h, k := useCountry(t, path)
		h.measureCountry(&k.Country, k.Empty)
		return
	}
	h := newCountry(t)
	c := h.settle(open)
	if open <= smallCountry {
		h.sound(c)
	}
	if path := os.Getenv("BENCH_KEEP"); path != "" {
		h.keepCountry(c, path)
		return
	}
	h.measureCountry(c, h.env.NewDatabase())
}

// measureCountry measures what begins with BENCH_READS: "store: …", "service: …", and what is accepted, "growth".
func (h *harness) measureCountry(c *country, empty string) {
	h.t.Helper()
	which := os.Getenv("BENCH_READS")
	if which != growth {
		h.readingCountry(c)
	}
	if which == "" || which == growth {
		h.growingCountry(c, empty)
	}
}

const growth = "growth"

// kept says where a country is that another process keeps.
type kept struct {
	Country country
	// Empty is a database without a matter.
	Empty              string
	Port               int
	Secrets, Directory string
}

// keepCountry writes into a file where the country is, and returns when the file is removed: until then, TestCountry
// measures it by BENCH_USE=FILE, as often as one likes.
func (h *harness) keepCountry(c *country, path string) {
	h.t.Helper()
	text := testkit.Must(json.Marshal(kept{*c, h.env.NewDatabase(), h.env.Postgres.Port(), h.env.Secrets, h.env.Directory}))
	h.must(os.WriteFile(path, text, 0o600))
	for tick := time.NewTicker(time.Second); ; <-tick.C {
		if _, err := os.Stat(path); err != nil {
			return
		}
	}
}

func useCountry(t *testing.T, path string) (*harness, *kept) {
	t.Helper()
	var k kept
	if err := json.Unmarshal(testkit.Must(os.ReadFile(path)), &k); err != nil {
		t.Fatal(err)
	}
	folder, server := t.TempDir(), postgrestest.Running(t, k.Port)
	return &harness{
		t: t, attachments: process.AttachmentBuckets{
			Attachments: "file://" + filepath.Join(folder, "attachments"), AttachmentKeys: "file://" + filepath.Join(folder, "keys"),
		},
		env: &clustertest.Environment{Postgres: server, Keyring: server, Redis: redistest.Start(t), Secrets: k.Secrets, Directory: k.Directory},
	}, &k
}

// smallCountry is how many matters can be checked in full.
const smallCountry = 20_000

// newCountry starts the servers, without any of the rows that TestBench needs.
func newCountry(t *testing.T) *harness {
	t.Helper()
	folder := t.TempDir()
	h := &harness{
		t: t, attachments: process.AttachmentBuckets{
			Attachments: "file://" + filepath.Join(folder, "attachments"), AttachmentKeys: "file://" + filepath.Join(folder, "keys"),
		},
		env: clustertest.NewEnvironment(t, "fsync=off", "shared_buffers=2GB", "max_wal_size=8GB", "maintenance_work_mem=1GB", "checkpoint_timeout=30min"),
	}
	h.writeCountry()
	return h
}

// writeCountry writes the directory of the country.
func (h *harness) writeCountry() {
	h.t.Helper()
	names := func(name string) map[string]string { return map[string]string{"fi": name, "sv": name, "en": name} }
	agency := func(key, kind string, unit func(int) string, count int, byUnit bool) map[string]any {
		units := make([]map[string]any, count)
		for n := range units {
			units[n] = map[string]any{"unit": unit(n), "names": names(key + " " + unit(n)), "phone": "017 000 2100", "languages": []string{"fi"}, "intake": n == 0}
			if byUnit {
				units[n]["area"] = fmt.Sprintf("area-%02d", n)
			}
		}
		made := map[string]any{"agency": key, "kind": kind, "names": names(key), "units": units, "noConsentProfile": "NECESSARY", "emergencyPhone": "017 000 0112"}
		if byUnit {
			made["reading"] = "UNIT"
		}
		return made
	}
	var agencies []map[string]any
	for n := range reporters {
		agencies = append(agencies, agency(reporterNamed(n), "BENEFITS", reporterDesk, 2, false))
	}
	for n := range receivers {
		agencies = append(agencies, agency(receiverNamed(n), "SOCIAL_SERVICES", unitNamed, unitsEach, readsByUnit(n)))
	}
	file := map[string]any{"municipalities": []any{}, "agencies": agencies}
	if err := os.WriteFile(h.env.Directory, testkit.Must(json.Marshal(file)), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// sound checks the journal as koppi fsck does.
func (h *harness) sound(c *country) {
	h.t.Helper()
	store := h.journalOf(c.Database)
	defer func() { _ = store.Close() }()
	report, err := journal.Fsck(context.Background(), store)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := report.Err(); err != nil {
		h.t.Fatal(err)
	}
	fmt.Printf("  the journal is sound: %d events, %d deliveries, %d matters\n", report.Events, report.Deliveries, report.Subjects)
}

// journalOf opens the concern service's journal in a database.
func (h *harness) journalOf(database string) *postgres.Store {
	h.t.Helper()
	kek := testkit.Must(seal.OpenKEK(filepath.Join(h.env.Secrets, process.KEKFile)))
	role := clustertest.Role("concern")
	store, err := postgres.Open(h.t.Context(), postgres.Config{Journal: h.env.Postgres.DSN(database, role, "concern"), Keys: h.env.Postgres.DSN(database, role, "concern_keys"), KEK: kek})
	if err != nil {
		h.t.Fatal(err)
	}
	return store
}

// country is a filled database.
type country struct {
	Database string
	// Matters and the others are how many there are.
	Matters, Open, Events, Deliveries int
	// Now is the time at which the stories end.
	Now time.Time
}
