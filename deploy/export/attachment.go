package export

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/google/uuid"

	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

var (
	errNoID    = errors.New("its id is no UUID")
	errDiffers = errors.New("what came has another size or SHA-256 than the message says")
)

// attachment downloads an attachment through the matter whose message names it, unless the folder has it already.
// What Koppi does not have any more, or does not show the agency any more, is noted: it may come through another matter.
func (e *exporter) attachment(ctx context.Context, message *exchangev1.CaseMessage, named *commonv1.Attachment) error {
	id, err := uuid.Parse(named.GetAttachmentId())
	if err != nil || id.String() != named.GetAttachmentId() {
		return errNoID
	}
	name := attachmentsFolder + "/" + id.String()
	if e.folder.has(name) {
		return nil
	}
	entry := Attachment{
		AttachmentID: id.String(), Filename: named.GetFilename(), MediaType: named.GetMediaType(), PaperKind: named.GetPaperKind(),
		SizeBytes: named.GetSizeBytes(), SHA256: hex.EncodeToString(named.GetSha256()), Service: message.GetService(), Sequence: message.GetSequence(),
	}
	var written File
	err = e.insist(ctx, downloadTimeout, func(ctx context.Context) (err error) {
		written, err = e.download(ctx, name, &attachmentv1.DownloadRequest{AttachmentId: id.String(), Subject: message.GetSubject()}, named.GetSizeBytes())
		return err
	})
	if fault.ReasonOf(err) == fault.NotFound {
		if _, noted := e.missing[id.String()]; !noted {
			entry.Missing = true
			e.missing[id.String()] = entry
		}
		return nil
	}
	if err == nil && (written.SizeBytes != entry.SizeBytes || written.SHA256 != entry.SHA256) {
		err = errDiffers
	}
	if err != nil {
		return err
	}
	delete(e.missing, id.String())
	e.found.Count, e.found.SizeBytes = e.found.Count+1, e.found.SizeBytes+written.SizeBytes
	return e.writeIndex(entry)
}

// download writes an attachment into the folder, or nothing. It stops when more comes than the message says.
func (e *exporter) download(ctx context.Context, name string, request *attachmentv1.DownloadRequest, most int64) (_ File, err error) {
	stream, err := e.attachments.Download(ctx, request)
	if err != nil {
		return File{}, err
	}
	// Before anything is written: what is not found comes as the first answer.
	if _, err := stream.Recv(); err != nil {
		return File{}, err
	}
	out, err := e.folder.create(name)
	if err != nil {
		return File{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close(), e.folder.remove(name))
		}
	}()
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out.finish()
		}
		if err != nil {
			return File{}, err
		}
		if _, err := out.Write(part.GetData()); err != nil {
			return File{}, err
		}
		if out.size > most {
			return File{}, errDiffers
		}
	}
}

func (e *exporter) writeIndex(entry Attachment) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(entry); err != nil {
		return err
	}
	_, err := e.index.Write(text.Bytes())
	return err
}

// closeIndex adds the missing attachments.
func (e *exporter) closeIndex() (File, error) {
	for _, id := range slices.Sorted(maps.Keys(e.missing)) {
		if err := e.writeIndex(e.missing[id]); err != nil {
			return File{}, err
		}
	}
	e.found.File, e.found.Missing = indexFile, len(e.missing)
	return e.index.finish()
}
