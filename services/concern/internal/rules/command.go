package rules

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Command is a request together with everything from outside that its decision needs.
type Command = matter.Command[Facts]

// Facts are what the rules need from the directory, the identity service and the worklists.
type Facts struct {
	// Receiver is the addressed party, with the intake unit if the caller named none.
	Receiver *commonv1.Party
	// OnCall is the unit of the addressed party's kind, or the holder's, that is on call now; nil if there is
	// none.
	OnCall *commonv1.Party
	Graces matter.Graces
	// Areas are the areas of the receiver's units, by unit; nil where its people read all of the agency.
	Areas map[string]string
	// ToSocialServices says that the addressed party is a social services agency.
	ToSocialServices bool
	// Born is the client's date of birth at midnight UTC; zero if it is not known.
	Born time.Time
	// OwnOpen is the number of open reports of the caller's agency about the client, at all
	// receivers, of which the actor may know.
	OwnOpen int
	// OwnKnown are those of the agency's open reports about the client of which the actor may know, if its
	// people read by unit; nil if it may know of all.
	OwnKnown map[string]bool
	// Earlier is the number of the receiver's concerns about the client in the last twelve months, and
	// EarlierUnreached of those that ended because the client was not reached or wanted no help.
	Earlier, EarlierUnreached int32
	// Words says that a notification of the caller's agency may have words, if no terms say so.
	Words bool
}

// World is what decisions see of concerns.
type World = matter.World[Concern]

// Related returns the concerns that a decision about the known ones also needs: all concerns to
// which an event on a known one leads to an event.
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

// RelatedTo returns the concerns that one command needs. Own are the open reports of the caller's
// agency about the client, and keys is how many unique keys were looked up. For a reporter's step as few reports of others as possible are read, so
// that the duration of the step reveals little about them.
func RelatedTo(known World, command Command, own []string, keys int) []string {
	c := known.State(command.Subject)
	switch command.Request.(type) {
	case *concernv1.SubmitConcernRequest, *concernv1.ForwardConcernRequest:
		var related []string
		leads := Leads(known, command, keys)
		for _, lead := range leads {
			related = append(related, among(known.State(lead), own)...)
		}
		return append(related, leads...)
	case *concernv1.ReceiveConcernRequest:
		return concerns(c.Lead, Collection+c.OwnLead)
	case *concernv1.RequestInformationRequest, *concernv1.ProvideInformationRequest, *concernv1.AddInformationRequest:
		// Where nothing leads, an id that does not exist is read, as when a report is sent.
		lead := cmp.Or(c.Lead, Collection+matter.DerivedID(command.NewID, "lead"))
		return concerns(lead, Collection+c.OwnLead)
	case *concernv1.TriageConcernRequest, *concernv1.ReassignConcernRequest, *concernv1.SettleConcernRequest, *concernv1.AcknowledgeRevocationRequest,
		*concernv1.RecordFeedbackConsentRequest, *concernv1.SetSecondWorkerRequest:
		return nil
	case *concernv1.WithdrawConcernRequest, *concernv1.RevokeConcernRequest:
		if c.Lead != "" {
			return append(among(known.State(c.Lead), own), concerns(c.Lead, c.ForwardedFrom)...)
		}
	}
	return Related(known)
}

// Leads returns the concerns that a new report may join, or the one that the commanded report joined. Where fewer
// than keys are open, ids that do not exist stand for the others, so that the number of reads is the same.
func Leads(known World, command Command, keys int) []string {
	switch command.Request.(type) {
	case *concernv1.SubmitConcernRequest, *concernv1.ForwardConcernRequest:
		var leads []string
		for _, lead := range known.UniqueKeys {
			if strings.HasPrefix(lead, Collection) {
				leads = append(leads, lead)
			}
		}
		for n := len(leads); n < keys; n++ {
			leads = append(leads, Collection+matter.DerivedID(command.NewID, strconv.Itoa(n)))
		}
		return leads
	default:
		return concerns(known.State(command.Subject).Lead)
	}
}

// among returns those of an agency's own reports that joined a concern or lead it.
func among(lead Concern, own []string) []string {
	var joined []string
	for _, subject := range own {
		if subject == lead.Subject || slices.Contains(lead.Reports, subject) {
			joined = append(joined, subject)
		}
	}
	return joined
}

// concerns returns the names that are not empty.
func concerns(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return name == "" || name == Collection })
}
