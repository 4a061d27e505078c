package directive

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Receiver is an agency to which a sending would disclose, and the name of its kind.
type Receiver struct{ Agency, Kind string }

// Given is a consent on which an agency sends, with the time of consent as the agency states it.
type Given struct {
	// By is the sending agency. To are the receivers; empty if they are not known yet, as when a
	// plan begins.
	By string
	To []Receiver
	At time.Time
	// Cited says that At was taken from a valid advance consent that is cited by its id.
	Cited bool
}

// Counts tells whether a consent is still valid, given the consents that the client has withdrawn.
// A withdrawal that concerns the sending agency invalidates every consent given up to that moment
// towards the receivers that the withdrawn consent reached, and also if no receiver is known yet.
// Towards other receivers it invalidates only the withdrawn consent itself and older ones. A
// consent given after the withdrawal is valid. Of a matter that goes on without one of its members, the
// withdrawn consent reached that member alone: no receiver that is not known yet.
func (w Directives) Counts(given Given) bool {
	for _, one := range w.Withdrawn {
		if slices.Contains(one.Consent.GetAgencies(), given.By) && given.endedWith(one.Consent) {
			return false
		}
	}
	for _, one := range w.Consents {
		// A consent that is cited by its id is valid, whatever else was withdrawn.
		if one.GetWithdrawnAt() != nil && !given.Cited && mayCite(one, given.By) && given.endedBy(one.GetGivenAt().AsTime(), one.GetWithdrawnAt().AsTime(), func(r Receiver) bool {
			return Covers(one.GetRecipient(), r.Agency, r.Kind)
		}) {
			return false
		}
	}
	return true
}

// endedWith tells whether the consent ended together with that of a matter.
func (g Given) endedWith(withdrawn *consentv1.WithdrawnConsent) bool {
	given, at, towards := withdrawn.GetGivenAt().AsTime(), withdrawn.GetWithdrawnAt().AsTime(), withdrawn.GetTowards()
	if towards != "" && len(g.To) == 0 {
		return !g.Cited && !g.At.After(given)
	}
	return g.endedBy(given, at, func(r Receiver) bool {
		return r.Agency == towards || towards == "" && slices.Contains(withdrawn.GetAgencies(), r.Agency)
	})
}

// endedBy tells whether the consent ended together with one that was given and withdrawn at these
// times and that reached certain receivers.
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

// Withdrawn is a withdrawn consent on which a matter of this service or of another one rested.
type Withdrawn struct {
	// ID is the same in every service.
	ID      string
	Consent *consentv1.WithdrawnConsent
	// Own says that the matter is of this service, PassedOn that every other service has the
	// withdrawal.
	Own, PassedOn bool
}

// withdrawnIDs is the UUID namespace of withdrawn consents, whose ids are derived from the names of
// matters.
var withdrawnIDs = uuid.MustParse("5f0c7a52-64a1-4d0c-9a43-3f6f9a1c2e59")

// IDOfWithdrawn returns the id of the withdrawn consent of a matter, which is the same in every service.
// The consent of a whole matter is withdrawn only once, that of a member possibly again.
func IDOfWithdrawn(consent *consentv1.WithdrawnConsent) string {
	name := consent.GetSubject()
	if consent.GetTowards() != "" {
		name += fmt.Sprintf("/%s/%d", consent.GetTowards(), consent.GetWithdrawnAt().AsTime().UnixMicro())
	}
	return uuid.NewSHA1(withdrawnIDs, []byte(name)).String()
}

// Knows tells whether this service keeps a withdrawn consent of a matter.
func (w Directives) Knows(subject string) bool {
	return slices.ContainsFunc(w.Withdrawn, func(one Withdrawn) bool { return one.Consent.GetSubject() == subject })
}

// Note returns the event that makes a service keep a withdrawn consent; nil if it does already.
func (w Directives) Note(consent *consentv1.WithdrawnConsent, toPassOn bool) proto.Message {
	id := IDOfWithdrawn(consent)
	if slices.ContainsFunc(w.Withdrawn, func(one Withdrawn) bool { return one.ID == id }) {
		return nil
	}
	return &consentv1.AdvanceConsentWithdrawn{ConsentId: id, Matter: consent, ToPassOn: toPassOn}
}

// PassedOn returns the event that records that every other service has a withdrawn consent; nil if
// that is recorded already.
func (w Directives) PassedOn(consent *consentv1.WithdrawnConsent) proto.Message {
	id := IDOfWithdrawn(consent)
	if !slices.ContainsFunc(w.ToPassOn(), func(one Withdrawn) bool { return one.ID == id }) {
		return nil
	}
	return &consentv1.WishCarriedOut{WishId: id, PassedOn: true}
}

// ToPassOn returns the withdrawn consents that this service has not yet passed on to every other
// service.
func (w Directives) ToPassOn() []Withdrawn {
	return slices.DeleteFunc(slices.Clone(w.Withdrawn), func(one Withdrawn) bool { return !one.Own || one.PassedOn })
}

// passedOn returns the list in which the named withdrawal is marked as passed on.
func passedOn(list []Withdrawn, id string) []Withdrawn {
	list = slices.Clone(list)
	for i := range list {
		list[i].PassedOn = list[i].PassedOn || list[i].ID == id
	}
	return list
}
