package rules

import (
	"koppi.internal/pkg/loop"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// The audiences from which a rule withholds something.
const (
	// Known is a party that already knows the conversation.
	Known  loop.Audience = "known"
	Client loop.Audience = "client"
	// Asking is the asker, and Invited a party that joins later.
	Asking  loop.Audience = "asker"
	Invited loop.Audience = "invited"
)

// Disclosures are few, because the parties see the whole conversation. What officials write to each
// other may be about persons other than the client (621/1999 § 11). Of a consultation about the
// client, the client sees who asked whom about what, when, and what it led to.
var Disclosures = []loop.Disclosure{
	loop.Hide("receiver-only/due-basis", "ConsultationOpened", "status.due_basis", Asking),
	loop.Hide("receiver-only/due-basis", "ParticipantInvited", "status.due_basis", Invited),
	loop.Hide("known/snapshot", "ParticipantInvited", "snapshot", Known, Asking, Client),
	loop.Hide("client/between-officials", "ConsultationOpened", "question", Client),
	loop.Hide("client/between-officials", "ConsultationOpened", "attachments", Client),
	loop.Hide("client/between-officials", "ConsultationReassigned", "reason", Client),
	loop.Hide("client/between-officials", "MessagePosted", "text", Client),
	loop.Hide("client/between-officials", "MessagePosted", "attachments", Client),
}

// Provisions give the reason and the provision of a rule, by the first part of the rule's key.
var Provisions = map[string]string{
	"receiver-only": "what a due time rests on is told to the receiver, whom it binds, and to the client, whose right it is (1301/2014 § 36)",
	"known":         "who knows the conversation is told nothing of it twice",
	"client":        "what officials write to each other may be about others than the client (621/1999 § 11)",
}

// Disclose returns an event as one reader may see it. Every party sees every event from its
// invitation on.
func Disclose(view Consultation, e loop.Event, reader loop.Reader) (loop.Event, []loop.Withheld, bool) {
	if reader.IsSilenced() {
		return loop.Event{}, nil, false
	}
	if m, ok := e.Message.(*consultationv1.ConsultationOverdue); ok && !loop.PassedFor(view, reader, Status, statusBefore, m) {
		return loop.Event{}, nil, false
	}
	audience := loop.Audience("")
	switch {
	case reader.Role == loop.RoleClient:
		audience = Client
	case reader.Role == loop.RoleSender:
		audience = Asking
	case view.Exists():
		audience = Known
	case reader.Role == loop.RoleParticipant:
		audience = Invited
	}
	e, withheld := loop.Withhold(Disclosures, e, audience)
	return e, withheld, true
}
