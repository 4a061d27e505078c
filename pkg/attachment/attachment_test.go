package attachment

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gocloud.dev/blob"
	"pgregory.net/rapid"

	"koppi.internal/pkg/journal/seal"
)

func open(t *testing.T) *Store {
	t.Helper()
	folder := t.TempDir()
	kek, err := seal.OpenKEK(filepath.Join(folder, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := Open(t.Context(), "file://"+folder+"/papers", "file://"+folder+"/keys", kek)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func started(t *testing.T, s *Store, size int64) Upload {
	t.Helper()
	upload, err := s.Start(t.Context(), Upload{ID: uuid.NewString(), Agency: "kela", Filename: "lasku.pdf", MediaType: "application/pdf", Size: size}, Quota{})
	if err != nil {
		t.Fatal(err)
	}
	return upload
}

func finished(t *testing.T, s *Store) Upload {
	t.Helper()
	upload := started(t, s, 3)
	if _, err := s.Put(t.Context(), upload, 0, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	upload, err := s.Finish(t.Context(), upload, Finished{SHA256: []byte("x"), MediaType: "application/pdf"})
	if err != nil {
		t.Fatal(err)
	}
	return upload
}

// However pieces arrive (repeated, too early, of any size, across the end of a chunk), the content
// read is the content sent, and the next offset is right.
func TestChunks(t *testing.T) {
	s := open(t)
	rapid.Check(t, func(r *rapid.T) {
		size := rapid.Int64Range(1, 3*ChunkBytes+5).Draw(r, "size")
		sent := bytes.Repeat([]byte("0123456789abcdefg"), int(size)/17+1)[:size]
		upload := started(t, s, size)
		next := int64(0)
		for next < size {
			offset := rapid.SampledFrom([]int64{next, next, next / 2, 0, next + ChunkBytes, next + 1}).Draw(r, "offset")
			length := rapid.SampledFrom([]int64{ChunkBytes, ChunkBytes, ChunkBytes / 3, ChunkBytes - 1, 70_001, 1}).Draw(r, "length")
			end := min(offset+length, size)
			if offset >= size {
				continue
			}
			got, err := s.Put(t.Context(), upload, offset, sent[offset:end])
			fits := offset <= next
			if (err == nil) != fits || err != nil && !errors.Is(err, ErrWrongOffset) {
				r.Fatalf("put %d-%d of %d at %d: %v", offset, end, size, next, err)
			}
			if fits {
				next = max(next, end)
			}
			if got != next {
				r.Fatalf("next is %d and not %d", got, next)
			}
		}
		read, err := io.ReadAll(s.Content(t.Context(), upload))
		if err != nil || !bytes.Equal(read, sent) {
			r.Fatalf("%d bytes read of %d (%v)", len(read), size, err)
		}
	})
}

// The kind of document that the uploader said is stored with the upload and is part of what messages carry; it is
// nowhere readable in the bucket. An upload that was described before there were kinds has none.
func TestPaperKind(t *testing.T) {
	s := open(t)
	upload, err := s.Start(t.Context(), Upload{ID: uuid.NewString(), Agency: "kela", Filename: "a.pdf", Size: 3, PaperKind: "eviction-notice"}, Quota{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), upload, 0, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Finish(t.Context(), upload, Finished{SHA256: []byte("x"), MediaType: "application/pdf"}); err != nil {
		t.Fatal(err)
	}
	read, err := s.Get(t.Context(), upload.ID)
	if err != nil || read.PaperKind != "eviction-notice" || read.Message().GetPaperKind() != "eviction-notice" {
		t.Errorf("%+v: %v", read, err)
	}
	if err := each(t.Context(), s.bucket, "", func(object *blob.ListObject) error {
		content, err := s.bucket.ReadAll(t.Context(), object.Key)
		if bytes.Contains(content, []byte("eviction")) || strings.Contains(object.Key, "eviction") {
			t.Errorf("%s is readable", object.Key)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var before Upload
	if err := json.Unmarshal([]byte(`{"agency":"kela","filename":"a.pdf","mediaType":"","size":3,"digest":"","at":"2026-01-01T00:00:00Z"}`), &before); err != nil || before.PaperKind != "" {
		t.Errorf("%+v: %v", before, err)
	}
}

// Objects in the bucket are encrypted, and cannot be exchanged for those of another attachment.
func TestEncryption(t *testing.T) {
	s := open(t)
	one, other := finished(t, s), finished(t, s)
	if err := each(t.Context(), s.bucket, "", func(object *blob.ListObject) error {
		content, err := s.bucket.ReadAll(t.Context(), object.Key)
		if bytes.Contains(content, []byte("abc")) || bytes.Contains(content, []byte("lasku")) || bytes.Contains(content, []byte("kela")) {
			t.Errorf("%s is readable", object.Key)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.bucket.Copy(t.Context(), one.ID+"/"+chunk(0), other.ID+"/"+chunk(0), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Chunk(t.Context(), one, 0); err == nil {
		t.Error("another attachment's chunk is accepted")
	}
	if err := s.Delete(t.Context(), other.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), other.ID); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// Only the agency that uploaded an attachment can name it, once it is finished, and only for one
// client.
func TestFindAndName(t *testing.T) {
	s := open(t)
	ctx, upload := t.Context(), finished(t, s)
	for name, one := range map[string]struct {
		id, agency, client string
		want               error
	}{
		"stranger":   {upload.ID, "hva", "c", ErrNotFound},
		"unknown":    {uuid.NewString(), "kela", "c", ErrNotFound},
		"unfinished": {started(t, s, 3).ID, "kela", "c", ErrUnfinished},
	} {
		if _, err := s.Find(ctx, one.id, one.agency, []byte(one.client)); !errors.Is(err, one.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 2 {
		if got, err := s.Find(ctx, upload.ID, "kela", []byte("c")); err != nil || got.Message().GetFilename() != "lasku.pdf" {
			t.Error(err)
		}
	}
	// Find binds the attachment to no client. Name does, and the first one counts.
	if _, err := s.Find(ctx, upload.ID, "kela", []byte("d")); err != nil {
		t.Error(err)
	}
	if err := s.Name(ctx, upload.ID, "concerns/c", []byte("c")); err != nil {
		t.Error(err)
	}
	if _, err := s.Find(ctx, upload.ID, "kela", []byte("d")); !errors.Is(err, ErrOtherClient) {
		t.Error(err)
	}
	if err := s.Name(ctx, upload.ID, "concerns/d", []byte("d")); !errors.Is(err, ErrOtherClient) {
		t.Error(err)
	}
}

// A sweep removes attachments that nothing names after a day, and keeps named ones until nothing
// names them.
func TestSweep(t *testing.T) {
	s := open(t)
	ctx, now := t.Context(), time.Now()
	s.now = func() time.Time { return now }
	named, failed, lonely := finished(t, s), finished(t, s), finished(t, s)
	for _, upload := range []Upload{named, failed} {
		if _, err := s.Find(ctx, upload.ID, "kela", []byte("c")); err != nil {
			t.Fatal(err)
		}
		if err := s.Name(ctx, upload.ID, "concerns/"+upload.ID, []byte("c")); err != nil {
			t.Fatal(err)
		}
	}
	// The message that would have named the second one was refused after its mark.
	naming := func(_ context.Context, id string, subjects []string) ([]string, error) {
		if id == named.ID && len(subjects) == 1 && subjects[0] == "concerns/"+named.ID {
			return subjects, nil
		}
		return nil, nil
	}
	sweep := func(want int) {
		t.Helper()
		if removed, err := s.Sweep(ctx, naming); err != nil || removed != want {
			t.Fatalf("%d removed (%v)", removed, err)
		}
	}
	sweep(0)
	now = now.Add(Unnamed + time.Minute)
	if _, err := s.Find(ctx, lonely.ID, "kela", []byte("c")); !errors.Is(err, ErrNotFound) {
		t.Errorf("named too late: %v", err)
	}
	sweep(0)
	now = now.Add(asked)
	sweep(2)
	if _, err := s.Find(ctx, named.ID, "kela", []byte("c")); err != nil {
		t.Errorf("a kept attachment cannot be named again: %v", err)
	}
	for _, upload := range []Upload{failed, lonely} {
		if _, err := s.Get(ctx, upload.ID); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	naming = func(context.Context, string, []string) ([]string, error) { return nil, nil }
	sweep(0)
	if err := s.Forget(ctx, named.ID); err != nil {
		t.Fatal(err)
	}
	now = time.Now().Add(Unnamed + asked + time.Minute)
	sweep(1)

	// After a restore of the journals, nothing may name attachments uploaded since a day before.
	since := finished(t, s)
	if err := s.bucket.Delete(ctx, pending(since.ID)); err != nil {
		t.Fatal(err)
	}
	for want, moment := range []time.Time{time.Now().Add(Unnamed + time.Hour), time.Now().Add(Unnamed - time.Hour)} {
		if found, err := s.ForgetSince(ctx, moment); err != nil || found != want {
			t.Errorf("%d, want %d: %v", found, want, err)
		}
	}
	now = time.Now().Add(Unnamed + asked + time.Minute)
	sweep(1)
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{
		"../x", "a/b.pdf", "a\\b.pdf", ".bashrc", " x.pdf", "x.exe", "X.Exe", "x.docm", "a\x00.pdf", "fdp.\u202eexe", "c:x.pdf", "x.exe.",
		"nul", "NUL.pdf", "con .txt", "Com1.pdf", "lpt¹", "a\u200b.pdf", "a\u2066.pdf", "a\ufeff.pdf", "a\u0085.pdf", "a\u2028b.pdf",
		strings.Repeat("ä", 128) + ".pdf",
	} {
		if err := CheckName(name); !errors.Is(err, ErrName) {
			t.Errorf("%q is accepted", name)
		}
	}
	for _, name := range []string{"lasku.pdf", "Päätös 12.3.2026.pdf", "räkning (kopia).docx", "x", "console.pdf", "nulla osta.pdf", "com10.txt", strings.Repeat("a", 251) + ".pdf"} {
		if err := CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

const docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

const sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// entry is an entry of an archive.
type entry struct {
	name, content string
	// blank bytes follow the content.
	blank int64
	// extra is a header field that some programs write.
	extra []byte
}

// archive packs entries in the given order.
func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	packed := zip.NewWriter(&out)
	packed.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, one := range entries {
		w, err := packed.CreateHeader(&zip.FileHeader{Name: one.name, Extra: one.extra, Method: zip.Deflate})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, io.MultiReader(strings.NewReader(one.content), io.LimitReader(zeros{}, one.blank))); err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// document returns an office document with one additional entry.
func document(t *testing.T, name string, size int64) []byte {
	t.Helper()
	return archive(t, entry{name: "[Content_Types].xml", content: "<Types/>"}, entry{name: "_rels/.rels", blank: 10}, entry{name: "word/document.xml", blank: 100}, entry{name: name, blank: size})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

const mail = "Return-Path: <a@example.org>\r\nReceived: from mail.example.org by mx.example.org; Mon, 23 Nov 2026 09:00:00 +0200\r\nFrom: A <a@example.org>\r\nTo: B <b@example.org>\r\nSubject: Lasku\r\nDate: Mon, 23 Nov 2026 09:00:00 +0200\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHei\r\n"

// The media type is determined from the content, whatever the browser states.
func TestJudge(t *testing.T) {
	pdf, png := []byte("%PDF-1.7\n"), []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	heic := []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
	odt := "application/vnd.oasis.opendocument.text"
	// Random bytes cannot be compressed, like a picture.
	thumbnail := make([]byte, 20<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(thumbnail)
	for name, one := range map[string]struct {
		content  []byte
		said, is string
	}{
		"pdf":                           {pdf, "application/pdf", "application/pdf"},
		"png":                           {png, "image/png", "image/png"},
		"png said to be pdf":            {png, "application/pdf", "image/png"},
		"picture of a telephone":        {heic, "", "image/heic"},
		"text":                          {[]byte("hei"), "text/plain; charset=utf-8", "text/plain"},
		"table named by a spreadsheet":  {[]byte("nimi;summa\nA;1\nB;2\n"), "application/vnd.ms-excel", "text/plain"},
		"table":                         {[]byte("nimi;summa\nA;1\nB;2\n"), "text/csv", "text/csv"},
		"table of tabs":                 {[]byte("nimi\tsumma\nA\t1\nB\t2\n"), "text/plain", "text/plain"},
		"saved mail":                    {[]byte(mail), "text/plain", "text/plain"},
		"text of an old program":        {[]byte("hei\r\n\x1a"), "text/plain", "text/plain"},
		"document":                      {document(t, "word/styles.xml", 1000), docx, docx},
		"document of no type":           {document(t, "word/styles.xml", 1000), "", docx},
		"document with a blank picture": {document(t, "word/media/image1.bmp", 3<<20), docx, docx},
		"document with a large blank":   {document(t, "word/media/image1.bmp", 30<<20), docx, docx},
		"thumbnail before the document": {archive(t, entry{name: "[Content_Types].xml", content: "<Types/>"}, entry{name: "docProps/thumbnail.jpeg", content: string(thumbnail)}, entry{name: "word/document.xml", blank: 100}), docx, docx},
		"spreadsheet":                   {archive(t, entry{name: "[Content_Types].xml", content: "<Types/>"}, entry{name: "xl/workbook.xml", blank: 100}), "", sheet},
		"open document":                 {archive(t, entry{name: "mimetype", content: odt}, entry{name: "content.xml", blank: 100}), odt, odt},
		"open document, extra field":    {archive(t, entry{name: "mimetype", content: odt, extra: []byte{0x0a, 0, 4, 0, 0, 0, 0, 0}}, entry{name: "content.xml", blank: 100}), odt, odt},
		"archive":                       {archive(t, entry{name: "x.txt", content: "x"}), docx, ""},
		"presentation":                  {archive(t, entry{name: "mimetype", content: "application/vnd.oasis.opendocument.presentation"}), "", ""},
		"program said to be pdf":        {[]byte("MZ\x90\x00\x03"), "application/pdf", ""},
		"elf said to be text":           {[]byte("\x7fELF\x02\x01\x01"), "text/plain", ""},
		"page said to be text":          {[]byte("<html><script>1</script></html>"), "text/plain", ""},
		"script said to be text":        {[]byte("#!/bin/sh\nrm -r x"), "text/plain", ""},
		"bytes said to be text":         {[]byte("a\x00b\x01"), "text/plain", ""},
		"bomb":                          {document(t, "word/media/image1.png", 600<<20), docx, ""},
		"small bomb":                    {document(t, "word/media/image1.png", 80<<20), docx, ""},
		"macros":                        {document(t, "word/vbaProject.bin", 10), docx, ""},
		"archive inside":                {document(t, "word/embeddings/x.zip", 10), docx, ""},
		"path out of it":                {document(t, "../../x", 10), docx, ""},
		"cut off":                       {document(t, "word/styles.xml", 1000)[:200], docx, ""},
	} {
		is, err := Judge(io.NewSectionReader(bytes.NewReader(one.content), 0, int64(len(one.content))), one.said)
		if is != one.is || (err == nil) == (one.is == "") || err != nil && !errors.Is(err, ErrMediaType) {
			t.Errorf("%s: %q, %v", name, is, err)
		}
	}
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte("%PDF-1.7"), "application/pdf")
	f.Add([]byte("PK\x03\x04"), docx)
	f.Add([]byte(mail), "")
	f.Fuzz(func(t *testing.T, content []byte, said string) {
		is, err := Judge(io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content))), said)
		if err == nil && !slices.Contains(allowed, is) {
			t.Error(is)
		}
	})
}

func FuzzCheckName(f *testing.F) {
	f.Add("../x")
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) == nil && (strings.ContainsAny(name, "/\\") || filepath.Base(name) != name && name != "") {
			t.Errorf("%q", name)
		}
	})
}
