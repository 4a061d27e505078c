//go:build bench

package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/process/certtest"
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/services/concern"
)

// costing measures what protection costs: mutual TLS between processes, the record of who
// did what, and keys of a matter's own; beside the same without.
func (h *harness) costing(f figures) {
	store := h.store()
	known := newSubjects(32)
	f.interleave(map[string]func() float64{
		"accepted_32_plain":      func() float64 { return h.accepted(h.one, 32) },
		"accepted_32_mutual_tls": func() float64 { return h.accepted(h.secured(), 32) },
		"appended_32":            func() float64 { return h.appended(store, nil, true) },
		"appended_32_unrecorded": func() float64 { return h.appended(store, nil, false) },
		"appended_32_known_keys": func() float64 { return h.appended(store, known, true) },
	})
	f["seal_1_KiB_us"] = figure{sealing(h.t, 1<<10)}
}

// secured leads to a replica of the service by mutual TLS.
func (h *harness) secured() grpc.ClientConnInterface {
	if h.overTLS != nil {
		return h.overTLS
	}
	authority := certtest.New(h.t)
	cert, key := authority.Issue("process")
	address := h.listeningOf(concern.Name, h.database, process.Listening{TLSCert: cert, TLSKey: key, ClientCA: authority.CA()},
		func(deps service.Deps) (program.Service, error) { return concern.New(deps) })
	conn, err := process.Calling{BackendCA: authority.CA(), BackendCert: cert, BackendKey: key}.Dial([]string{address})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	h.overTLS = h.env.Callers(conn)
	return h.overTLS
}

// store is a journal of its own on the same server.
func (h *harness) store() *postgres.Store {
	h.t.Helper()
	database := h.env.Postgres.Database("template1")
	if err := postgres.Migrate(h.t.Context(), postgres.Migration{
		Journal: h.env.Postgres.DSN(database, "postgres", "cost"), Keys: h.env.Postgres.DSN(database, "postgres", "cost_keys"),
	}); err != nil {
		h.t.Fatal(err)
	}
	kek, err := seal.OpenKEK(process.Keyring{}.Source(h.env.Secrets, false).File)
	if err != nil {
		h.t.Fatal(err)
	}
	store, err := postgres.Open(h.t.Context(), postgres.Config{
		Journal: h.env.Postgres.DSN(database, "postgres", "cost"), Keys: h.env.Postgres.DSN(database, "postgres", "cost_keys"), KEK: kek,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = store.Close() })
	return store
}

// subject is a matter that one writer appends to.
type subject struct {
	name    string
	version uint64
}

func newSubjects(count int) []*subject {
	all := make([]*subject, count)
	for i := range all {
		all[i] = &subject{name: "concerns/" + uuid.NewString()}
	}
	return all
}

// appended is steps appended a second by 32 writers: each to a matter of its own that is
// known, or to a new one each time, whose keys are made.
func (h *harness) appended(store *postgres.Store, known []*subject, recorded bool) float64 {
	var next atomic.Int64
	writers := sync.Pool{New: func() any { return known[int(next.Add(1)-1)%max(len(known), 1)] }}
	return h.rate(32, func() error {
		at := &subject{name: "concerns/" + uuid.NewString()}
		if known != nil {
			at = writers.Get().(*subject)
			defer writers.Put(at)
		}
		_, err := store.Append(context.Background(), step(at, recorded))
		at.version++
		return err
	})
}

// step is what one step of a matter of two agencies writes.
func step(at *subject, recorded bool) journal.Batch {
	now, id := time.Now(), uuid.NewString()
	batch := journal.Batch{
		Expected: map[string]uint64{at.name: at.version},
		Events:   []journal.Event{{Subject: at.name, Version: at.version + 1, ID: id, Type: "koppi.concern.v1.ConcernSubmitted", At: now, Payload: make([]byte, 500)}},
		Streams:  []journal.Stream{{Subject: at.name, Service: "concern", Version: at.version + 1}},
	}
	for _, agency := range []string{"kela", "hva-pohjois-savo"} {
		batch.WorklistEntries = append(batch.WorklistEntries, journal.WorklistEntry{Subject: at.name, Agency: agency, Role: journal.RoleSender, StartedAt: now})
		batch.Deliveries = append(batch.Deliveries, journal.Delivery{Agency: agency, ID: id, Subject: at.name, SubjectVersion: at.version + 1, Record: make([]byte, 600)})
	}
	if recorded {
		batch.Accesses = []journal.Access{{At: now, By: make([]byte, 60), Role: "benefit_handler", Subject: at.name, Method: "/koppi.concern.v1.ConcernService/SubmitConcern"}}
	}
	return batch
}

// memory keeps wrapped keys.
type memory struct{ seal.Keeper }

func (memory) Keep(_ context.Context, wrapped map[seal.Ref][]byte) (map[seal.Ref][]byte, error) {
	return wrapped, nil
}

// sealing is how many microseconds it takes to seal so many bytes with a key that is at
// hand.
func sealing(tb testing.TB, size int) float64 {
	kek, err := seal.OpenKEK(process.Keyring{}.Source(tb.TempDir(), false).File)
	if err != nil {
		tb.Fatal(err)
	}
	ref := seal.Ref{Subject: "concerns/1", Class: "document"}
	keys, err := seal.NewVault(kek, memory{}).Ensure(tb.Context(), []seal.Ref{ref})
	if err != nil {
		tb.Fatal(err)
	}
	text := make([]byte, size)
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, err := keys[ref].Encrypt(text, text[:32]); err != nil {
				b.Fatal(err)
			}
		}
	})
	return float64(result.NsPerOp()) / 1000
}
