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
	// Settled is no rotation: there is one key.
	Settled Stage = iota
	// Added has a new key that opens and does not wrap yet.
	Added
	// Wrapping has the new key wrap; the old ones only open.
	Wrapping
)

// Stage of the rotation that this keyset is in.
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

// before is added to the name of the file that holds the keyset as it was.
const before = ".before"

// AddKey begins a rotation: a new key that opens and does not wrap yet, so that
// processes with the old keyset and those with the new one open each other's.
func (s Source) AddKey(ctx context.Context) (*KEK, error) {
	return s.advance(ctx, Settled, func(manager *keyset.Manager, _ *KEK) error {
		_, err := manager.Add(aead.AES256GCMKeyTemplate())
		return err
	})
}

// UseNewKey has the newest key wrap from now on. Every process must know it.
func (s Source) UseNewKey(ctx context.Context) (*KEK, error) {
	return s.advance(ctx, Added, func(manager *keyset.Manager, kek *KEK) error {
		newest, err := kek.handle.Entry(kek.handle.Len() - 1)
		if err != nil {
			return err
		}
		return manager.SetPrimary(newest.KeyID())
	})
}

// DropOldKeys ends a rotation: only the key that wraps is left, also of the file as
// it was. Nothing may be wrapped by another any more.
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

// advance changes the keyset if it is at a stage, and else leaves it: so that what
// was interrupted can be done again. The file as it was is kept beside.
func (s Source) advance(ctx context.Context, from Stage, change func(*keyset.Manager, *KEK) error) (*KEK, error) {
	if strings.HasPrefix(s.Address, fromEnvironment) {
		return nil, errors.New("seal: a variable cannot be changed from here: put its content into a kek.json that only you can read, rotate that, and set the variable to its new content at each step")
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
