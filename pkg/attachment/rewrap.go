package attachment

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"gocloud.dev/blob"

	"koppi.internal/pkg/journal/seal"
)

// Rewrap rewraps every key that is wrapped by an older key-encryption key, and returns how many it found.
// After an interruption, run it again.
//
// A bucket cannot replace an object conditionally. Therefore Rewrap may write a key again that a removal has
// deleted meanwhile. Such a key is deleted again: by the removal, which deletes the key first and last, or by
// Rewrap, which checks whether the attachment still exists.
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

// rewrap reports whether an older key had wrapped this one.
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
		// The upload never began, or the attachment has been removed.
		return false, gone(s.keys.Delete(ctx, key.Key))
	}
	if kek.Fresh(wrapped) {
		return false, nil
	}
	anew, err := kek.Rewrap(wrapped, keyPlace(key.Key))
	if err != nil {
		return true, err
	}
	if !begun {
		// An upload is about to begin with this key.
		return true, wrap(s.keys.WriteAll(ctx, key.Key, anew, nil))
	}
	return true, s.replace(ctx, key.Key, anew)
}

// replace replaces the key of an attachment, unless the attachment is removed meanwhile.
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

// Of returns the attachments that belong to a client, by the digest with which they were named. It reads one
// object of every attachment.
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
