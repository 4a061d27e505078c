package attachment

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"gocloud.dev/blob"

	"koppi.internal/pkg/journal/seal"
)

// Rewrap wraps every key anew that an older key-encryption key has wrapped, and
// returns how many it found. After an interruption it is run again.
//
// A bucket cannot replace an object only where it is what was read. So what was
// written in the place of a key that a removal took away meanwhile is taken away
// again: by the removal, which takes the key first and last, or by this, which looks
// whether the attachment is still there.
func (s *Store) Rewrap(ctx context.Context, kek *seal.KEK) (found int, err error) {
	var keys []*blob.ListObject
	if err := each(ctx, s.keys, "", func(object *blob.ListObject) error {
		keys = append(keys, object)
		return nil
	}); err != nil {
		return 0, err
	}
	for _, key := range keys {
		old, err := s.rewrap(ctx, kek, key)
		if err != nil {
			return found, err
		}
		if old {
			found++
		}
	}
	return found, nil
}

// rewrap tells whether an older key has wrapped one.
func (s *Store) rewrap(ctx context.Context, kek *seal.KEK, key *blob.ListObject) (bool, error) {
	wrapped, err := read(ctx, s.keys, key.Key)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	begun, err := s.bucket.Exists(ctx, key.Key+"/upload")
	if err != nil {
		return false, wrap(err)
	}
	if !begun && s.now().Sub(key.ModTime) > Unnamed {
		// Its upload never began, or what it opened is removed.
		return false, gone(s.keys.Delete(ctx, key.Key))
	}
	if kek.Fresh(wrapped) {
		return false, nil
	}
	anew, err := kek.Anew(wrapped, keyPlace(key.Key))
	if err != nil {
		return true, err
	}
	if !begun {
		// An upload is about to begin with it.
		return true, wrap(s.keys.WriteAll(ctx, key.Key, anew, nil))
	}
	return true, s.replace(ctx, key.Key, anew)
}

// replace puts a key in the place of one, unless its attachment is removed meanwhile.
func (s *Store) replace(ctx context.Context, id string, anew []byte) error {
	if err := s.keys.WriteAll(ctx, id, anew, nil); err != nil {
		return wrap(err)
	}
	if err := s.sync(id); err != nil {
		return err
	}
	there, err := s.bucket.Exists(ctx, id+"/upload")
	if err != nil || there {
		return wrap(err)
	}
	return gone(s.keys.Delete(ctx, id))
}

// Of lists the attachments that belong to a client, by the digest that they were named
// with. It reads an object of every attachment there is.
func (s *Store) Of(ctx context.Context, client []byte) ([]string, error) {
	var ids, found []string
	all, failed := s.bucket.List(&blob.ListOptions{Delimiter: "/"}).All(ctx)
	for object := range all {
		if object.IsDir && object.Key != pending("") {
			ids = append(ids, strings.TrimSuffix(object.Key, "/"))
		}
	}
	if err := failed(); err != nil {
		return nil, wrap(err)
	}
	for _, id := range ids {
		bound, err := read(ctx, s.bucket, id+"/client")
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if bytes.Equal(bound, client) {
			found = append(found, id)
		}
	}
	return found, nil
}
