package rules

import (
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Command is a request with all that its decision needs to know from outside.
type Command struct {
	Actor loop.Actor
	// Subject that is commanded; for a report the new one.
	Subject string
	// Stale says that the caller's etag is not of the version that it was shown.
	Stale bool
	At    time.Time
	// Request is the RPC's request message.
	Request proto.Message
	Facts   Facts
}

// Facts are what the directory, the identities and the worklists say.
type Facts struct {
	// Client and Case are inner ids, of a new report.
	Client, Case string
	// NewID is of the concern that a forward starts, or of the question asked.
	NewID string
	// Describes says that the caller's agency may describe without consent: its
	// profile in the directory is NECESSARY.
	Describes bool
	// YouthWork says that the receiver is outreach youth work (1285/2016 § 11).
	YouthWork bool
	// Receiver is the party addressed, with the intake unit where none was named.
	Receiver *commonv1.Party
	Graces   loop.Graces
	// Earlier counts the receiver's concerns about the client in twelve months.
	Earlier int32
	// CodeInText says that a free text holds something of an identity code's shape.
	CodeInText bool
}

// World is what decisions see of concerns.
type World = loop.World[Concern]

// Related names the concerns that a decision about the known ones also needs:
// whatever an event on one of them is told on to.
func Related(known World) []string {
	var more []string
	for _, history := range known.Subjects {
		c := history.State
		if c.Lead != "" {
			more = append(more, c.Lead)
		}
		if c.ForwardedFrom != "" {
			more = append(more, c.ForwardedFrom)
		}
		more = append(more, c.Reports...)
	}
	for _, holder := range known.Claims {
		more = append(more, holder)
	}
	return more
}
