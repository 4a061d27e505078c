package rules

import (
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Command is a request with all that its decision needs to know from outside.
type Command = loop.Command[Facts]

// Facts are what the directory, the identities and the worklists say.
type Facts struct {
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
		for _, forward := range c.Forwards {
			more = append(more, forward.Subject)
		}
	}
	for _, holder := range known.Claims {
		more = append(more, holder)
	}
	return more
}
