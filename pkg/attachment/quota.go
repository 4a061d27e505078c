package attachment

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Share limits how much an agency or worker may have waiting that nothing names yet; 0 is no limit.
type Share struct {
	// Uploads, finished or not.
	Uploads int
	// Bytes, as stated when the uploads began.
	Bytes int64
}

// Quota holds the limits of an agency and of each of its workers.
type Quota struct{ Agency, Worker Share }

// QuotaError says that too much waits to be named.
type QuotaError struct {
	// Worker says that the worker's share is reached; otherwise the agency's is.
	Worker bool
	// Share that was reached.
	Share Share
	// Frees is how long it takes until the oldest waiting upload is removed, if nothing names it by then.
	Frees time.Duration
}

func (e *QuotaError) Error() string {
	return fmt.Sprintf("attachment: quota of %d uploads or %d bytes is used up", e.Share.Uploads, e.Share.Bytes)
}

// waitingMarks is where each waiting upload is marked by an empty object, under its agency and worker, with
// its size in the name. So one listing shows, on any replica, what an agency has waiting.
const waitingMarks = "waiting/"

// mark returns the name of the upload's mark; empty for an upload from before marks were introduced.
func (u Upload) mark() string {
	if u.Owner == "" {
		return ""
	}
	return path.Join(waitingMarks, u.Owner, u.Worker, strconv.FormatInt(u.Size, 10)+"_"+u.ID)
}

// waits is what an agency or worker has waiting.
type waits struct {
	uploads int
	bytes   int64
	oldest  time.Time
}

func (w *waits) add(size int64, at time.Time) {
	w.uploads++
	w.bytes += size
	if w.oldest.IsZero() || at.Before(w.oldest) {
		w.oldest = at
	}
}

func (w *waits) over(share Share) bool {
	return share.Uploads > 0 && w.uploads > share.Uploads || share.Bytes > 0 && w.bytes > share.Bytes
}

// claim marks an upload as waiting. If its agency or worker then has too much waiting, it removes the mark
// and returns a *QuotaError. It sets the mark before it counts, so that two uploads that begin at the same
// time on two replicas see each other.
func (s *Store) claim(ctx context.Context, upload Upload, quota Quota) error {
	mark := upload.mark()
	if mark == "" || quota == (Quota{}) {
		return nil
	}
	if err := once(ctx, s.bucket, mark, nil); err != nil {
		return err
	}
	refused := s.within(ctx, upload, quota)
	if refused != nil {
		return errors.Join(refused, gone(s.bucket.Delete(ctx, mark)))
	}
	return nil
}

// listings is how often the waiting uploads are listed again if marks change meanwhile, which makes the
// listing of a folder fail.
const listings = 100

// within checks the quota against what waits, including the given upload.
func (s *Store) within(ctx context.Context, upload Upload, quota Quota) error {
	agency, worker, err := s.waiting(ctx, upload)
	for tries := 1; gcerrors.Code(err) == gcerrors.NotFound && tries < listings; tries++ {
		agency, worker, err = s.waiting(ctx, upload)
	}
	if err != nil {
		return err
	}
	frees := func(w waits) time.Duration { return max(0, w.oldest.Add(Unnamed+asked).Sub(s.now())) }
	switch {
	case upload.Worker != Systems && worker.over(quota.Worker):
		return &QuotaError{Worker: true, Share: quota.Worker, Frees: frees(worker)}
	case agency.over(quota.Agency):
		return &QuotaError{Share: quota.Agency, Frees: frees(agency)}
	}
	return nil
}

// waiting returns what an upload's agency has waiting, and the part of it that its worker has.
func (s *Store) waiting(ctx context.Context, upload Upload) (agency, worker waits, err error) {
	prefix := waitingMarks + upload.Owner + "/"
	err = each(ctx, s.bucket, prefix, func(object *blob.ListObject) error {
		who, name, _ := strings.Cut(strings.TrimPrefix(object.Key, prefix), "/")
		size, _, _ := strings.Cut(name, "_")
		bytes, err := strconv.ParseInt(size, 10, 64)
		if err != nil || s.now().Sub(object.ModTime) > Unnamed+asked {
			return nil
		}
		agency.add(bytes, object.ModTime)
		if who == upload.Worker {
			worker.add(bytes, object.ModTime)
		}
		return nil
	})
	return agency, worker, err
}

// Systems is the Upload.Worker of all systems of an agency. They may use their agency's whole share.
const Systems = "system"

// release removes the mark of an upload that was named or removed.
func (s *Store) release(ctx context.Context, id string) error {
	upload, err := s.Get(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && upload.mark() == "" {
		return nil
	}
	if err != nil {
		return err
	}
	return gone(s.bucket.Delete(ctx, upload.mark()))
}

// sweepMarks removes old marks, which remain from uploads that failed at their beginning.
func (s *Store) sweepMarks(ctx context.Context) error {
	var old []string
	err := each(ctx, s.bucket, waitingMarks, func(object *blob.ListObject) error {
		if s.now().Sub(object.ModTime) > Unnamed+asked {
			old = append(old, object.Key)
		}
		return nil
	})
	for _, mark := range old {
		err = errors.Join(err, gone(s.bucket.Delete(ctx, mark)))
	}
	return err
}
