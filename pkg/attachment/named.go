package attachment

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"gocloud.dev/blob"
)

// Reasons for which an attachment cannot be named.
var (
	ErrUnfinished  = errors.New("attachment: not finished")
	ErrOtherClient = errors.New("attachment: belongs to another client")
)

// Find returns an attachment for a message about a client. Client is a digest. The attachment must have been
// uploaded and finished by the agency, and must not belong to another client. It returns ErrNotFound also if
// the attachment was not named in time. It changes nothing, because the message may still be refused.
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
		// A sweep may be about to remove the attachment, unless it has found that something names it.
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

// belongs returns ErrOtherClient if the attachment belongs to another client. An attachment that nothing
// names yet belongs to nobody.
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

// Name binds an attachment to a client, and marks that a subject such as "concerns/…" names it. Call it
// before the message is stored; a sweep later checks whether it was. The first call determines the client; a
// call with another client returns ErrOtherClient.
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

// Forget makes the next sweep check again whether anything names an attachment.
func (s *Store) Forget(ctx context.Context, id string) error {
	known, err := s.bucket.Exists(ctx, id+"/upload")
	if err != nil || !known {
		return wrap(err)
	}
	return wrap(s.bucket.WriteAll(ctx, pending(id), nil, nil))
}

// ForgetSince does the same for all attachments that may have been named since a moment to which the journals
// were restored. It returns their number.
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

// asked is how much later than Unnamed a sweep checks an attachment, so that a message that named it at the
// last moment is stored by then.
const asked = time.Hour

// Sweep removes attachments that nothing names and that are older than Unnamed and asked. Naming returns
// which of the marked subjects really name the attachment.
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
		// An attachment whose check fails does not prevent the removal of others.
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

// settle removes an attachment that nothing names, and takes one that something names off the list of pending
// checks.
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
