package rules

import (
	"koppi.internal/pkg/loop"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// The audiences from which a rule withholds something.
const (
	// Known is a member that already knows the plan.
	Known  loop.Audience = "known"
	Client loop.Audience = "client"
)

// Disclosures are few, because members see what the plan holds, and a plan holds only what concerns
// the client. What officials write to each other may be about other persons (621/1999 § 11).
var Disclosures = []loop.Disclosure{
	loop.Hide("known/snapshot", "MemberInvited", "snapshot", Known, Client),
	loop.Hide("client/between-officials", "MemberLeft", "reason", Client),
	loop.Hide("client/between-officials", "InvitationDeclined", "reason", Client),
	loop.Hide("client/between-officials", "ResponsibilityOffered", "reason", Client),
	loop.Hide("client/between-officials", "ResponsibilityDeclined", "reason", Client),
}

// Provisions give the reason and the provision of a rule, by the first part of the rule's key.
var Provisions = map[string]string{
	"known":  "who knows the plan is told nothing of it twice",
	"client": "what officials write to each other may be about others than the client (621/1999 § 11)",
}

// Disclose returns an event as one reader may see it. Every member sees every event from its
// invitation on.
func Disclose(view Plan, e loop.Event, reader loop.Reader) (loop.Event, []loop.Withheld, bool) {
	if reader.IsSilenced() {
		return loop.Event{}, nil, false
	}
	e, withheld := loop.Withhold(Disclosures, e, audienceOf(view, e, reader))
	return e, withheld, true
}

func audienceOf(view Plan, e loop.Event, reader loop.Reader) loop.Audience {
	if reader.Role == loop.RoleClient {
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
