package rules

import (
	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// The audiences from which a rule withholds something.
const (
	// Known is a party that already knows the conversation.
	Known  matter.Audience = "known"
	Client matter.Audience = "client"
	// Asking is the asker, and Invited a party that joins later.
	Asking  matter.Audience = "asker"
	Invited matter.Audience = "invited"
)

// Disclosures are few, because the parties see the whole conversation. What officials write to each
// other may be about persons other than the client (621/1999 § 11). Of a consultation about the
// client, the client sees who asked whom about what, when, and what it led to.
var Disclosures = []matter.Disclosure{
	matter.Hide("receiver-only/due-basis", "ConsultationOpened", "status.due_basis", Asking),
	matter.Hide("receiver-only/due-basis", "ParticipantInvited", "status.due_basis", Invited),
	matter.Hide("known/snapshot", "ParticipantInvited", "snapshot", Known, Asking, Client),
	matter.Hide("client/between-officials", "ConsultationOpened", "question", Client),
	matter.Hide("client/between-officials", "ConsultationOpened", "attachments", Client),
	matter.Hide("client/between-officials", "ConsultationReassigned", "reason", Client),
	matter.Hide("client/between-officials", "MessagePosted", "text", Client),
	matter.Hide("client/between-officials", "MessagePosted", "attachments", Client),
}

// Provisions give the reason and the provision of a rule, by the first part of the rule's key.
var Provisions = map[string]string{
	"receiver-only": "what a due time rests on is disclosed to the receiver, whom it binds, and to the client, whose right it is (1301/2014 § 36)",
	"known":         "nothing of the conversation is disclosed a second time to a reader that knows it",
	"client":        "what officials write to each other may be about others than the client (621/1999 § 11)",
}

// Disclose returns an event as one reader may see it. Every party sees every event from its
// invitation on.
func Disclose(view Consultation, e matter.Event, reader matter.Reader) (matter.Event, []matter.Withheld, bool) {
	if reader.IsSilenced() {
		return matter.Event{}, nil, false
	}
	if m, ok := e.Message.(*consultationv1.ConsultationOverdue); ok && !matter.PassedFor(view, reader, Status, statusBefore, m) {
		return matter.Event{}, nil, false
	}
	audience := matter.Audience("")
	switch {
	case reader.Role == matter.RoleClient:
		audience = Client
	case reader.Role == matter.RoleSender:
		audience = Asking
	case view.Exists():
		audience = Known
	case reader.Role == matter.RoleParticipant:
		audience = Invited
	}
	e, withheld := matter.Withhold(Disclosures, e, audience)
	return e, withheld, true
}
