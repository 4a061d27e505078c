// Package directive holds the pure rules on a client's consent directives for future matters: advance
// consents, prohibitions of disclosure, and how officers may override a prohibition. Each service
// keeps the directives in its own journal, one subject for each client, so that no service has to
// ask another before it sends.
package directive

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Collection is the prefix of the subjects of consent directives: one subject for each client, in
// the journal of every service. They appear in no mailbox or statistics. Only overrides and waiting
// directives appear in worklists: in those of the officers who may decide them.
const Collection = "wishes/"

// Directives are the consent directives of one client, as one service keeps them. The messages lack
// the fields that differ by reader, and are never modified in place.
type Directives struct {
	matter.Head
	Consents     []*consentv1.AdvanceConsent
	Prohibitions []*consentv1.Prohibition
	Blocked      []*consentv1.BlockedSending
	Overrides    []*consentv1.Override
	// Withdrawn are the withdrawn consents on which matters rested, in this service and in others.
	Withdrawn []Withdrawn
	// Waiting are the directives that agencies recorded for the client, whether decided or not.
	// Listed holds the ids of those that this service's worklists show.
	Waiting []*consentv1.WaitingWish
	Listed  map[string]bool
	// Pending are the ids of withdrawn consents and prohibitions whose consequences for existing
	// matters have not been carried out yet.
	Pending []string
}

// Evolve folds one event into the directives. It does not modify its argument.
func Evolve(w Directives, e matter.Event) Directives {
	at := timestamppb.New(e.At)
	if !w.Exists() {
		w.Head = matter.Head{Subject: e.Subject, Client: e.Client, Started: e.At}
	}
	switch m := e.Message.(type) {
	case *consentv1.ConsentGiven:
		w.Consents = append(slices.Clip(w.Consents), m.GetConsent())
	case *consentv1.AdvanceConsentWithdrawn:
		if m.GetMatter() != nil {
			w.Withdrawn = append(slices.Clip(w.Withdrawn), Withdrawn{ID: m.GetConsentId(), Consent: m.GetMatter(), Own: m.GetToPassOn()})
			break
		}
		w.Consents = changed(w.Consents, m.GetConsentId(), func(c *consentv1.AdvanceConsent) {
			c.WithdrawnAt, c.WithdrawnBy, c.WithdrawalReason = at, e.By, m.GetReason()
		})
		w.Pending = append(slices.Clip(w.Pending), m.GetConsentId())
	case *consentv1.ConsentCited:
		w.Consents = changed(w.Consents, m.GetConsentId(), func(c *consentv1.AdvanceConsent) { c.CitedIn = append(c.CitedIn, m.GetSubjects()...) })
	case *consentv1.TransferProhibited:
		w.Prohibitions = append(slices.Clip(w.Prohibitions), &consentv1.Prohibition{
			ProhibitionId: m.GetProhibitionId(), Recipient: m.GetRecipient(), GivenAt: at, By: e.By,
			Reason: m.GetReason(), ConfirmedByClient: m.GetConfirmedByClient(),
		})
		w.Pending = append(slices.Clip(w.Pending), m.GetProhibitionId())
	case *consentv1.ProhibitionLifted:
		w.Prohibitions = changed(w.Prohibitions, m.GetProhibitionId(), func(p *consentv1.Prohibition) { p.LiftedAt, p.LiftedBy = at, e.By })
	case *consentv1.WishCarriedOut:
		if m.GetPassedOn() {
			w.Withdrawn = passedOn(w.Withdrawn, m.GetWishId())
			break
		}
		w.Pending = slices.DeleteFunc(slices.Clone(w.Pending), func(id string) bool { return id == m.GetWishId() })
		w.Consents = changed(w.Consents, m.GetWishId(), func(c *consentv1.AdvanceConsent) { c.Withdrawn = m.GetWithdrawn() })
		w.Prohibitions = changed(w.Prohibitions, m.GetWishId(), func(p *consentv1.Prohibition) {
			p.Withdrawn, p.Continuing = m.GetWithdrawn(), m.GetContinuing()
		})
	case *consentv1.SendingBlocked:
		blocked := proto.CloneOf(m.GetSending())
		blocked.At, blocked.By = at, e.By
		w.Blocked = append(slices.Clip(w.Blocked), blocked)
	case *consentv1.OverrideRequested:
		if one := m.GetOverride().GetWaiting(); one != nil {
			w.Waiting = append(slices.Clip(w.Waiting), one)
			w.Listed = listed(w.Listed, one.GetWishId(), m.GetOverride().GetListed())
			return w
		}
		w.Overrides = append(slices.Clip(w.Overrides), m.GetOverride())
	case *consentv1.OverrideDecided:
		w.Overrides = changed(w.Overrides, m.GetOverrideId(), func(o *consentv1.Override) {
			o.DecidedAt, o.DecidedBy, o.Approved, o.Until = at, e.By, m.GetApproved(), m.GetUntil()
		})
		w.Waiting = changed(w.Waiting, m.GetOverrideId(), func(one *consentv1.WaitingWish) {
			one.DecidedAt, one.DecidedBy, one.Confirmed = at, e.By, m.GetApproved()
		})
	case *consentv1.OverrideUsed:
		w.Overrides = changed(w.Overrides, m.GetOverrideId(), func(o *consentv1.Override) { o.UsedAt, o.UsedFor = at, m.GetSubject() })
	}
	return w
}

// NextCheck is when the clock must next process the directives: at once while something is pending,
// zero otherwise.
func NextCheck(history matter.History[Directives]) time.Time {
	if len(history.State.Pending) == 0 {
		return time.Time{}
	}
	return history.State.Started
}

// one is a directive of any kind.
type one interface {
	proto.Message
	*consentv1.AdvanceConsent | *consentv1.Prohibition | *consentv1.Override | *consentv1.WaitingWish
}

// idOf returns the id of a directive.
func idOf[W one](entry W) string {
	switch w := any(entry).(type) {
	case *consentv1.AdvanceConsent:
		return w.GetConsentId()
	case *consentv1.Prohibition:
		return w.GetProhibitionId()
	case *consentv1.Override:
		return w.GetOverrideId()
	case *consentv1.WaitingWish:
		return w.GetWishId()
	}
	return ""
}

// listed returns the map with the name added if is holds. It does not modify the given map.
func listed(names map[string]bool, name string, is bool) map[string]bool {
	if !is {
		return names
	}
	more := map[string]bool{name: true}
	maps.Copy(more, names)
	return more
}

// changed returns the list with a changed clone of the directive that has the id.
func changed[W one](list []W, id string, change func(W)) []W {
	list = slices.Clone(list)
	for i, entry := range list {
		if idOf(entry) == id {
			list[i] = proto.CloneOf(entry)
			change(list[i])
		}
	}
	return list
}

// find returns the directive that has the id; nil if there is none.
func find[W one](list []W, id string) W {
	for _, entry := range list {
		if idOf(entry) == id {
			return entry
		}
	}
	return nil
}

// Covers tells whether a recipient, named as an agency or as a kind of agency, includes the agency,
// whose kind is given by its name.
func Covers(recipient *consentv1.Recipient, agency, kind string) bool {
	switch of := recipient.GetOf().(type) {
	case *consentv1.Recipient_Agency:
		return of.Agency == agency
	case *consentv1.Recipient_Kind:
		return of.Kind == kind
	}
	return false
}
