// Package naming knows which matters of a service name which attachments: it finds those that a request
// may name, keeps those that events name, and shows them to those who read the matter.
package naming

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/protofield"
	"koppi.internal/pkg/reading"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Naming serves the attachments that the matters of one service name. S is their state.
type Naming[S matter.State] struct {
	Matters   *reading.Matters[S]
	Secrets   *identity.Secrets
	AccessLog *accesslog.Recorder
	// Attachments store the files; nil if none are kept.
	Attachments *attachment.Store
	// Message returns a matter as its caller reads it.
	Message func(reading.Shown[S]) proto.Message
}

// Find finds the attachments that a request names for a matter of a client: those of the caller's
// agency that belong to no other client. The first error says why an attachment cannot be named,
// and the content check returns it; the second means that this could not be determined.
func (n *Naming[S]) Find(ctx context.Context, who identity.Caller, r proto.Message, client string) ([]*commonv1.Attachment, error, error) {
	named, ok := r.(interface{ GetAttachmentIds() []string })
	if !ok || len(named.GetAttachmentIds()) == 0 {
		return nil, nil, nil
	}
	if n.Attachments == nil {
		return nil, fault.New(fault.AttachmentUnavailable, "this server stores no attachments").Field("attachment_ids", "leave empty"), nil
	}
	if client == "" {
		return nil, fault.New(fault.ContentNotAllowed, "a matter without a client has no attachments").Field("attachment_ids", "leave empty"), nil
	}
	var found []*commonv1.Attachment
	for i, id := range named.GetAttachmentIds() {
		upload, err := n.find(ctx, who, id, client)
		field := fmt.Sprintf("attachment_ids[%d]", i)
		switch {
		case errors.Is(err, attachment.ErrNotFound):
			return nil, fault.New(fault.AttachmentUnavailable, "your agency has no such attachment").Field(field, "not uploaded by your agency within the last day"), nil
		case errors.Is(err, attachment.ErrUnfinished):
			return nil, fault.New(fault.AttachmentUnavailable, "the upload is not finished").Field(field, "finish the upload first"), nil
		case errors.Is(err, attachment.ErrOtherClient):
			return nil, otherClient(field), nil
		case err != nil:
			return nil, nil, fault.Store(err)
		}
		found = append(found, upload.Message())
	}
	return found, nil, nil
}

// find finds one attachment. A person who reads by unit names its own and those of the agency's systems:
// another worker's may be of a matter that does not exist for this person.
func (n *Naming[S]) find(ctx context.Context, who identity.Caller, id, client string) (attachment.Upload, error) {
	if !n.Matters.Scopes.Of(who).Whole {
		if upload, err := n.Attachments.Get(ctx, id); err != nil || !upload.IsBy(n.Secrets, who) {
			return attachment.Upload{}, cmp.Or(err, attachment.ErrNotFound)
		}
	}
	return n.Attachments.Find(ctx, id, who.Agency, attachment.Owner(n.Secrets, client))
}

func otherClient(field string) error {
	return fault.New(fault.AttachmentUnavailable, "the attachment belongs to another client").Field(field, "not uploaded for this client")
}

// Keep records that events name attachments, before the events are stored. This includes
// events that are passed on whole.
func (n *Naming[S]) Keep(ctx context.Context, events []matter.Event) error {
	for _, event := range events {
		for _, one := range AttachmentsIn(event.Message) {
			if n.Attachments == nil {
				return nil
			}
			err := n.Attachments.Name(ctx, one.GetAttachmentId(), event.Subject, attachment.Owner(n.Secrets, event.Client))
			if errors.Is(err, attachment.ErrOtherClient) {
				return otherClient("attachment_ids")
			}
			if err != nil {
				return fault.Store(err)
			}
		}
	}
	return nil
}

// attachmentFields lead to attachments.
var attachmentFields = protofield.Leading{To: func(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && field.Message().FullName() == "koppi.common.v1.Attachment"
}}

// AttachmentsIn lists the attachments in a message, at any depth.
func AttachmentsIn(message proto.Message) []*commonv1.Attachment {
	var found []*commonv1.Attachment
	see := func(value protoreflect.Value) {
		if one, ok := value.Message().Interface().(*commonv1.Attachment); ok {
			found = append(found, one)
			return
		}
		found = append(found, AttachmentsIn(value.Message().Interface())...)
	}
	attachmentFields.Range(message.ProtoReflect(), func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if !field.IsList() {
			see(value)
			return true
		}
		for i := range value.List().Len() {
			see(value.List().Get(i))
		}
		return true
	})
	return found
}

// ReadAttachment returns an attachment that the caller sees in a subject that it may read, and
// records the reading.
func (n *Naming[S]) ReadAttachment(ctx context.Context, r *caseworkv1.ReadAttachmentRequest) (*caseworkv1.ReadAttachmentResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	shown, err := n.Matters.Read(ctx, who, r.GetSubject())
	if err != nil {
		return nil, err
	}
	for _, one := range AttachmentsIn(n.Message(shown[0])) {
		if one.GetAttachmentId() == r.GetAttachmentId() {
			return &caseworkv1.ReadAttachmentResponse{Attachment: one}, n.AccessLog.Read(ctx, who, "attachment "+r.GetAttachmentId(), accesslog.ReadingOf(shown[0].State))
		}
	}
	return nil, caller.NotFound()
}

// CheckAttachments returns which of the given subjects name an attachment.
func (n *Naming[S]) CheckAttachments(ctx context.Context, r *caseworkv1.CheckAttachmentsRequest) (*caseworkv1.CheckAttachmentsResponse, error) {
	response := &caseworkv1.CheckAttachmentsResponse{}
	for _, subject := range r.GetSubjects() {
		named, err := n.names(ctx, subject, func(message proto.Message) bool {
			for _, one := range AttachmentsIn(message) {
				if one.GetAttachmentId() == r.GetAttachmentId() {
					return true
				}
			}
			return false
		})
		if err != nil {
			return nil, err
		}
		if named {
			response.Naming = append(response.Naming, subject)
		}
	}
	return response, nil
}

// names tells whether an event of a subject matches; false for a subject entered in error or
// erased.
func (n *Naming[S]) names(ctx context.Context, subject string, such func(proto.Message) bool) (bool, error) {
	events, err := n.Matters.Engine.Events(ctx, subject)
	if err != nil || len(events) == 0 {
		return false, err
	}
	found := false
	for _, event := range events {
		if _, revoked := event.Message.(*commonv1.EnteredInError); revoked {
			return false, nil
		}
		found = found || such(event.Message)
	}
	return found, nil
}

// Forget makes the attachment store check again whether any subject names the attachments of
// this one, which was entered in error or has expired.
func (n *Naming[S]) Forget(ctx context.Context, subject string) error {
	if n.Attachments == nil {
		return nil
	}
	events, err := n.Matters.Engine.Events(ctx, subject)
	if err != nil {
		return err
	}
	for _, event := range events {
		for _, one := range AttachmentsIn(event.Message) {
			if err := n.Attachments.Forget(ctx, one.GetAttachmentId()); err != nil {
				return err
			}
		}
	}
	return nil
}
