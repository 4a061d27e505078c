// Package gateway takes and sends attachments.
package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Attachments implements AttachmentService. The caller must run Run.
type Attachments struct {
	attachmentv1.UnimplementedAttachmentServiceServer

	Services  fanout.Services
	Secrets   *identity.Secrets
	Directory *directory.Directory
	// Store stores the attachments; the caller closes it.
	Store   *attachment.Store
	Limiter *limit.Limiter
	// Uploads are the limits of attachments; the zero value sets none.
	Uploads limit.Uploads
	// Scanner scans uploads for malware; nil scans nothing.
	Scanner Scanner
	Logger  *slog.Logger
}

// StartUpload begins an upload; a repetition of the request returns the same upload. It fails with
// FILE_NAME_NOT_ALLOWED, UPLOADS_WAITING if a quota is exceeded, and REQUEST_ID_REUSED if the
// request_id was used for another upload.
func (a *Attachments) StartUpload(ctx context.Context, r *attachmentv1.StartUploadRequest) (*attachmentv1.StartUploadResponse, error) {
	who, err := uploader(ctx)
	if err != nil {
		return nil, err
	}
	if err := attachment.CheckName(r.GetFilename()); err != nil {
		return nil, fault.New(fault.FileNameNotAllowed, "this file name is not accepted").Field("filename", reasonOf(err))
	}
	// The id is derived from the request, so that a repetition gets the same one.
	id, err := uuid.FromBytes(a.Secrets.Digest([]byte("upload"), []byte(who.Agency), []byte(r.GetRequestId())))
	if err != nil {
		return nil, err
	}
	digest := a.Secrets.Digest(asked(r)...)
	if err := a.Limiter.AllowUpload(ctx, who, a.Uploads); err != nil {
		return nil, err
	}
	upload, err := a.Store.Start(ctx, attachment.Upload{
		ID: id.String(), Agency: who.Agency, Owner: attachment.StandsFor(a.Secrets, who.Agency), Worker: attachment.Uploader(a.Secrets, who),
		Filename: r.GetFilename(), MediaType: r.GetMediaType(), Size: r.GetSizeBytes(), PaperKind: r.GetPaperKind(), Digest: digest,
	}, a.Uploads.Quota())
	if err != nil {
		return nil, waiting(err)
	}
	if subtle.ConstantTimeCompare(upload.Digest, digest) == 0 {
		return nil, fault.New(fault.RequestIDReused, "this request_id was used for another upload")
	}
	return &attachmentv1.StartUploadResponse{AttachmentId: upload.ID, ChunkBytes: attachment.ChunkBytes}, nil
}

// asked returns what makes an upload another one than the request_id was used for. An upload of no kind has the
// parts that it had before there were kinds, so that its request can be repeated after an upgrade.
func asked(r *attachmentv1.StartUploadRequest) [][]byte {
	parts := [][]byte{[]byte(r.GetFilename()), []byte(r.GetMediaType()), []byte(strconv.FormatInt(r.GetSizeBytes(), 10))}
	if r.GetPaperKind() != "" {
		parts = append(parts, []byte(r.GetPaperKind()))
	}
	return parts
}

// waiting converts an exceeded quota into a refusal: too many uploads wait to be named by a
// message. It says when the first of them is removed.
func waiting(err error) error {
	var quota *attachment.QuotaError
	if !errors.As(err, &quota) {
		return unavailable(err)
	}
	whose := "your agency's"
	if quota.Worker {
		whose = "your own"
	}
	return fault.New(fault.UploadsWaiting, "too many of %s uploads are named by no message: the limit is %d uploads or %d MiB", whose, quota.Share.Uploads, quota.Share.Bytes>>20).
		With("retry_after", quota.Frees.Round(time.Second).String()).RetryAfter(quota.Frees)
}

// UploadChunk stores the next piece of an upload, of any size: a client with a slow connection
// sends small ones. A wrong offset is refused with the offset at which the upload continues.
func (a *Attachments) UploadChunk(ctx context.Context, r *attachmentv1.UploadChunkRequest) (*attachmentv1.UploadChunkResponse, error) {
	upload, err := a.own(ctx, r.GetAttachmentId())
	if err != nil {
		return nil, err
	}
	if upload.Finished != nil {
		return nil, fault.New(fault.WrongOffset, "the upload is already finished").With("next_offset", strconv.FormatInt(upload.Size, 10))
	}
	next, err := a.Store.Put(ctx, upload, r.GetOffset(), r.GetData())
	if errors.Is(err, attachment.ErrWrongOffset) {
		return nil, fault.New(fault.WrongOffset, "the upload continues at another offset").With("next_offset", strconv.FormatInt(next, 10))
	}
	return &attachmentv1.UploadChunkResponse{NextOffset: next}, unavailable(err)
}

// GetUpload returns how many bytes of an upload have arrived.
func (a *Attachments) GetUpload(ctx context.Context, r *attachmentv1.GetUploadRequest) (*attachmentv1.GetUploadResponse, error) {
	upload, err := a.own(ctx, r.GetAttachmentId())
	if err != nil {
		return nil, err
	}
	next, err := a.Store.Next(ctx, upload)
	return &attachmentv1.GetUploadResponse{NextOffset: next, SizeBytes: upload.Size, Attachment: upload.Message()}, unavailable(err)
}

