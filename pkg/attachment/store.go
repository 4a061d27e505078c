// Package attachment keeps papers: sealed, in chunks, in a bucket that may be a folder
// or an object store. The bucket is the only truth; what several processes might do at
// once is decided by objects that can be made only once.
//
// Of each attachment there are, under its id: "upload", which says what it is and whose
// (sealed); a chunk for each offset (sealed), and the pieces of one that is not complete
// (sealed); "finished" (sealed); "client", whose papers
// it belongs to (a digest); and "named/" with a mark for each subject that names it.
// "waiting/" marks what nothing names, so that it can be counted.
// "pending/" lists those that a sweep must look at. Its key lies in a bucket of its own,
// whose backups live no longer than those of other keys: with the key all copies go.
package attachment

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob" // a folder
	_ "gocloud.dev/blob/s3blob" // an S3-compatible object store
	"gocloud.dev/gcerrors"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	// ChunkBytes is the size of all chunks but the last, and the largest piece that comes.
	ChunkBytes = 1 << 20
	// MaxBytes is the size of the largest attachment.
	MaxBytes = 50 << 20
	// Unnamed is how long an attachment that nothing names is kept.
	Unnamed = 24 * time.Hour

	keyBytes = 32
)

// ErrNotFound says that there is no such attachment, for whoever asks.
var ErrNotFound = errors.New("attachment: not found")

// Store is a pair of buckets. It is safe for concurrent use.
type Store struct {
	bucket, keys *blob.Bucket
	kek          tink.AEAD
	now          func() time.Time
	// folders of the buckets, where they are folders.
	folders []string
}

// Open opens the buckets by their URLs, such as file:///var/lib/koppi/attachments or
// s3://koppi-attachments?region=eu-north-1. Close releases them.
func Open(ctx context.Context, bucket, keys string, kek tink.AEAD) (*Store, error) {
	content, err := openBucket(ctx, bucket)
	if err != nil {
		return nil, fmt.Errorf("attachment: open the bucket: %w", err)
	}
	keyring, err := openBucket(ctx, keys)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("attachment: open the bucket of keys: %w", err), content.Close())
	}
	// The age of what waits to be named is counted by the wall clock, as the store does.
	return &Store{bucket: content, keys: keyring, kek: kek, now: time.Now, folders: foldersOf(bucket, keys)}, nil //nolint:forbidigo // as said
}

// openBucket opens a bucket. A folder is made where it is missing, for its owner alone.
func openBucket(ctx context.Context, address string) (*blob.Bucket, error) {
	at, err := url.Parse(address)
	if err != nil || at.Scheme == "" {
		return nil, errors.New("an address such as file:///folder or s3://bucket?region=…")
	}
	if at.Scheme == fileblob.Scheme {
		query := at.Query()
		for name, value := range map[string]string{"create_dir": "true", "no_tmp_dir": "true", "metadata": "skip", "dir_file_mode": ownerOnly} {
			query.Set(name, value)
		}
		at.RawQuery = query.Encode()
	}
	return blob.OpenBucket(ctx, at.String())
}

// ownerOnly is the mode of folders: 0700, in octal.
const ownerOnly = "0700"

// Close releases the buckets.
func (s *Store) Close() error { return errors.Join(s.bucket.Close(), s.keys.Close()) }

// Upload is what is known of an attachment from its start on.
type Upload struct {
	ID string `json:"-"`
	// Agency that uploads it: it alone may name it.
	Agency string `json:"agency"`
	// Owner and Worker stand for the agency, and for who of it uploads, where what waits is
	// counted: digests, since names of workers are no names of objects. Worker is "system"
	// for a system.
	Owner  string `json:"owner,omitempty"`
	Worker string `json:"worker,omitempty"`
	// Filename and MediaType as they were given, Size in bytes.
	Filename  string `json:"filename"`
	MediaType string `json:"mediaType"`
	Size      int64  `json:"size"`
	// Digest tells one request to start from another.
	Digest []byte    `json:"digest"`
	At     time.Time `json:"at"`
	// Finished is set once its content was checked.
	Finished *Finished `json:"-"`

	cipher tink.AEAD
}

// Finished is what the check of the content found.
type Finished struct {
	SHA256    []byte `json:"sha256"`
	MediaType string `json:"mediaType"`
}

// Message is the attachment as case messages carry it; nil before it is finished.
func (u Upload) Message() *commonv1.Attachment {
	if u.Finished == nil {
		return nil
	}
	return &commonv1.Attachment{
		AttachmentId: u.ID, Filename: u.Filename, MediaType: u.Finished.MediaType, SizeBytes: u.Size, Sha256: u.Finished.SHA256,
	}
}

