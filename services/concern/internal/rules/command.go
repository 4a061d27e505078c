package rules

import (
	"slices"
	"strings"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
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
	// ToSocialServices says that the party addressed is a social services agency.
	ToSocialServices bool
	// Born is the client's date of birth, at midnight UTC; zero where it is not known.
	Born time.Time
	// OwnOpen counts the open reports of the caller's agency about the client, at whatever
	// receivers.
	OwnOpen int
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
	for _, holder := range known.UniqueKeys {
		more = append(more, holder)
	}
	return more
}

// RelatedTo names those that one command needs. Own are the open reports of the caller's
// agency about the client. A step of a reporter's reads as little of others' reports as it
// can, so that its time tells little of them.
func RelatedTo(known World, command Command, own []string) []string {
	c := known.State(command.Subject)
	switch command.Request.(type) {
	case *concernv1.SubmitConcernRequest, *concernv1.ForwardConcernRequest:
		for _, lead := range known.UniqueKeys {
			if strings.HasPrefix(lead, Collection) {
				return append(among(known.State(lead), own), lead)
			}
		}
		// Nothing is read where nothing is open: as often as where something is.
		return []string{Collection + command.NewID}
	case *concernv1.ReceiveConcernRequest:
		return concerns(c.Lead, Collection+c.OwnLead)
	case *concernv1.TriageConcernRequest, *concernv1.ReassignConcernRequest, *concernv1.RequestInformationRequest,
		*concernv1.ProvideInformationRequest, *concernv1.SettleConcernRequest, *concernv1.AcknowledgeRevocationRequest:
		return nil
	case *concernv1.WithdrawConcernRequest, *concernv1.RevokeConcernRequest:
		if c.Lead != "" {
			return append(among(known.State(c.Lead), own), concerns(c.Lead, c.ForwardedFrom)...)
		}
	}
	return Related(known)
}

// among are those of an agency's own reports that joined a concern, or lead it.
func among(lead Concern, own []string) []string {
	var joined []string
	for _, subject := range own {
		if subject == lead.Subject || slices.Contains(lead.Reports, subject) {
			joined = append(joined, subject)
		}
	}
	return joined
}

// concerns are those names that name one.
func concerns(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return name == "" || name == Collection })
}

// CheckStep refuses a step by the concern alone.
func CheckStep(world World, command Command) error {
	view := world.Subjects[command.Subject].Views[command.Actor.Agency]
	err := table.Check(loop.StepOf(command.Request), view, command.Actor, command.Stale)
	if fault.ReasonOf(err) == fault.IllegalStep && view.Reader.Role == loop.RoleReceiver && view.State.Lead != "" && view.State.IsOpen() {
		return joinedAlready(loop.StepOf(command.Request), view, command.Actor)
	}
	return err
}

// joinedAlready refuses a step on a report that joined another, and says which. It is for the
// receiver, who has them both: a reporter may not know that its report joined.
func joinedAlready(step string, view loop.View[Concern], actor loop.Actor) error {
	allowed := strings.Join(table.Allowed(view, actor), ", ")
	return fault.New(fault.IllegalStep, "%s is not possible on this report: it joined the concern %s; possible here: %s", step, ID(view.State.Lead), loop.FirstOf(allowed, "nothing")).
		With("allowed_steps", allowed).With("joined_concern_id", ID(view.State.Lead)).
		Advise("take the step on the concern that it joined; its reporter is told")
}
