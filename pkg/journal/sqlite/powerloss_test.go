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

// promise is something that the store said was done, and after how many deeds on
// its files it said so.
type promise struct {
	after int
	kept  func(store *sqlite.Store) error
}

// promises are what a store under load promised.
type promises struct {
	mu   sync.Mutex
	list []promise
}

func (p *promises) add(r *recorder, kept func(*sqlite.Store) error) {
	after := r.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, promise{after, kept})
}

// Power is lost at a random moment, and what was not synced is lost, torn and in
// disorder: the store opens, fsck finds nothing, and everything that was
// acknowledged is there, with its keys; what was erased stays erased.
func TestPowerLoss(t *testing.T) {
	folder := t.TempDir()
	r := record(t, folder)
	kept := &promises{}
	// Opened twice, so that moments of closing and opening are among them.
	for round := range 2 {
		store := open(t, folder)
		work(t, store, r, kept, round)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	deeds := r.stop()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	moments := momentsOf(t)
	checked := 0
	for range moments {
		moment := random.IntN(len(deeds) + 1)
		if err := survives(t, random, deeds[:moment], folder, kept.list, &checked); err != nil {
			t.Fatalf("after %d of %d deeds: %v", moment, len(deeds), err)
		}
	}
	t.Logf("%d deeds, %d moments, %d promises held against them", len(deeds), moments, checked)
}

// momentsOf is how many moments are tried; the soak tries more.
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

// work appends, acknowledges, erases and sets from several sides at once.
func work(t *testing.T, store *sqlite.Store, r *recorder, kept *promises, round int) {
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
					kept.add(r, func(store *sqlite.Store) error { return holds(store, subject, 3, true) })
					continue
				}
				if _, err := store.Append(ctx, one(subject, version)); err != nil {
					t.Error(err)
				}
				kept.add(r, func(store *sqlite.Store) error { return holds(store, subject, version+1, false) })
			}
			heads, err := store.Positions(ctx)
			if err != nil {
				t.Error(err)
			}
			at := heads["a"].Sequence
			name := fmt.Sprintf("%d-%d", round, worker)
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

// holds tells whether a subject is there up to a version, and its content where it
// was not erased since.
func holds(store *sqlite.Store, subject string, version uint64, erased bool) error {
	histories, err := store.Load(context.Background(), subject)
	if err != nil {
		return err
	}
	if got := uint64(len(histories[0])); got < version {
		return fmt.Errorf("%s is at %d and was acknowledged at %d", subject, got, version)
	}
	// Erasing is the only end of content: its events are all erased, or none.
	if first := histories[0][0]; erased && !first.Erased {
		return fmt.Errorf("%s was erased and is there", subject)
	} else if first.Erased && !erasedLater(subject) {
		return fmt.Errorf("the key of %s is lost", subject)
	}
	return nil
}

// erasedLater tells subjects that the load erases in the end.
func erasedLater(subject string) bool {
	var round, worker, number int
	_, err := fmt.Sscanf(subject, "s/%d-%d-%d", &round, &worker, &number)
	return err == nil && number%2 == 1
}

// copyKEK brings the key that wraps all others, which is made once and kept apart.
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

func survives(t *testing.T, random *rand.Rand, deeds []deed, folder string, list []promise, checked *int) (err error) {
	t.Helper()
	after := t.TempDir()
	if err := copyKEK(folder, after); err != nil {
		return err
	}
	loss(t, random, deeds, folder, after)
	store := open(t, after)
	defer func() { err = errors.Join(err, store.Close()) }()
	report, err := journal.Fsck(context.Background(), store)
	if err := errors.Join(err, report.Err()); err != nil {
		return err
	}
	for _, one := range list {
		if one.after > len(deeds) {
			continue
		}
		*checked++
		if err := one.kept(store); err != nil {
			return err
		}
	}
	return nil
}