// Start begins an upload. One that was begun before is returned as it is. It fails with
// *QuotaError, and begins nothing, where too much of the agency's or the worker's waits.
func (s *Store) Start(ctx context.Context, upload Upload, quota Quota) (Upload, error) {
	if begun, err := s.Get(ctx, upload.ID); !errors.Is(err, ErrNotFound) {
		return begun, err
	}
	if err := s.claim(ctx, upload, quota); err != nil {
		return upload, err
	}
	key := make([]byte, keyBytes)
	if _, err := rand.Read(key); err != nil {
		return upload, err
	}
	wrapped, err := s.kek.Encrypt(key, keyPlace(upload.ID))
	if err != nil {
		return upload, fmt.Errorf("attachment: wrap a key: %w", err)
	}
	if err := once(ctx, s.keys, upload.ID, wrapped); err != nil {
		return upload, err
	}
	if upload.cipher, err = s.cipher(ctx, upload.ID); err != nil {
		return upload, err
	}
	// First that it is to be swept, then what it is: so that nothing stays behind.
	if err := once(ctx, s.bucket, pending(upload.ID), nil); err != nil {
		return upload, err
	}
	upload.At = s.now()
	sealed, err := s.seal(upload, "upload", upload)
	if err != nil {
		return upload, err
	}
	if err := once(ctx, s.bucket, upload.ID+"/upload", sealed); err != nil {
		return upload, err
	}
	return s.Get(ctx, upload.ID)
}

// Get reads what an attachment is; ErrNotFound where there is none.
func (s *Store) Get(ctx context.Context, id string) (Upload, error) {
	upload := Upload{}
	cipher, err := s.cipher(ctx, id)
	if err != nil {
		return upload, err
	}
	upload.ID, upload.cipher = id, cipher
	if err := s.open(ctx, upload, "upload", &upload); err != nil {
		return Upload{}, err
	}
	finished := &Finished{}
	switch err := s.open(ctx, upload, "finished", finished); {
	case err == nil:
		upload.Finished = finished
	case !errors.Is(err, ErrNotFound):
		return Upload{}, err
	}
	return upload, nil
}

// Finish remembers that the content was checked.
func (s *Store) Finish(ctx context.Context, upload Upload, finished Finished) (Upload, error) {
	sealed, err := s.seal(upload, "finished", finished)
	if err != nil {
		return upload, err
	}
	if err := once(ctx, s.bucket, upload.ID+"/finished", sealed); err != nil {
		return upload, err
	}
	if err := s.sync(upload.ID); err != nil {
		return upload, err
	}
	return s.Get(ctx, upload.ID)
}

// Delete removes an attachment: its key first, and once more when nothing is left that
// it could open, since it may have been wrapped anew meanwhile.
func (s *Store) Delete(ctx context.Context, id string) error {
	if err := s.release(ctx, id); err != nil {
		return err
	}
	if err := gone(s.keys.Delete(ctx, id)); err != nil {
		return err
	}
	var names []string
	if err := each(ctx, s.bucket, id+"/", func(object *blob.ListObject) error {
		names = append(names, object.Key)
		return nil
	}); err != nil {
		return err
	}
	for _, name := range names {
		if err := gone(s.bucket.Delete(ctx, name)); err != nil {
			return err
		}
	}
	if err := errors.Join(gone(s.keys.Delete(ctx, id)), gone(s.bucket.Delete(ctx, pending(id)))); err != nil {
		return err
	}
	return s.sync(id)
}

func keyPlace(id string) []byte { return []byte("attachment/" + id) }

func pending(id string) string { return "pending/" + id }

// cipher unwraps an attachment's key.
func (s *Store) cipher(ctx context.Context, id string) (tink.AEAD, error) {
	wrapped, err := read(ctx, s.keys, id)
	if err != nil {
		return nil, err
	}
	key, err := s.kek.Decrypt(wrapped, keyPlace(id))
	if err != nil {
		return nil, fmt.Errorf("attachment: unwrap a key: %w", err)
	}
	return subtle.NewAESGCM(key)
}

// seal and open keep an object from being taken for another: its place is sealed too.
func (s *Store) seal(upload Upload, name string, content any) ([]byte, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	return upload.cipher.Encrypt(text, place(upload.ID, name))
}

func (s *Store) open(ctx context.Context, upload Upload, name string, content any) error {
	sealed, err := read(ctx, s.bucket, upload.ID+"/"+name)
	if err != nil {
		return err
	}
	text, err := upload.cipher.Decrypt(sealed, place(upload.ID, name))
	if err != nil {
		return fmt.Errorf("attachment: %s does not open: %w", name, err)
	}
	return json.Unmarshal(text, content)
}

func place(id, name string) []byte {
	return []byte(strings.Join([]string{"attachment", id, name}, "/"))
}

// once makes an object where there is none, and leaves one that is there as it is.
func once(ctx context.Context, bucket *blob.Bucket, name string, content []byte) error {
	err := bucket.WriteAll(ctx, name, content, &blob.WriterOptions{IfNotExist: true, ContentType: "application/octet-stream"})
	if gcerrors.Code(err) == gcerrors.FailedPrecondition {
		return nil
	}
	return wrap(err)
}

func read(ctx context.Context, bucket *blob.Bucket, name string) ([]byte, error) {
	content, err := bucket.ReadAll(ctx, name)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrNotFound
	}
	return content, wrap(err)
}

// gone forgives that what is removed was not there.
func gone(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return wrap(err)
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("attachment: %w", err)
	}
	return nil
}
