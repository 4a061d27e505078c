package rules

import (
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// The audiences from which a rule withholds something. Sender and receiver see the whole referral,
// because each of them acts on consent or a statutory right.
const (
	// AccessOnly is the receiver of a decision notice on statutory access.
	AccessOnly matter.Audience = "statutory-access"
	Client     matter.Audience = "client"
	// Sending are the sender and, for a redirected referral, the sender of the first one.
	Sending matter.Audience = "sender"
)

// Disclosures are few. A decision notice on statutory access is limited to kind, reason,
// attachments and dates (1412/1997 § 18 b.3). What officials write to each other may be about
// persons other than the client (621/1999 § 11), so the client does not see the words.
var Disclosures = []matter.Disclosure{
	matter.Hide("receiver-only/due-basis", "ReferralSent", "status.due_basis", Sending),
	matter.Hide("receiver-only/due-basis", "ReferralSent", "status.due_provision", Sending),
	matter.Hide("receiver-only/due-basis", "ReferralSent", "due_ground", Sending),
	matter.Hide("statutory-access/service", "ReferralSent", "service_key", AccessOnly),
	matter.Hide("statutory-access/language", "ReferralSent", "client_language", AccessOnly),
	matter.Hide("statutory-access/language", "ReferralSent", "client_interpreter", AccessOnly),
	matter.Hide("receiver-only/on-call", "ReferralTriaged", "on_call", Sending, Client),
	matter.Hide("receiver-only/on-call", "InformationAdded", "on_call", Sending, Client),
	matter.Hide("client/between-officials", "ReferralReassigned", "reason", Client),
	matter.Hide("client/between-officials", "InformationRequested", "question", Client),
	matter.Hide("client/between-officials", "InformationProvided", "answer", Client),
	matter.Hide("client/between-officials", "InformationProvided", "attachments", Client),
	matter.Hide("client/between-officials", "InformationAdded", "text", Client),
	matter.Hide("client/between-officials", "InformationAdded", "attachments", Client),
	matter.Hide("client/between-officials", "ProgressNoteAdded", "text", Client),
	matter.Hide("client/between-officials", "ProgressNoteAdded", "attachments", Client),
	matter.Hide("client/between-officials", "ReferralCancellationRequested", "reason", Client),
	matter.Hide("client/between-officials", "ReferralCancellationRefused", "explanation", Client),
}

// Provisions give the reason and the provision of a rule, by the first part of the rule's key.
var Provisions = map[string]string{
	"receiver-only":    "what a due time rests on is disclosed to the receiver, whom it binds, and to the client, whose right it is (1301/2014 § 36, 1412/1997 § 14 a); who is on call is the receiver's own arrangement",
	"statutory-access": "a decision notice on statutory access holds the kind, the reason, attachments and dates (1412/1997 § 18 b.3)",
	"client":           "what officials write to each other may be about others than the client (621/1999 § 11)",
}

// Disclose returns an event as one reader may see it. Every party sees every event.
func Disclose(view Referral, e matter.Event, reader matter.Reader) (matter.Event, []matter.Withheld, bool) {
	if reader.IsSilenced() {
		return matter.Event{}, nil, false
	}
	if m, ok := e.Message.(*referralv1.ReferralOverdue); ok && !matter.PassedFor(view, reader, Status, statusBefore, m) {
		return matter.Event{}, nil, false
	}
	e, withheld := matter.Withhold(Disclosures, e, audienceOf(e, reader))
	return e, withheld, true
}

func audienceOf(e matter.Event, reader matter.Reader) matter.Audience {
	sent, _ := e.Message.(*referralv1.ReferralSent)
	switch {
	case reader.Role == matter.RoleClient:
		return Client
	case reader.Role == matter.RoleReceiver && sent.GetKind() == referralv1.ReferralKind_REFERRAL_KIND_DECISION_NOTICE &&
		e.Basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS:
		return AccessOnly
	case reader.Role != matter.RoleReceiver:
		return Sending
	default:
		return ""
	}
}
