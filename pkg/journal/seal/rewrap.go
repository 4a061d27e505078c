package seal

import (
	"context"
	"errors"
	"fmt"
)

// Wrapped is a data key as it is stored.
type Wrapped struct {
	Ref
	Key []byte
}

// Rewrapper is a keeper whose data keys can be wrapped again with another key-encryption key.
type Rewrapper interface {
	// Wrapped returns up to limit keys after the given name, ordered by subject and class in byte
	// order. It leaves out destroyed keys.
	Wrapped(ctx context.Context, after Ref, limit int) ([]Wrapped, error)
	// Replace stores each new key where its old one is still stored. A key that was destroyed in
	// between must stay destroyed.
	Replace(ctx context.Context, replacements []Replacement) error
}

// Replacement is a data key that was wrapped again.
type Replacement struct {
	Wrapped
	// Old is the wrapped key that it replaces.
	Old []byte
}

// rewrapped is how many keys are replaced together. An interruption loses at most the work on this
// many keys.
const rewrapped = 500

// Rewrap wraps every data key again that an older key-encryption key has wrapped, and returns how
// many it found. After an interruption, the caller runs it again. It may miss keys that are made
// meanwhile; when it finds none, none is left.
func Rewrap(ctx context.Context, kek *KEK, keys Rewrapper) (found int, err error) {
	var after Ref
	for {
		page, err := keys.Wrapped(ctx, after, rewrapped)
		if err != nil || len(page) == 0 {
			return found, err
		}
		after = page[len(page)-1].Ref
		var replacements []Replacement
		for _, one := range page {
			if kek.Fresh(one.Key) {
				continue
			}
			anew, err := kek.Rewrap(one.Key, one.context())
			if err != nil {
				return found, err
			}
			replacements = append(replacements, Replacement{Wrapped: Wrapped{one.Ref, anew}, Old: one.Key})
		}
		found += len(replacements)
		if len(replacements) == 0 {
			continue
		}
		if err := keys.Replace(ctx, replacements); err != nil {
			return found, err
		}
	}
}

// Rewrap opens a wrapped key and wraps it with the present wrapping key, for the same place.
func (k *KEK) Rewrap(wrapped, place []byte) ([]byte, error) {
	raw, err := k.Decrypt(wrapped, place)
	if err != nil {
		return nil, errors.New("seal: no key of this keyset decrypts a data key: restore the keyset that wrapped it")
	}
	anew, err := k.Encrypt(raw, place)
	if err != nil {
		return nil, fmt.Errorf("seal: wrap a data key: %w", err)
	}
	return anew, nil
}
