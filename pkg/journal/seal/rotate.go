package seal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Stage is how far a rotation of the key-encryption key has come.
type Stage int

const (
	// Settled means that no rotation is under way: there is one key.
	Settled Stage = iota
	// Added means that there is a new key, which opens and does not wrap yet.
	Added
	// Wrapping means that the new key wraps; the old keys only open.
	Wrapping
)

// Stage returns the stage of rotation that this keyset is in.
func (k *KEK) Stage() Stage {
	newest, err := k.handle.Entry(k.handle.Len() - 1)
	switch {
	case err != nil || k.handle.Len() == 1:
		return Settled
	case newest.IsPrimary():
		return Wrapping
	default:
		return Added
	}
}

// before is the suffix of the file that keeps the previous keyset.
const before = ".before"

// AddKey begins a rotation. It adds a new key that opens and does not wrap yet, so that processes
// with the old keyset and processes with the new one can open each other's data keys.
func (s Source) AddKey(ctx context.Context) (*KEK, error) {
	return s.advance(ctx, Settled, func(manager *keyset.Manager, _ *KEK) error {
		_, err := manager.Add(aead.AES256GCMKeyTemplate())
		return err
	})
}

// UseNewKey makes the newest key the wrapping key. Every process must have the new keyset before.
func (s Source) UseNewKey(ctx context.Context) (*KEK, error) {
	return s.advance(ctx, Added, func(manager *keyset.Manager, kek *KEK) error {
		newest, err := kek.handle.Entry(kek.handle.Len() - 1)
		if err != nil {
			return err
		}
		return manager.SetPrimary(newest.KeyID())
	})
}

// DropOldKeys ends a rotation. Only the wrapping key is left, and the file with the previous keyset
// is removed. No data key may be wrapped by another key any more.
func (s Source) DropOldKeys(ctx context.Context) (*KEK, error) {
	kek, err := s.advance(ctx, Wrapping, func(manager *keyset.Manager, kek *KEK) error {
		for i := range kek.handle.Len() {
			entry, err := kek.handle.Entry(i)
			if err != nil {
				return err
			}
			if entry.IsPrimary() {
				continue
			}
			if err := manager.Delete(entry.KeyID()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || kek.Stage() != Settled {
		return kek, err
	}
	if err := os.Remove(s.File + before); err != nil && !errors.Is(err, os.ErrNotExist) {
		return kek, err
	}
	return kek, nil
}

// advance changes the keyset if it is at the given stage, and else leaves it as it is, so that an
// interrupted step can be repeated. It keeps the previous file beside the new one.
func (s Source) advance(ctx context.Context, from Stage, change func(*keyset.Manager, *KEK) error) (*KEK, error) {
	if strings.HasPrefix(s.Address, fromEnvironment) {
		return nil, errors.New("seal: this command cannot change a variable: write its content to a kek.json that only you can read, rotate that file, and set the variable to its new content at each step")
	}
	kek, err := s.Open(ctx)
	if err != nil || kek.Stage() != from {
		return kek, err
	}
	manager := keyset.NewManagerFromHandle(kek.handle)
	if err := change(manager, kek); err != nil {
		return nil, fmt.Errorf("seal: change the key-encryption key: %w", err)
	}
	changed, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("seal: change the key-encryption key: %w", err)
	}
	text, err := s.write(ctx, changed)
	if err != nil {
		return nil, err
	}
	present, err := ReadSecret(s.File)
	if err != nil {
		return nil, err
	}
	if err := replaceSecret(s.File+before, present); err != nil {
		return nil, err
	}
	if err := replaceSecret(s.File, text); err != nil {
		return nil, err
	}
	return s.Open(ctx)
}
