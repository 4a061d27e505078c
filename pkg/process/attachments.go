package process

import (
	"context"

	"github.com/tink-crypto/tink-go/v2/tink"

	"koppi.internal/pkg/attachment"
)

// AttachmentBuckets configures where attachments are stored.
type AttachmentBuckets struct {
	Attachments    string `help:"URL of the bucket of attachments, such as s3://bucket?region=… or file:///folder; the same for all processes." env:"KOPPI_ATTACHMENTS" required:""`
	AttachmentKeys string `help:"URL of the bucket of the attachments' keys. It must be another bucket, whose backups are kept no longer than those of other keys." env:"KOPPI_ATTACHMENT_KEYS" required:""`
}

// Open opens the buckets.
func (p AttachmentBuckets) Open(ctx context.Context, kek tink.AEAD) (*attachment.Store, error) {
	return attachment.Open(ctx, p.Attachments, p.AttachmentKeys, kek)
}