// FinishUpload checks a complete upload (digest, media type, malware), one chunk at a time. An
// upload that is refused is removed.
func (a *Attachments) FinishUpload(ctx context.Context, r *attachmentv1.FinishUploadRequest) (*attachmentv1.FinishUploadResponse, error) {
	upload, err := a.own(ctx, r.GetAttachmentId())
	if err != nil {
		return nil, err
	}
	if upload.Finished == nil {
		if upload, err = a.finish(ctx, upload, r.GetSha256()); err != nil {
			return nil, unavailable(err)
		}
	}
	if subtle.ConstantTimeCompare(upload.Finished.SHA256, r.GetSha256()) == 0 {
		return nil, differs("sha256", "the digest of the uploaded content")
	}
	return &attachmentv1.FinishUploadResponse{Attachment: upload.Message()}, nil
}

func (a *Attachments) finish(ctx context.Context, upload attachment.Upload, digest []byte) (attachment.Upload, error) {
	next, err := a.Store.Next(ctx, upload)
	if err != nil {
		return upload, err
	}
	if next != upload.Size {
		return upload, fault.New(fault.WrongOffset, "the upload is incomplete").With("next_offset", strconv.FormatInt(next, 10))
	}
	found, refusal := a.judge(ctx, upload, digest)
	if refusal != nil {
		var refused *fault.Error
		if !errors.As(refusal, &refused) || refused.Reason() == fault.Unavailable {
			return upload, refusal
		}
		return upload, errors.Join(refusal, a.Store.Delete(ctx, upload.ID))
	}
	return a.Store.Finish(ctx, upload, found)
}

func (a *Attachments) judge(ctx context.Context, upload attachment.Upload, digest []byte) (attachment.Finished, error) {
	content := a.Store.Content(ctx, upload)
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return attachment.Finished{}, err
	}
	found := attachment.Finished{SHA256: sum.Sum(nil)}
	if subtle.ConstantTimeCompare(found.SHA256, digest) == 0 {
		return found, differs("sha256", "the digest of the uploaded content")
	}
	var err error
	found.MediaType, err = attachment.Judge(a.Store.Content(ctx, upload), upload.MediaType)
	if errors.Is(err, attachment.ErrMediaType) {
		return found, fault.New(fault.MediaTypeNotAllowed, "this content is not accepted").Field("media_type", reasonOf(err))
	}
	if err != nil || a.Scanner == nil {
		return found, err
	}
	clean, err := a.Scanner.Scan(ctx, a.Store.Content(ctx, upload))
	if err == nil && !clean {
		return found, fault.New(fault.MalwareFound, "the scanner found malware in the file")
	}
	return found, err
}

func differs(field, want string) error {
	return fault.New(fault.UploadDiffers, "the uploaded content has another digest than stated").Field(field, want)
}

// Download sends an attachment that a subject names, to callers who may read that subject in its
// service.
func (a *Attachments) Download(r *attachmentv1.DownloadRequest, stream grpc.ServerStreamingServer[attachmentv1.DownloadResponse]) error {
	ctx := stream.Context()
	owner, err := a.Services.Of(r.GetSubject())
	if err != nil {
		return err
	}
	read, err := owner.ReadAttachment(identity.Forward(ctx), &caseworkv1.ReadAttachmentRequest{
		Subject: r.GetSubject(), AttachmentId: r.GetAttachmentId(),
	})
	if err != nil {
		return err
	}
	upload, err := a.Store.Get(ctx, r.GetAttachmentId())
	if errors.Is(err, attachment.ErrNotFound) {
		return caller.NotFound()
	}
	if err != nil {
		return unavailable(err)
	}
	if err := stream.Send(&attachmentv1.DownloadResponse{Attachment: read.GetAttachment()}); err != nil {
		return err
	}
	for offset := int64(0); offset < upload.Size; offset += attachment.ChunkBytes {
		data, err := a.Store.Chunk(ctx, upload, offset)
		if err != nil {
			return unavailable(err)
		}
		if err := stream.Send(&attachmentv1.DownloadResponse{Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// own is an upload of the caller's agency, and of the caller itself or a system if people of the agency read
// by unit; any other id is refused as not found.
func (a *Attachments) own(ctx context.Context, id string) (attachment.Upload, error) {
	who, err := uploader(ctx)
	if err != nil {
		return attachment.Upload{}, err
	}
	upload, err := a.Store.Get(ctx, id)
	byUnit := caller.IsPerson(who) && a.Directory.ReadsByUnit(who.Agency)
	if errors.Is(err, attachment.ErrNotFound) || err == nil && (upload.Agency != who.Agency || byUnit && !upload.IsBy(a.Secrets, who)) {
		return attachment.Upload{}, fault.New(fault.NotFound, "your agency has no such upload")
	}
	return upload, unavailable(err)
}

// uploader returns the caller, who must be a worker or system of an agency: only they name
// attachments.
func uploader(ctx context.Context) (identity.Caller, error) {
	who, err := caller.Of(ctx)
	if err == nil && !caller.IsParty(who) {
		err = fault.New(fault.RoleNotAllowed, "only an agency's worker or system can upload attachments")
	}
	return who, err
}

// reasonOf is the last part of an error's text, without its kind.
func reasonOf(err error) string {
	text := err.Error()
	return text[strings.LastIndex(text, ": ")+2:]
}

// unavailable converts a failure of the attachment store into a refusal; it returns refusals, and
// nil, unchanged.
func unavailable(err error) error {
	var refused *fault.Error
	if err == nil || errors.As(err, &refused) {
		return err
	}
	return fault.Store(err)
}
