package attachment

import (
	"bytes"
	"io"
	"testing"

	"gocloud.dev/blob"
)

// Small pieces are stored as they arrive, and merged so that they stay few. Nothing of them is left
// when the upload is complete. Pieces of a writer that died are ignored.
func TestPieces(t *testing.T) {
	s := open(t)
	const size, step = ChunkBytes + 100_000, 4_001
	sent := bytes.Repeat([]byte("0123456789abcdefg"), size/17+1)[:size]
	upload := started(t, s, size)
	count := func() int {
		t.Helper()
		count := 0
		if err := each(t.Context(), s.bucket, upload.ID+"/piece/", func(object *blob.ListObject) error {
			content, err := s.bucket.ReadAll(t.Context(), object.Key)
			if bytes.Contains(content, []byte("0123456789")) {
				t.Errorf("%s is readable", object.Key)
			}
			count++
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return count
	}
	for offset := int64(0); offset < size; offset += step {
		end := min(offset+step, size)
		if next, err := s.Put(t.Context(), upload, offset, sent[offset:end]); err != nil || next != end {
			t.Fatalf("%d: %d (%v)", offset, next, err)
		}
		if next, err := s.Next(t.Context(), upload); err != nil || next != end {
			t.Fatalf("after %d it goes on at %d (%v)", end, next, err)
		}
		if pieces := count(); pieces > piecesHeld+1 { // and the stray piece
			t.Fatalf("%d pieces are stored", pieces)
		}
		if offset == 10*step {
			// Another writer sent a shorter piece of the same data and stopped.
			if err := s.keep(t.Context(), upload, piece{offset, offset + 5}, []byte("zzzzz")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.keep(t.Context(), upload, piece{0, 5}, []byte("zzzzz")); err != nil {
		t.Fatal(err)
	}
	if next, err := s.Next(t.Context(), upload); err != nil || next != size {
		t.Errorf("it goes on at %d (%v)", next, err)
	}
	read, err := io.ReadAll(s.Content(t.Context(), upload))
	if err != nil || !bytes.Equal(read, sent) {
		t.Errorf("%d bytes read (%v)", len(read), err)
	}
	if err := s.Delete(t.Context(), upload.ID); err != nil || count() != 0 {
		t.Errorf("%d pieces are left (%v)", count(), err)
	}
}
