// Package attachment stores attachments: encrypted, in chunks, in a bucket that may be a folder or an object
// store. The bucket holds all state. Concurrent processes are coordinated by objects that can be created only
// once.
//
// Each attachment has these objects, under its id: "upload", with its description and owner (sealed); one
// chunk for each offset (sealed), and the pieces of an incomplete chunk (sealed); "finished" (sealed);
// "client", the client to whom it belongs (a digest); and "named/", with a mark for each subject that names
// it. "waiting/" holds marks of attachments that nothing names, so that they can be counted. "pending/" lists
// those that a sweep must check. The key of an attachment is in a separate bucket, whose backups are kept no
// longer than those of other keys: when the key is destroyed, all copies become unreadable.
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
	// ChunkBytes is the size of all chunks but the last, and of the largest piece, in bytes.
	ChunkBytes = 1 << 20
	// MaxBytes is the size of the largest attachment, in bytes.
	MaxBytes = 50 << 20
	// Unnamed is how long an attachment that nothing names is kept.
	Unnamed = 24 * time.Hour

	keyBytes = 32
)

// ErrNotFound says that there is no such attachment for this caller.
var ErrNotFound = errors.New("attachment: not found")

// Store stores attachments in a pair of buckets. It is safe for concurrent use.
type Store struct {
	bucket, keys *blob.Bucket
	kek          tink.AEAD
	now          func() time.Time
	// folders are the paths of the buckets that are folders.
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
	// The age of unnamed attachments is measured by the wall clock, as the bucket does.
	return &Store{bucket: content, keys: keyring, kek: kek, now: time.Now, folders: foldersOf(bucket, keys)}, nil //nolint:forbidigo // as said
}

// openBucket opens a bucket. It creates a missing folder, accessible only to its owner.
func openBucket(ctx context.Context, address string) (*blob.Bucket, error) {
	at, err := url.Parse(address)
	if err != nil || at.Scheme == "" {
		return nil, errors.New("the address must be like file:///folder or s3://bucket?region=…")
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

// Upload describes an attachment from its start on.
type Upload struct {
	ID string `json:"-"`
	// Agency that uploads the attachment. No other agency may name it.
	Agency string `json:"agency"`
	// Owner and Worker identify the agency and its worker where unnamed attachments are counted. They are
	// digests, because object names must not contain names of workers. Worker is "system" for a system.
	Owner  string `json:"owner,omitempty"`
	Worker string `json:"worker,omitempty"`
	// Filename and MediaType as the client gave them, Size in bytes.
	Filename  string `json:"filename"`
	MediaType string `json:"mediaType"`
	Size      int64  `json:"size"`
	// PaperKind is the kind of document as the client said, a key of the list of kinds; empty for none.
	PaperKind string `json:"paperKind,omitempty"`
	// Digest identifies the request that started the upload.
	Digest []byte    `json:"digest"`
	At     time.Time `json:"at"`
	// Finished is set once the content has been checked.
	Finished *Finished `json:"-"`

	cipher tink.AEAD
}

// Finished is the result of the check of the content.
type Finished struct {
	SHA256    []byte `json:"sha256"`
	MediaType string `json:"mediaType"`
}

// Message returns the attachment in the form of case messages; nil before it is finished.
func (u Upload) Message() *commonv1.Attachment {
	if u.Finished == nil {
		return nil
	}
	return &commonv1.Attachment{
		AttachmentId: u.ID, Filename: u.Filename, MediaType: u.Finished.MediaType, SizeBytes: u.Size, Sha256: u.Finished.SHA256, PaperKind: u.PaperKind,
	}
}

// Start begins an upload. If the upload has already begun, it returns that one unchanged. If the agency or
// the worker has too much waiting, it returns a *QuotaError and begins nothing.
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
	// First mark the upload for the sweep, then describe it, so that an interruption leaves nothing behind.
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

// Get returns the description of an attachment; ErrNotFound if there is none.
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

// Finish stores the result of the check of the content.
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

// Delete removes an attachment. It deletes the key first, and again after everything that the key could
// decrypt, because the key may have been rewrapped meanwhile.
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

// seal and open bind an object to its name, so that it cannot be exchanged for another.
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
		return fmt.Errorf("attachment: decrypt %s: %w", name, err)
	}
	return json.Unmarshal(text, content)
}

func place(id, name string) []byte {
	return []byte(strings.Join([]string{"attachment", id, name}, "/"))
}

// once creates an object if there is none, and leaves an existing one unchanged.
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

// gone ignores the error that an object to be deleted does not exist.
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
