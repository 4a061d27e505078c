package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/sqlite"
)

// acknowledgement is an operation that the store acknowledged, and after how many operations on
// its files it did so.
type acknowledgement struct {
	after int
	kept  func(store *sqlite.Store) error
}

// acknowledgements are those of a store under load.
type acknowledgements struct {
	mu   sync.Mutex
	list []acknowledgement
}

func (p *acknowledgements) add(r *recorder, kept func(*sqlite.Store) error) {
	after := r.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, acknowledgement{after, kept})
}

// Power is lost at a random moment, and writes that were not synced are lost, torn or reordered.
// The store opens, fsck finds nothing, every acknowledged change exists with its keys, and erased
// content stays erased.
func TestPowerLoss(t *testing.T) {
	folder := t.TempDir()
	r := record(t, folder)
	kept := &acknowledgements{}
	// The store is opened twice, so that moments of closing and opening are included.
	for round := range 2 {
		store := open(t, folder)
		work(t, store, r, kept, round)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	operations := r.stop()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	moments := momentsOf(t)
	checked := 0
	for range moments {
		moment := random.IntN(len(operations) + 1)
		if err := survives(t, random, operations[:moment], folder, kept.list, &checked); err != nil {
			t.Fatalf("after %d of %d operations: %v", moment, len(operations), err)
		}
	}
	t.Logf("%d operations, %d moments, %d acknowledgements checked", len(operations), moments, checked)
}

// momentsOf returns how many moments are tried; the soak test tries more.
func momentsOf(t *testing.T) int {
	t.Helper()
	moments := 40
	if text := os.Getenv("SOAK_MOMENTS"); text != "" {
		if _, err := fmt.Sscan(text, &moments); err != nil {
			t.Fatal(err)
		}
	}
	return moments
}

// work appends, erases, advances consumers and puts records concurrently.
func work(t *testing.T, store *sqlite.Store, r *recorder, kept *acknowledgements, round int) {
	t.Helper()
	ctx := context.Background()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 40 {
				subject := fmt.Sprintf("s/%d-%d-%d", round, worker, i/4)
				version := uint64(i % 4)
				if version == 3 && i%8 == 7 {
					if err := store.Erase(ctx, subject); err != nil {
						t.Error(err)
					}
					kept.add(r, func(store *sqlite.Store) error { return contains(store, subject, 3, true) })
					continue
				}
				if _, err := store.Append(ctx, one(subject, version)); err != nil {
					t.Error(err)
				}
				kept.add(r, func(store *sqlite.Store) error { return contains(store, subject, version+1, false) })
			}
			heads, err := store.Positions(ctx)
			if err != nil {
				t.Error(err)
			}
			at := heads["a"].Sequence
			name := fmt.Sprintf("%d-%d", round, worker)
			for version := range uint64(3) {
				if _, err := store.PutRecords(ctx, journal.Record{Agency: name, Kind: "k", Key: "1", Version: version, Body: []byte("body")}); err != nil {
					t.Error(err)
				}
				kept.add(r, func(store *sqlite.Store) error { return holdsRecord(store, name, version+1) })
			}
			if _, err := store.Advance(ctx, journal.Advance{Agency: "a", Consumer: name, Sequence: at, At: time.Now()}); err != nil {
				t.Error(err)
			}
			kept.add(r, func(store *sqlite.Store) error {
				consumers, err := store.Consumers(ctx, "a", name)
				if err == nil && consumers[name].Sequence < at {
					err = fmt.Errorf("an acknowledgement of %d is lost", at)
				}
				return err
			})
		})
	}
	group.Wait()
}

// holdsRecord checks that an agency's record exists up to a version, and opens.
func holdsRecord(store *sqlite.Store, agency string, version uint64) error {
	records, revision, err := store.AgencyRecords(context.Background(), agency)
	if err == nil && (len(records) != 1 || records[0].Version < version || revision != records[0].Version) {
		err = fmt.Errorf("a record of %s, acknowledged at %d, is lost: %v at revision %d", agency, version, records, revision)
	}
	return err
}

// contains checks that a subject exists up to a version, and its content if it was not erased
// since.
func contains(store *sqlite.Store, subject string, version uint64, erased bool) error {
	histories, err := store.Load(context.Background(), subject)
	if err != nil {
		return err
	}
	if got := uint64(len(histories[0])); got < version {
		return fmt.Errorf("%s is at %d and was acknowledged at %d", subject, got, version)
	}
	// Content is lost only by erasure: the events are all erased, or none.
	if first := histories[0][0]; erased && !first.Erased {
		return fmt.Errorf("%s was erased but is readable", subject)
	} else if first.Erased && !erasedLater(subject) {
		return fmt.Errorf("the key of %s is lost", subject)
	}
	return nil
}

// erasedLater reports whether the load erases a subject in the end.
func erasedLater(subject string) bool {
	var round, worker, number int
	_, err := fmt.Sscanf(subject, "s/%d-%d-%d", &round, &worker, &number)
	return err == nil && number%2 == 1
}

// copyKEK copies the key-encryption key, which is stored separately.
func copyKEK(from, to string) error {
	const path = "secrets/kek.json"
	key, err := os.ReadFile(filepath.Join(from, path))
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(to, "secrets"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, path), key, 0o600)
}

func survives(t *testing.T, random *rand.Rand, operations []operation, folder string, list []acknowledgement, checked *int) (err error) {
	t.Helper()
	after := t.TempDir()
	if err := copyKEK(folder, after); err != nil {
		return err
	}
	loss(t, random, operations, folder, after)
	store := open(t, after)
	defer func() { err = errors.Join(err, store.Close()) }()
	report, err := journal.Fsck(context.Background(), store)
	if err := errors.Join(err, report.Err()); err != nil {
		return err
	}
	for _, one := range list {
		if one.after > len(operations) {
			continue
		}
		*checked++
		if err := one.kept(store); err != nil {
			return err
		}
	}
	return nil
}
