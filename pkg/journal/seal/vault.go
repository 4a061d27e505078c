package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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
	// Keep stores those keys that the database does not have yet, durably, and
	// returns what it then has for each: nil for one that was destroyed.
	Keep(ctx context.Context, wrapped map[Ref][]byte) (map[Ref][]byte, error)
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
	keys, unknown, destroyed := v.fromCache(refs)
	if len(unknown) == 0 {
		return keys, nil
	}
	// Most that are not in memory were never made: one is offered for each, and what
	// the database had before it goes before.
	offered := make(map[Ref][]byte, len(unknown))
	for _, ref := range unknown {
		raw := make([]byte, dataKeyBytes)
		if _, err := rand.Read(raw); err != nil {
			return nil, fmt.Errorf("seal: make a data key: %w", err)
		}
		var err error
		if offered[ref], err = v.kek.Encrypt(raw, ref.context()); err != nil {
			return nil, fmt.Errorf("seal: wrap a data key: %w", err)
		}
	}
	kept, err := v.keeper.Keep(ctx, offered)
	if err != nil {
		return nil, err
	}
	if err := v.unwrap(kept, keys); err != nil {
		return nil, err
	}
	v.cache(keys, destroyed)
	for _, ref := range refs {
		if keys[ref] == nil {
			return nil, ErrDestroyed
		}
	}
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
	if err := v.unwrap(found, keys); err != nil {
		return nil, err
	}
	v.cache(keys, destroyed)
	return keys, nil
}

// unwrap opens stored keys into keys.
func (v *Vault) unwrap(wrapped map[Ref][]byte, keys map[Ref]tink.AEAD) error {
	for ref, sealed := range wrapped {
		if sealed == nil {
			keys[ref] = nil
			continue
		}
		raw, err := v.kek.Decrypt(sealed, ref.context())
		if err != nil {
			return errors.New("seal: a data key does not open with this key-encryption key")
		}
		if keys[ref], err = subtle.NewAESGCM(raw); err != nil {
			return fmt.Errorf("seal: data key: %w", err)
		}
	}
	return nil
}

// Destructions counts those that this process knows of. Keys held since before it
// grew may be of what was destroyed.
func (v *Vault) Destructions() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.destroyed
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

// Forget trusts no key in memory any more: the database may have lost some.
func (v *Vault) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.destroyed++
	clear(v.cached)
}

func (v *Vault) fromCache(refs []Ref) (keys map[Ref]tink.AEAD, unknown []Ref, destroyed uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	keys = make(map[Ref]tink.AEAD, len(refs))
	asked := make(map[Ref]bool, len(refs))
	for _, ref := range refs {
		if key, ok := v.cached[ref]; ok {
			keys[ref] = key
		} else if !asked[ref] {
			asked[ref] = true
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
