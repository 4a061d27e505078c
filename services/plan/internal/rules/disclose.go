package rules

import (
	"koppi.internal/pkg/loop"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// The audiences from whom something is kept.
const (
	// Known is a member that knows the plan already.
	Known  loop.Audience = "known"
	Client loop.Audience = "client"
)

// Disclosures are few: members see what the plan holds, and a plan holds only what is
// the client's. What officials write to each other may be about others (621/1999 § 11).
var Disclosures = []loop.Disclosure{
	loop.Hide("known/snapshot", "MemberInvited", "snapshot", Known, Client),
	loop.Hide("client/between-officials", "MemberLeft", "reason", Client),
	loop.Hide("client/between-officials", "InvitationDeclined", "reason", Client),
	loop.Hide("client/between-officials", "ResponsibilityOffered", "reason", Client),
	loop.Hide("client/between-officials", "ResponsibilityDeclined", "reason", Client),
}

// Provisions say why, by the first part of a rule's key.
var Provisions = map[string]string{
	"known":  "who knows the plan is told nothing of it twice",
	"client": "what officials write to each other may be about others than the client (621/1999 § 11)",
}

// Disclose turns an event into what one reader is told of it. Every member is told of
// every event, from its invitation on.
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
		// Who comes back has missed what was told meanwhile.
		if m.GetParty().GetAgency() != reader.Agency || isMember(view.Plan, reader.Agency) {
			return Known
		}
	}
	return ""
}
