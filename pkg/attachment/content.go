package attachment

import (
	"context"
	"errors"
	"fmt"
	"io"

	lru "github.com/hashicorp/golang-lru/v2"
	"gocloud.dev/blob"
)

// ErrWrongOffset says that a piece begins beyond the upload's next offset or ends beyond its size.
var ErrWrongOffset = errors.New("attachment: wrong offset")

// Next returns the offset at which an upload continues; its size if it is complete.
func (s *Store) Next(ctx context.Context, upload Upload) (int64, error) {
	next, _, err := s.state(ctx, upload)
	return next, err
}

// Put stores data at an offset, in a piece of at most ChunkBytes, and returns the next offset. Data that is
// already stored is ignored, so a piece may be sent again.
func (s *Store) Put(ctx context.Context, upload Upload, offset int64, data []byte) (int64, error) {
	next, pieces, err := s.state(ctx, upload)
	if err != nil {
		return 0, err
	}
	end := offset + int64(len(data))
	if offset < 0 || offset > next || end > upload.Size {
		return next, ErrWrongOffset
	}
	for next < end {
		start := next - next%ChunkBytes
		until := min(start+ChunkBytes, end)
		part := data[next-offset : until-offset]
		if next == start && (until == start+ChunkBytes || until == upload.Size) {
			err = s.putChunk(ctx, upload, start, part)
		} else {
			pieces, err = s.putPiece(ctx, upload, pieces, next, part)
		}
		if err != nil {
			return next, err
		}
		if next = until; next == start+ChunkBytes {
			pieces = nil
		}
	}
	return next, nil
}

func (s *Store) putChunk(ctx context.Context, upload Upload, offset int64, data []byte) error {
	sealed, err := upload.cipher.Encrypt(data, place(upload.ID, chunk(offset)))
	if err != nil {
		return err
	}
	return once(ctx, s.bucket, upload.ID+"/"+chunk(offset), sealed)
}

// chunk returns the name of the chunk at an offset.
func chunk(offset int64) string { return fmt.Sprintf("chunk/%010d", offset) }

// Chunk returns the content of the chunk at an offset.
func (s *Store) Chunk(ctx context.Context, upload Upload, offset int64) ([]byte, error) {
	sealed, err := read(ctx, s.bucket, upload.ID+"/"+chunk(offset))
	if err != nil {
		return nil, err
	}
	data, err := upload.cipher.Decrypt(sealed, place(upload.ID, chunk(offset)))
	return data, wrap(err)
}

// Content returns a reader of the uploaded content, with random access; it keeps a few chunks in memory. Its
// errors are those of the store.
func (s *Store) Content(ctx context.Context, upload Upload) *io.SectionReader {
	held, err := lru.New[int64, []byte](chunksHeld)
	if err != nil {
		panic(err) // the size is a constant and not negative
	}
	return io.NewSectionReader(&content{ctx: ctx, store: s, upload: upload, held: held}, 0, upload.Size)
}

// chunksHeld is enough for the directory at the end of an archive and an entry before it.
const chunksHeld = 2

type content struct {
	ctx    context.Context //nolint:containedctx // io.ReaderAt has none
	store  *Store
	upload Upload
	held   *lru.Cache[int64, []byte]
}

// ReadAt reads from the chunks that contain the range.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		if off >= c.upload.Size {
			return n, io.EOF
		}
		start := off - off%ChunkBytes
		data, known := c.held.Get(start)
		if !known {
			var err error
			if data, err = c.store.Chunk(c.ctx, c.upload, start); err != nil {
				return n, err
			}
			c.held.Add(start, data)
		}
		if off-start >= int64(len(data)) {
			return n, io.ErrUnexpectedEOF
		}
		copied := copy(p[n:], data[off-start:])
		n, off = n+copied, off+int64(copied)
	}
	return n, nil
}

func each(ctx context.Context, bucket *blob.Bucket, prefix string, see func(*blob.ListObject) error) error {
	list := bucket.List(&blob.ListOptions{Prefix: prefix})
	for {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return wrap(err)
		}
		if err := see(object); err != nil {
			return err
		}
	}
}
