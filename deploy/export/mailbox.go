package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"koppi.internal/partner"
	"koppi.internal/pkg/attachment/naming"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// pageSize is the largest that Koppi allows; a page has at most 2 MiB.
const pageSize = 1000

// mailbox writes the mailbox of one service, a message a line, and the attachments that its messages name. Each service
// is read alone: among all of them, one that does not answer would be left out.
func (e *exporter) mailbox(ctx context.Context, service string) (Mailbox, File, error) {
	box := Mailbox{Service: service, File: mailboxFolder + "/" + service + ".jsonl", ChainHash: make([]byte, sha256.Size)}
	out, err := e.folder.create(box.File)
	if err != nil {
		return box, File{}, err
	}
	defer func() { _ = out.Close() }()
	var position partner.Position
	for {
		page, err := e.page(ctx, service, position.Cursor)
		if err != nil {
			return box, File{}, err
		}
		for _, message := range page.GetMessages() {
			if message.GetMailbox() != e.Agency || message.GetService() != service {
				return box, File{}, fmt.Errorf("a message of the %s mailbox of %s came: is the token that of %s?", message.GetService(), message.GetMailbox(), e.Agency)
			}
			if position, err = position.Follow(message, ""); err != nil {
				return box, File{}, err
			}
			if err := e.message(ctx, out, message); err != nil {
				return box, File{}, fmt.Errorf("message %d: %w", message.GetSequence(), err)
			}
			box.Sequence, box.ChainHash = message.GetSequence(), message.GetChainHash()
			if partner.Tombstone(message) {
				box.Tombstones++
			}
		}
		position.Cursor = page.GetNextCursor()
		if page.GetBacklog() == 0 || len(page.GetMessages()) == 0 {
			break
		}
	}
	written, err := out.finish()
	return box, written, err
}

func (e *exporter) page(ctx context.Context, service, cursor string) (page *exchangev1.ListMessagesResponse, err error) {
	err = e.insist(ctx, answerTimeout, func(ctx context.Context) (err error) {
		page, err = e.exchange.ListMessages(ctx, &exchangev1.ListMessagesRequest{
			Cursor: cursor, PageSize: pageSize, Consumer: e.consumer, Service: service, WithRecords: true,
		})
		return err
	})
	return page, err
}

// message writes a message, and the attachments that it names.
func (e *exporter) message(ctx context.Context, out *file, message *exchangev1.CaseMessage) error {
	text, err := line(message)
	if err != nil {
		return err
	}
	if _, err := out.Write(text); err != nil {
		return err
	}
	event, err := message.GetEvent().UnmarshalNew()
	if err != nil {
		// A tombstone has none; what an event of a later version names is not known.
		return nil //nolint:nilerr // as said
	}
	for _, named := range naming.AttachmentsIn(event) {
		if err := e.attachment(ctx, message, named); err != nil {
			return fmt.Errorf("attachment %s: %w", named.GetAttachmentId(), err)
		}
	}
	return nil
}

// line is a message in JSON, as ListMessages writes it with records, without the trace context: that belongs to a
// delivery. An event whose type is not known has its type and its bytes.
func line(message *exchangev1.CaseMessage) ([]byte, error) {
	bare := proto.CloneOf(message)
	bare.Traceparent = ""
	text, err := protojson.Marshal(bare)
	if err == nil {
		return compact(text)
	}
	event := bare.GetEvent()
	bare.Event = nil
	if text, err = protojson.Marshal(bare); err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	if fields["event"], err = json.Marshal(map[string]any{"@type": event.GetTypeUrl(), "value": event.GetValue()}); err != nil {
		return nil, err
	}
	if text, err = json.Marshal(fields); err != nil {
		return nil, err
	}
	return compact(text)
}

// compact removes blanks, which the library varies on purpose, and ends the line.
func compact(text []byte) ([]byte, error) {
	var out bytes.Buffer
	err := json.Compact(&out, text)
	out.WriteByte('\n')
	return out.Bytes(), err
}
