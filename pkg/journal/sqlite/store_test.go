package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, folder string) *sqlite.Store {
	t.Helper()
	kek, err := seal.OpenKEK(filepath.Join(folder, "secrets", "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(context.Background(), sqlite.Config{
		Path: filepath.Join(folder, "test.db"), KeysPath: filepath.Join(folder, "test.keys.db"), KEK: kek,
	})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func one(subject string, after uint64) journal.Batch {
	id := fmt.Sprintf("%s-%d", subject, after+1)
	return journal.Batch{
		Expected: map[string]uint64{subject: after},
		Events: []journal.Event{{
			Subject: subject, Version: after + 1, ID: id, Type: "test.Event", Client: "client", Case: "case", By: []byte("by"),
			Basis: []byte("basis"), Trace: "trace", At: time.Unix(1_800_000_000, 0), Payload: []byte("payload"),
		}},
		Streams:         []journal.Stream{{Subject: subject, Service: "test", Client: "client", Case: "case", State: 1, Version: after + 1}},
		WorklistEntries: []journal.WorklistEntry{{Subject: subject, Agency: "a", Client: "client", Case: "case", Version: after + 1}},
		Deliveries:      []journal.Delivery{{Agency: "a", ID: id, Subject: subject, SubjectVersion: after + 1, Record: []byte("\x0a\x04text")}},
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 32} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			store := open(b, b.TempDir())
			defer func() { _ = store.Close() }()
			var subjects atomic.Int64
			b.SetParallelism(writers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := store.Append(context.Background(), one(fmt.Sprintf("s/%d", subjects.Add(1)), 0)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
