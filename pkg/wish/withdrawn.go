package wish

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Receiver is an agency that a sending would tell, and the name of its kind.
type Receiver struct{ Agency, Kind string }

// Given is a consent on which an agency sends, as it says when it was given.
type Given struct {
	// By is the agency that sends, and To whom; nobody where that is not known yet, as of a
	// plan that begins.
	By string
	To []Receiver
	At time.Time
	// Cited says that At was taken of a consent in advance which stands and is cited by its
	// id.
	Cited bool
}

// Counts tells whether a consent still counts, beside those that the client has withdrawn.
// A withdrawal by which an agency, or those whom it would tell, were reached takes with it
// all that was given until then: towards them, or towards nobody yet. Towards others it
// takes the very consent, and what is older. What the client gave after the withdrawal
// counts.
func (w Directives) Counts(given Given) bool {
	for _, one := range w.Withdrawn {
		if slices.Contains(one.Consent.GetAgencies(), given.By) && given.endedBy(one.Consent.GetGivenAt().AsTime(), one.Consent.GetWithdrawnAt().AsTime(), func(r Receiver) bool {
			return slices.Contains(one.Consent.GetAgencies(), r.Agency)
		}) {
			return false
		}
	}
	for _, one := range w.Consents {
		// What is cited by its id stands, whatever else was withdrawn.
		if one.GetWithdrawnAt() != nil && !given.Cited && mayCite(one, given.By) && given.endedBy(one.GetGivenAt().AsTime(), one.GetWithdrawnAt().AsTime(), func(r Receiver) bool {
			return Covers(one.GetRecipient(), r.Agency, r.Kind)
		}) {
			return false
		}
	}
	return true
}

// endedBy tells whether a consent ended with one that was given and withdrawn at those
// moments, and reached some receivers.
func (g Given) endedBy(givenAt, withdrawnAt time.Time, reached func(Receiver) bool) bool {
	switch {
	case g.At.After(withdrawnAt):
		return false
	case len(g.To) == 0 || slices.ContainsFunc(g.To, reached):
		return true
	default:
		return !g.Cited && !g.At.After(givenAt)
	}
}

// Withdrawn is a withdrawn consent on which a matter rested, of this service or another.
type Withdrawn struct {
	// ID is the same in every service.
	ID      string
	Consent *consentv1.WithdrawnConsent
	// Own is of a matter of this service, PassedOn once every other service has it.
	Own, PassedOn bool
}

// withdrawnIDs are made of the names of matters.
var withdrawnIDs = uuid.MustParse("5f0c7a52-64a1-4d0c-9a43-3f6f9a1c2e59")

// IDOfWithdrawn names the withdrawn consent of a matter: it is withdrawn once.
func IDOfWithdrawn(subject string) string {
	return uuid.NewSHA1(withdrawnIDs, []byte(subject)).String()
}

// Knows tells whether the withdrawn consent of a matter is kept here.
func (w Directives) Knows(subject string) bool {
	id := IDOfWithdrawn(subject)
	return slices.ContainsFunc(w.Withdrawn, func(one Withdrawn) bool { return one.ID == id })
}

// Note is the event by which a service keeps a withdrawn consent; nil where it does so
// already.
func (w Directives) Note(consent *consentv1.WithdrawnConsent, toPassOn bool) proto.Message {
	if w.Knows(consent.GetSubject()) {
		return nil
	}
	return &consentv1.AdvanceConsentWithdrawn{ConsentId: IDOfWithdrawn(consent.GetSubject()), Matter: consent, ToPassOn: toPassOn}
}

// PassedOn is the event that every other service has a withdrawn consent; nil where that is
// known already.
func (w Directives) PassedOn(subject string) proto.Message {
	id := IDOfWithdrawn(subject)
	if !slices.ContainsFunc(w.ToPassOn(), func(one Withdrawn) bool { return one.ID == id }) {
		return nil
	}
	return &consentv1.WishCarriedOut{WishId: id, PassedOn: true}
}

// ToPassOn are the withdrawn consents that not every other service is known to have.
func (w Directives) ToPassOn() []Withdrawn {
	return slices.DeleteFunc(slices.Clone(w.Withdrawn), func(one Withdrawn) bool { return !one.Own || one.PassedOn })
}

// passedOn is the list with one that every other service has.
func passedOn(list []Withdrawn, id string) []Withdrawn {
	list = slices.Clone(list)
	for i := range list {
		list[i].PassedOn = list[i].PassedOn || list[i].ID == id
	}
	return list
}
