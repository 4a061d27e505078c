package testkit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// PDF is a file of that many bytes that begins as a PDF and cannot be compressed. Files of one size
// are equal.
func PDF(size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(content) //nolint:gosec // any byte of the size is a seed
	copy(content, "%PDF-1.7\n")
	return content
}

// Upload uploads a PDF, resumes where the connection was cut, and returns the attachment.
func Upload(t testing.TB, ctx context.Context, attachments attachmentv1.AttachmentServiceClient, content []byte) *commonv1.Attachment {
	t.Helper()
	start := Insist(t, ctx, attachments.StartUpload, &attachmentv1.StartUploadRequest{
		RequestId: uuid.NewString(), Filename: "lasku.pdf", MediaType: "application/pdf", SizeBytes: int64(len(content)),
	})
	for offset := int64(0); offset < int64(len(content)); {
		end := min(offset+int64(start.GetChunkBytes()), int64(len(content)))
		answer, err := attachments.UploadChunk(ctx, &attachmentv1.UploadChunkRequest{AttachmentId: start.GetAttachmentId(), Offset: offset, Data: content[offset:end]})
		if err == nil {
			offset = answer.GetNextOffset()
			continue
		}
		if reason := fault.ReasonOf(err); reason != "" && reason != fault.Unavailable {
			t.Fatal(err)
		}
		offset = Insist(t, ctx, attachments.GetUpload, &attachmentv1.GetUploadRequest{AttachmentId: start.GetAttachmentId()}).GetNextOffset()
	}
	sum := sha256.Sum256(content)
	return Insist(t, ctx, attachments.FinishUpload, &attachmentv1.FinishUploadRequest{AttachmentId: start.GetAttachmentId(), Sha256: sum[:]}).GetAttachment()
}

// Download reads an attachment through a subject that names it, such as "concerns/<id>".
func Download(ctx context.Context, attachments attachmentv1.AttachmentServiceClient, id, subject string) ([]byte, error) {
	stream, err := attachments.Download(ctx, &attachmentv1.DownloadRequest{AttachmentId: id, Subject: subject})
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return content.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		content.Write(part.GetData())
	}
}
