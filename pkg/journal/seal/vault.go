package seal

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/tink"

	"koppi.internal/pkg/journal"
)

// ErrDestroyed says that the key was destroyed, and with it the content that it sealed.
var ErrDestroyed = errors.New("seal: the key is destroyed")

// Ref names a data key. Class may be that of a share (see journal.Class.Share).
type Ref struct{ Subject, Class string }

// holds reports whether the other key is this one or that of a share of it.
func (r Ref) holds(other Ref) bool {
	return r == other || r.Subject == other.Subject && strings.HasPrefix(other.Class, r.Class+journal.ShareMark)
}

func (r Ref) context() []byte { return []byte(r.Class + "\x00" + r.Subject) }

// Keeper stores wrapped data keys. Each kind of database has its own implementation.
type Keeper interface {
	// Keep durably stores those keys that the database does not have yet. It returns the stored key
	// for each: nil for one that was destroyed.
	Keep(ctx context.Context, wrapped map[Ref][]byte) (map[Ref][]byte, error)
	// Find returns the wrapped keys: nil for a destroyed key, and no entry for one that was never
	// made.
	Find(ctx context.Context, refs []Ref) (map[Ref][]byte, error)
	// Destroy makes keys unreadable for good, with those of their shares. It also marks a named key
	// that was never made, so that it never will be.
	Destroy(ctx context.Context, refs []Ref) error
}

// maxCached is the most unwrapped keys that are held in memory.
const maxCached = 4096

const dataKeyBytes = 32

// Vault gives out data keys. It is safe for concurrent use.
type Vault struct {
	kek    tink.AEAD
	keeper Keeper

	mu     sync.Mutex
	cached map[Ref]tink.AEAD
	// destroyed counts destructions, so that a key that was read before a destruction is not cached
	// after it.
	destroyed uint64
	// elsewhere is the number of destructions in all processes, as last seen.
	elsewhere int64
}

// NewVault returns a vault whose data keys are wrapped by kek and stored by keeper.
func NewVault(kek tink.AEAD, keeper Keeper) *Vault {
	return &Vault{kek: kek, keeper: keeper, cached: map[Ref]tink.AEAD{}}
}

// Ensure returns the named keys and makes the missing ones. The new keys are durable when it
// returns; a key that is then not used does no harm. It never makes a destroyed key again: it
// returns ErrDestroyed.
func (v *Vault) Ensure(ctx context.Context, refs []Ref) (map[Ref]tink.AEAD, error) {
	keys, unknown, destroyed := v.fromCache(refs)
	if len(unknown) == 0 {
		return keys, nil
	}
	// Most keys that are not in memory were never made. So Ensure offers a new key for each; where
	// the database already has one, that one is used.
	offered, raws := make(map[Ref][]byte, len(unknown)), make(map[Ref][]byte, len(unknown))
	for _, ref := range unknown {
		raw := make([]byte, dataKeyBytes)
		if _, err := rand.Read(raw); err != nil {
			return nil, fmt.Errorf("seal: make a data key: %w", err)
		}
		wrapped, err := v.kek.Encrypt(raw, ref.context())
		if err != nil {
			return nil, fmt.Errorf("seal: wrap a data key: %w", err)
		}
		offered[ref], raws[ref] = wrapped, raw
	}
	kept, err := v.keeper.Keep(ctx, offered)
	if err != nil {
		return nil, err
	}
	for ref, wrapped := range kept {
		if !bytes.Equal(wrapped, offered[ref]) {
			// The database had another key, or the key is destroyed.
			continue
		}
		if keys[ref], err = newDataKey(raws[ref]); err != nil {
			return nil, err
		}
		delete(kept, ref)
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

// Keys returns the named keys: nil for a destroyed key, and no entry for one that was never made.
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

// unwrap opens wrapped keys and adds them to keys.
func (v *Vault) unwrap(wrapped map[Ref][]byte, keys map[Ref]tink.AEAD) error {
	for ref, sealed := range wrapped {
		if sealed == nil {
			keys[ref] = nil
			continue
		}
		raw, err := v.kek.Decrypt(sealed, ref.context())
		if err != nil {
			return errors.New("seal: this key-encryption key does not decrypt a data key")
		}
		if keys[ref], err = newDataKey(raw); err != nil {
			return err
		}
	}
	return nil
}

// Destructions returns the number of destructions that this process knows of. When the number has
// grown, keys that the caller obtained before may be destroyed ones.
func (v *Vault) Destructions() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.destroyed
}

// Destroy makes keys unreadable for good, with those of their shares.
func (v *Vault) Destroy(ctx context.Context, refs []Ref) error {
	if err := v.keeper.Destroy(ctx, refs); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.destroyed++
	maps.DeleteFunc(v.cached, func(cached Ref, _ tink.AEAD) bool {
		return slices.ContainsFunc(refs, func(ref Ref) bool { return ref.holds(cached) })
	})
	return nil
}

// Seen takes the number of destructions in all processes that share the keys. When it has changed,
// the vault drops all keys in memory.
func (v *Vault) Seen(destructions int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if destructions != v.elsewhere {
		v.elsewhere = destructions
		v.destroyed++
		clear(v.cached)
	}
}

// Forget drops all keys in memory, because the database may have lost some.
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
