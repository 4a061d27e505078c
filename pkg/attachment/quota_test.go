package attachment

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/journal/seal"
)

var small = Quota{Agency: Share{Uploads: 6, Bytes: 60}, Worker: Share{Uploads: 3, Bytes: 40}}

// replicas are two stores over the same buckets.
func replicas(t *testing.T) [2]*Store {
	t.Helper()
	folder := t.TempDir()
	kek, err := seal.OpenKEK(filepath.Join(folder, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	var both [2]*Store
	for i := range both {
		if both[i], err = Open(t.Context(), "file://"+folder+"/papers", "file://"+folder+"/keys", kek); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = both[i].Close() })
	}
	return both
}

func of(owner, worker string, size int64) Upload {
	return Upload{ID: uuid.NewString(), Agency: owner, Owner: owner, Worker: worker, Filename: "a.pdf", MediaType: "application/pdf", Size: size, Digest: []byte("d")}
}

// Unnamed uploads count against the quota of their agency and worker over all replicas, in number
// and in bytes, finished or not. They no longer count once they are named, removed or swept.
func TestUploadQuota(t *testing.T) {
	both, ctx := replicas(t), t.Context()
	begin := func(upload Upload, wantWorker, wantAgency bool) Upload {
		t.Helper()
		begun, err := both[int(upload.ID[0])%2].Start(ctx, upload, small)
		var quota *QuotaError
		if errors.As(err, &quota) != (wantWorker || wantAgency) || quota != nil && (quota.Worker != wantWorker || quota.Frees <= 0 || quota.Frees > Unnamed+asked) {
			t.Fatalf("%+v: %v", upload, err)
		}
		if quota != nil {
			if _, err := both[0].Get(ctx, upload.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("a refused upload exists: %v", err)
			}
		}
		return begun
	}
	one := of("a", "w1", 10)
	first := begin(one, false, false)
	begin(one, false, false) // repeated: it counts once
	begin(of("a", "w1", 10), false, false)
	begin(of("a", "w1", 30), true, false) // bytes of the worker
	third := begin(of("a", "w1", 10), false, false)
	begin(of("a", "w1", 1), true, false) // number of the worker
	begin(of("b", "w1", 10), false, false)
	begin(of("a", Systems, 50), false, true) // bytes of the agency; a system has no quota of its own
	begin(of("a", Systems, 10), false, false)
	begin(of("a", Systems, 1), false, false)
	begin(of("a", Systems, 1), false, false)
	begin(of("a", "w2", 1), false, true) // number of the agency

	// Named.
	if err := both[1].Name(ctx, first.ID, "concerns/1", []byte("client")); err != nil {
		t.Fatal(err)
	}
	begin(of("a", "w1", 1), false, false)
	// Removed.
	if err := both[0].Delete(ctx, third.ID); err != nil {
		t.Fatal(err)
	}
	begin(of("a", "w1", 1), false, false)
	begin(of("a", "w1", 1), true, false)
	// Swept.
	later := time.Now().Add(Unnamed + asked + time.Minute)
	both[0].now = func() time.Time { return later }
	nothing := func(context.Context, string, []string) ([]string, error) { return nil, nil }
	if removed, err := both[0].Sweep(ctx, nothing); err != nil || removed < 6 {
		t.Errorf("%d removed, %v", removed, err)
	}
	begin(of("a", "w1", 10), false, false)
}

// Uploads that begin at the same time on two replicas do not exceed the quota together.
func TestUploadQuotaConcurrent(t *testing.T) {
	both := replicas(t)
	var begun atomic.Int64
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			_, err := both[i%2].Start(t.Context(), of("a", "w", 1), small)
			var quota *QuotaError
			if err == nil {
				begun.Add(1)
			} else if !errors.As(err, &quota) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if begun.Load() > int64(small.Worker.Uploads) {
		t.Errorf("%d began", begun.Load())
	}
	for range 10 {
		if _, err := both[0].Start(t.Context(), of("a", "w", 1), small); err == nil {
			begun.Add(1)
		}
	}
	if begun.Load() != int64(small.Worker.Uploads) {
		t.Errorf("%d began in the end", begun.Load())
	}
}
