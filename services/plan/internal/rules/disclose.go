package rules

import (
	"koppi.internal/pkg/matter"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// The audiences from which a rule withholds something.
const (
	// Known is a member that already knows the plan.
	Known  matter.Audience = "known"
	Client matter.Audience = "client"
)

// Disclosures are few, because members see what the plan holds, and a plan holds only what concerns
// the client. What officials write to each other may be about other persons (621/1999 § 11).
var Disclosures = []matter.Disclosure{
	matter.Hide("known/snapshot", "MemberInvited", "snapshot", Known, Client),
	matter.Hide("client/between-officials", "MemberLeft", "reason", Client),
	matter.Hide("client/between-officials", "InvitationDeclined", "reason", Client),
	matter.Hide("client/between-officials", "ResponsibilityOffered", "reason", Client),
	matter.Hide("client/between-officials", "ResponsibilityDeclined", "reason", Client),
}

// Provisions give the reason and the provision of a rule, by the first part of the rule's key.
var Provisions = map[string]string{
	"known":  "nothing of the plan is disclosed a second time to a member that knows it",
	"client": "what officials write to each other may be about others than the client (621/1999 § 11)",
}

// Disclose returns an event as one reader may see it. Every member sees every event from its
// invitation on.
func Disclose(view Plan, e matter.Event, reader matter.Reader) (matter.Event, []matter.Withheld, bool) {
	if reader.IsSilenced() {
		return matter.Event{}, nil, false
	}
	e, withheld := matter.Withhold(Disclosures, e, audienceOf(view, e, reader))
	return e, withheld, true
}

func audienceOf(view Plan, e matter.Event, reader matter.Reader) matter.Audience {
	if reader.Role == matter.RoleClient {
		return Client
	}
	if m, ok := e.Message.(*planv1.MemberInvited); ok && view.Exists() {
		// A member that is invited again lacks the events since it left, and so gets the snapshot.
		if m.GetParty().GetAgency() != reader.Agency || isMember(view.Plan, reader.Agency) {
			return Known
		}
	}
	return ""
}
