package attachment

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"gocloud.dev/blob"
)

// Why an attachment cannot be named.
var (
	ErrUnfinished  = errors.New("attachment: not finished")
	ErrOtherClient = errors.New("attachment: of another client")
)

// Bind finds an attachment for a message about a client (a digest that tells one from
// another): one that the agency has uploaded and finished, and that belongs to no other
// client. The first message that names it says whose it is. ErrNotFound also where it
// was not named in time.
func (s *Store) Bind(ctx context.Context, id, agency string, client []byte) (Upload, error) {
	upload, err := s.Get(ctx, id)
	switch {
	case err != nil:
		return Upload{}, err
	case upload.Agency != agency:
		return Upload{}, ErrNotFound
	case upload.Finished == nil:
		return Upload{}, ErrUnfinished
	}
	if s.now().Sub(upload.At) > Unnamed {
		// A sweep may be about to remove it, unless it has seen that it is named.
		waits, err := s.bucket.Exists(ctx, pending(id))
		if err != nil {
			return Upload{}, wrap(err)
		}
		if waits {
			return Upload{}, ErrNotFound
		}
	}
	if err := once(ctx, s.bucket, id+"/client", client); err != nil {
		return Upload{}, err
	}
	bound, err := read(ctx, s.bucket, id+"/client")
	if err == nil && !bytes.Equal(bound, client) {
		return Upload{}, ErrOtherClient
	}
	return upload, err
}

// Name marks that a subject, such as "concerns/…", names an attachment: before the
// message that does is kept, so that a sweep asks whether it was.
func (s *Store) Name(ctx context.Context, id, subject string) error {
	if err := once(ctx, s.bucket, id+"/named/"+subject, nil); err != nil {
		return err
	}
	return s.sync(id)
}

// Forget has a sweep ask again whether anything names an attachment.
func (s *Store) Forget(ctx context.Context, id string) error {
	known, err := s.bucket.Exists(ctx, id+"/upload")
	if err != nil || !known {
		return wrap(err)
	}
	return wrap(s.bucket.WriteAll(ctx, pending(id), nil, nil))
}

// asked is how much later than Unnamed a sweep looks: what was named at the last moment
// is kept by then.
const asked = time.Hour

// Sweep removes what nothing names and has waited for a day. Naming tells which of the
// subjects marked do name it.
func (s *Store) Sweep(ctx context.Context, naming func(ctx context.Context, id string, subjects []string) ([]string, error)) (removed int, err error) {
	var waiting []string
	err = each(ctx, s.bucket, "pending/", func(object *blob.ListObject) error {
		if s.now().Sub(object.ModTime) > Unnamed+asked {
			waiting = append(waiting, strings.TrimPrefix(object.Key, "pending/"))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, id := range waiting {
		named, err := s.stillNamed(ctx, id, naming)
		if err != nil {
			return removed, err
		}
		if named {
			err = gone(s.bucket.Delete(ctx, pending(id)))
		} else {
			removed++
			err = s.Delete(ctx, id)
		}
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

func (s *Store) stillNamed(ctx context.Context, id string, naming func(context.Context, string, []string) ([]string, error)) (bool, error) {
	var marked []string
	prefix := id + "/named/"
	err := each(ctx, s.bucket, prefix, func(object *blob.ListObject) error {
		marked = append(marked, strings.TrimPrefix(object.Key, prefix))
		return nil
	})
	if err != nil || len(marked) == 0 {
		return false, err
	}
	named, err := naming(ctx, id, marked)
	return len(named) > 0, err
}
