package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"koppi.internal/pkg/journal"
)

// smallDisk mounts a file system of the given size in MiB. If that requires a separate namespace, it
// runs the test in one and returns no folder.
func smallDisk(t *testing.T, size int) (folder string, grow func(size int)) {
	t.Helper()
	folder = t.TempDir()
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%dm", size))
	if errors.Is(err, syscall.EPERM) && os.Getenv("KOPPI_NAMESPACE") == "" {
		command := exec.Command("unshare", "--user", "--map-root-user", "--mount", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), "KOPPI_NAMESPACE=1")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("mounting a disk needs root, or unshare (apt-get install util-linux): %v: %s", err, out)
		}
		t.Log(string(out))
		return "", nil
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder, func(size int) {
		if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT, fmt.Sprintf("size=%dm", size)); err != nil {
			t.Fatal(err)
		}
	}
}

// The disk fills up under load: refused appends return ErrFull, acknowledged ones exist, reading
// continues, and appends succeed again once there is space.
func TestFullDisk(t *testing.T) {
	folder, grow := smallDisk(t, 4)
	if folder == "" {
		return
	}
	store := open(t, folder)
	var acknowledged sync.Map
	var next atomic.Int64
	work := func(each int) (refused []error) {
		var group sync.WaitGroup
		var mu sync.Mutex
		for range 8 {
			group.Go(func() {
				for range each {
					subject := fmt.Sprintf("s/%d", next.Add(1))
					batch := one(subject, 0)
					batch.Events[0].Payload = make([]byte, 8<<10)
					if _, err := store.Append(t.Context(), batch); err != nil {
						mu.Lock()
						refused = append(refused, err)
						mu.Unlock()
						continue
					}
					acknowledged.Store(subject, true)
				}
			})
		}
		group.Wait()
		return refused
	}
	refused := work(100)
	if len(refused) == 0 {
		t.Fatal("the disk never filled up")
	}
	for _, err := range refused {
		if !errors.Is(err, journal.ErrFull) {
			t.Fatalf("refused with %v, want ErrFull", err)
		}
	}
	there := func() {
		t.Helper()
		acknowledged.Range(func(subject, _ any) bool {
			histories, err := store.Load(t.Context(), subject.(string))
			if err != nil || len(histories[0]) != 1 || histories[0][0].Erased {
				t.Errorf("%s was acknowledged and is lost: %v", subject, err)
			}
			return true
		})
	}
	there()
	grow(32)
	if refused := work(20); len(refused) > 0 {
		t.Errorf("refused although there is space: %v", refused[0])
	}
	there()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, folder)
	there()
	report, err := journal.Fsck(t.Context(), store)
	if err := errors.Join(err, report.Err(), store.Close()); err != nil {
		t.Error(err)
	}
}
