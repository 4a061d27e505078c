package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrDestroyed says that the key was destroyed: what it sealed is gone.
var ErrDestroyed = errors.New("seal: the key is destroyed")

// Ref names a data key.
type Ref struct{ Subject, Class string }

func (r Ref) context() []byte { return []byte(r.Class + "\x00" + r.Subject) }

// Keeper stores wrapped data keys; each kind of database brings its own.
type Keeper interface {
	// Keep stores those keys that the database does not have yet, durably.
	Keep(ctx context.Context, wrapped map[Ref][]byte) error
	// Find returns the wrapped keys, nil for one that was destroyed and no entry
	// for one that never was.
	Find(ctx context.Context, refs []Ref) (map[Ref][]byte, error)
	// Destroy makes keys unreadable for good. It also marks one that never was.
	Destroy(ctx context.Context, refs []Ref) error
}

// maxCached bounds the unwrapped keys held in memory.
const maxCached = 4096

const dataKeyBytes = 32

// Vault gives out data keys. It is safe for concurrent use.
type Vault struct {
	kek    tink.AEAD
	keeper Keeper

	mu     sync.Mutex
	cached map[Ref]tink.AEAD
	// destroyed counts destructions, so that a key read before one is not cached after it.
	destroyed uint64
	// elsewhere is how many destructions there were in all processes, as last seen.
	elsewhere int64
}

// NewVault keeps data keys under a key-encryption key.
func NewVault(kek tink.AEAD, keeper Keeper) *Vault {
	return &Vault{kek: kek, keeper: keeper, cached: map[Ref]tink.AEAD{}}
}

// Ensure returns the named keys and makes those that are missing. The new ones
// are durable when it returns; one that is then not used harms nobody. A
// destroyed key is never made again: ErrDestroyed.
func (v *Vault) Ensure(ctx context.Context, refs []Ref) (map[Ref]tink.AEAD, error) {
	keys, err := v.Keys(ctx, refs)
	if err != nil {
		return nil, err
	}
	missing := map[Ref][]byte{}
	for _, ref := range refs {
		if key, known := keys[ref]; known && key == nil {
			return nil, ErrDestroyed
		} else if known {
			continue
		}
		raw := make([]byte, dataKeyBytes)
		if _, err := rand.Read(raw); err != nil {
			return nil, fmt.Errorf("seal: make a data key: %w", err)
		}
		if missing[ref], err = v.kek.Encrypt(raw, ref.context()); err != nil {
			return nil, fmt.Errorf("seal: wrap a data key: %w", err)
		}
	}
	if len(missing) == 0 {
		return keys, nil
	}
	if err := v.keeper.Keep(ctx, missing); err != nil {
		return nil, err
	}
	// Read back: another process may have been faster.
	made, err := v.Keys(ctx, slices.Collect(maps.Keys(missing)))
	if err != nil {
		return nil, err
	}
	maps.Copy(keys, made)
	return keys, nil
}

// Keys returns the named keys: nil for a destroyed one, no entry for one that
// never was.
func (v *Vault) Keys(ctx context.Context, refs []Ref) (map[Ref]tink.AEAD, error) {
	keys, unknown, destroyed := v.fromCache(refs)
	if len(unknown) == 0 {
		return keys, nil
	}
	found, err := v.keeper.Find(ctx, unknown)
	if err != nil {
		return nil, err
	}
	for ref, wrapped := range found {
		if wrapped == nil {
			keys[ref] = nil
			continue
		}
		raw, err := v.kek.Decrypt(wrapped, ref.context())
		if err != nil {
			return nil, errors.New("seal: a data key does not open with this key-encryption key")
		}
		if keys[ref], err = subtle.NewAESGCM(raw); err != nil {
			return nil, fmt.Errorf("seal: data key: %w", err)
		}
	}
	v.cache(keys, destroyed)
	return keys, nil
}

// Destroy makes keys unreadable for good.
func (v *Vault) Destroy(ctx context.Context, refs []Ref) error {
	if err := v.keeper.Destroy(ctx, refs); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.destroyed++
	for _, ref := range refs {
		delete(v.cached, ref)
	}
	return nil
}

// Seen tells how many destructions there were in all processes that share the
// keys: when it has changed, no key in memory is trusted any more.
func (v *Vault) Seen(destructions int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if destructions != v.elsewhere {
		v.elsewhere = destructions
		v.destroyed++
		clear(v.cached)
	}
}

func (v *Vault) fromCache(refs []Ref) (keys map[Ref]tink.AEAD, unknown []Ref, destroyed uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keys = make(map[Ref]tink.AEAD, len(refs))
	for _, ref := range refs {
		if key, ok := v.cached[ref]; ok {
			keys[ref] = key
		} else if !slices.Contains(unknown, ref) {
			unknown = append(unknown, ref)
		}
	}
	return keys, unknown, v.destroyed
}

func (v *Vault) cache(keys map[Ref]tink.AEAD, destroyed uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if destroyed != v.destroyed {
		return
	}
	for ref, key := range keys {
		if key == nil {
			continue
		}
		if len(v.cached) >= maxCached {
			clear(v.cached)
		}
		v.cached[ref] = key
	}
}
