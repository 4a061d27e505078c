package attachment

import (
	"context"
	"fmt"
	"slices"

	"gocloud.dev/blob"
)

// piecesHeld is the most pieces of one chunk. When one more comes they are merged, so that small pieces use
// little space and are listed quickly.
const piecesHeld = 32

// piece is a part of an incomplete chunk, named "piece/" with its first offset and its end. When the chunk is
// complete, it replaces its pieces.
type piece struct{ start, end int64 }

func (p piece) name() string { return fmt.Sprintf("piece/%010d-%010d", p.start, p.end) }

// state returns the next offset of an upload, and the pieces of its incomplete chunk, in order and without
// gaps.
func (s *Store) state(ctx context.Context, upload Upload) (int64, []piece, error) {
	count := int64(0)
	err := each(ctx, s.bucket, upload.ID+"/chunk/", func(object *blob.ListObject) error {
		// Objects that an interrupted writer left have longer names.
		if len(object.Key) == len(upload.ID)+1+len(chunk(0)) {
			count++
		}
		return nil
	})
	next := min(count*ChunkBytes, upload.Size)
	if err != nil || next == upload.Size {
		return next, nil, err
	}
	all, err := s.pieces(ctx, upload)
	if err != nil {
		return next, nil, err
	}
	var follow []piece
	for _, one := range all {
		// Ignore a piece whose chunk exists, or that another piece covers.
		if one.start == next && one.end <= min(count*ChunkBytes+ChunkBytes, upload.Size) {
			follow = append(follow, one)
			next = one.end
		}
	}
	return next, follow, nil
}

// pieces returns all stored pieces, ordered by start; of those with the same start, the longest first.
func (s *Store) pieces(ctx context.Context, upload Upload) ([]piece, error) {
	var all []piece
	err := each(ctx, s.bucket, upload.ID+"/piece/", func(object *blob.ListObject) error {
		var one piece
		name := object.Key[len(upload.ID)+1:]
		if _, err := fmt.Sscanf(name, "piece/%d-%d", &one.start, &one.end); err == nil && one.name() == name && one.start < one.end {
			all = append(all, one)
		}
		return nil
	})
	slices.SortFunc(all, func(a, b piece) int {
		if a.start != b.start {
			return int(a.start - b.start)
		}
		return int(b.end - a.end)
	})
	return all, err
}

// putPiece stores a part of the chunk whose first pieces are given, and returns the pieces that there are
// afterwards.
func (s *Store) putPiece(ctx context.Context, upload Upload, pieces []piece, offset int64, data []byte) ([]piece, error) {
	one := piece{offset, offset + int64(len(data))}
	start := offset - offset%ChunkBytes
	complete := one.end == start+ChunkBytes || one.end == upload.Size
	if !complete && len(pieces) < piecesHeld {
		return append(pieces, one), s.keep(ctx, upload, one, data)
	}
	var whole []byte
	for _, before := range pieces {
		part, err := s.piece(ctx, upload, before)
		if err != nil {
			return pieces, err
		}
		whole = append(whole, part...)
	}
	whole = append(whole, data...)
	kept := piece{start, one.end}
	var err error
	if complete {
		err = s.putChunk(ctx, upload, start, whole)
	} else {
		err = s.keep(ctx, upload, kept, whole)
	}
	if err != nil {
		return pieces, err
	}
	// If this is interrupted, the remaining pieces are ignored, and deleted with the upload.
	for _, before := range pieces {
		if err := gone(s.bucket.Delete(ctx, upload.ID+"/"+before.name())); err != nil {
			return pieces, err
		}
	}
	return []piece{kept}, nil
}

func (s *Store) keep(ctx context.Context, upload Upload, one piece, data []byte) error {
	sealed, err := upload.cipher.Encrypt(data, place(upload.ID, one.name()))
	if err != nil {
		return err
	}
	return once(ctx, s.bucket, upload.ID+"/"+one.name(), sealed)
}

func (s *Store) piece(ctx context.Context, upload Upload, one piece) ([]byte, error) {
	sealed, err := read(ctx, s.bucket, upload.ID+"/"+one.name())
	if err != nil {
		return nil, err
	}
	data, err := upload.cipher.Decrypt(sealed, place(upload.ID, one.name()))
	if err == nil && int64(len(data)) != one.end-one.start {
		err = fmt.Errorf("%s contains %d bytes", one.name(), len(data))
	}
	return data, wrap(err)
}
