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

// Rewrapper is a keeper whose keys can be wrapped anew.
type Rewrapper interface {
	// Wrapped returns up to limit keys behind a name, in the order of subject and
	// class in bytes. Destroyed ones are left out.
	Wrapped(ctx context.Context, after Ref, limit int) ([]Wrapped, error)
	// Replace puts each key where its old one still is. One that was destroyed in
	// between must stay destroyed.
	Replace(ctx context.Context, replacements []Replacement) error
}

// Replacement is a data key, wrapped anew.
type Replacement struct {
	Wrapped
	// Old is what it replaces.
	Old []byte
}

// rewrapped is how many keys are wrapped anew together: what an interruption costs.
const rewrapped = 500

// Rewrap wraps every key anew that an older key-encryption key has wrapped, and
// returns how many it found. After an interruption it is run again. Keys that are
// made meanwhile it may miss: there is none left once it finds none.
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
			anew, err := kek.Anew(one.Key, one.context())
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

// Anew is a wrapped key, wrapped by the key that wraps now, at its place.
func (k *KEK) Anew(wrapped, place []byte) ([]byte, error) {
	raw, err := k.Decrypt(wrapped, place)
	if err != nil {
		return nil, errors.New("seal: a data key opens with no key of this key-encryption key: bring the keyset back that wrapped it")
	}
	anew, err := k.Encrypt(raw, place)
	if err != nil {
		return nil, fmt.Errorf("seal: wrap a data key: %w", err)
	}
	return anew, nil
}
