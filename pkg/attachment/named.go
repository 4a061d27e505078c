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

// Find finds an attachment for a message about a client (a digest that tells one from
// another): one that the agency has uploaded and finished, and that belongs to no other
// client. ErrNotFound also where it was not named in time. It changes nothing: the
// message may yet be refused.
func (s *Store) Find(ctx context.Context, id, agency string, client []byte) (Upload, error) {
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
	return upload, s.belongs(ctx, id, client)
}

// belongs refuses a client whose attachment it is not; one that nothing names yet is
// everybody's.
func (s *Store) belongs(ctx context.Context, id string, client []byte) error {
	bound, err := read(ctx, s.bucket, id+"/client")
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err == nil && !bytes.Equal(bound, client):
		return ErrOtherClient
	default:
		return err
	}
}

// Name binds an attachment to a client, and marks that a subject such as "concerns/…"
// names it: before the message that does is kept, so that a sweep asks whether it was.
// The first that names it says whose it is; ErrOtherClient for who comes second.
func (s *Store) Name(ctx context.Context, id, subject string, client []byte) error {
	if err := once(ctx, s.bucket, id+"/client", client); err != nil {
		return err
	}
	if err := s.belongs(ctx, id, client); err != nil {
		return err
	}
	if err := once(ctx, s.bucket, id+"/named/"+subject, nil); err != nil {
		return err
	}
	if err := s.release(ctx, id); err != nil {
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

// ForgetSince has it asked of all that may have been named since a moment, to which the
// journals were restored: it returns of how many.
func (s *Store) ForgetSince(ctx context.Context, moment time.Time) (int, error) {
	var since []string
	err := each(ctx, s.bucket, "", func(object *blob.ListObject) error {
		if id, ok := strings.CutSuffix(object.Key, "/upload"); ok && object.ModTime.After(moment.Add(-Unnamed)) {
			since = append(since, id)
		}
		return nil
	})
	for _, id := range since {
		err = errors.Join(err, s.Forget(ctx, id))
	}
	return len(since), err
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
	var errs []error
	for _, id := range waiting {
		// One about which nobody answers keeps no other.
		done, err := s.settle(ctx, id, naming)
		if done {
			removed++
		}
		if err != nil {
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return removed, errors.Join(append(errs, s.sweepMarks(ctx))...)
}

// settle removes what nothing names, and no longer looks at what something does.
func (s *Store) settle(ctx context.Context, id string, naming func(context.Context, string, []string) ([]string, error)) (removed bool, err error) {
	named, err := s.stillNamed(ctx, id, naming)
	switch {
	case err != nil:
		return false, err
	case named:
		return false, gone(s.bucket.Delete(ctx, pending(id)))
	}
	err = s.Delete(ctx, id)
	return err == nil, err
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
