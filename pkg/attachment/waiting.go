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

// Share is how much of what nothing names yet somebody may have waiting; 0 does not bound.
type Share struct {
	// Uploads, finished or not.
	Uploads int
	// Bytes, as they were said when the uploads began.
	Bytes int64
}

// Quota is the shares of an agency, and within it of one worker.
type Quota struct{ Agency, Worker Share }

// QuotaError says that too much waits to be named.
type QuotaError struct {
	// Worker tells whether it is the worker's share or the agency's.
	Worker bool
	// Share that was reached.
	Share Share
	// Frees is how long from now until the first of what waits is removed, if nothing names
	// it by then.
	Frees time.Duration
}

func (e *QuotaError) Error() string {
	return fmt.Sprintf("attachment: %d uploads or %d bytes wait", e.Share.Uploads, e.Share.Bytes)
}

// What waits is marked by an empty object whose name says how large it is, under its agency
// and worker: one listing tells what an agency has waiting, on whatever replica.
const waitingMarks = "waiting/"

// mark is the place of an upload among those that wait; empty for one of before there were
// marks.
func (u Upload) mark() string {
	if u.Owner == "" {
		return ""
	}
	return path.Join(waitingMarks, u.Owner, u.Worker, strconv.FormatInt(u.Size, 10)+"_"+u.ID)
}

// waits is what somebody has waiting.
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

// claim marks that an upload waits, unless its agency or worker then has too much waiting:
// *QuotaError. The mark is set before it is counted, so that of uploads that begin at one
// moment on two replicas none is overlooked.
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

// listings is how often it is listed anew what waits where marks come and go meanwhile: a
// folder's listing then fails.
const listings = 100

// within counts what waits beside, and with, an upload.
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

// waiting is what an upload's agency has waiting, and of it what its worker has.
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

// Systems stand in the place of a worker: they have all that their agency has.
const Systems = "system"

// release takes away the mark of an upload that is named, or removed.
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

// sweepMarks removes marks of what is long gone: of uploads that failed in their beginning.
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
