package wish

import (
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Sending is a step that tells an agency of a client, for the first time.
type Sending struct {
	// By whom, within which service and step.
	By            *commonv1.Party
	Service, Step string
	Ground        commonv1.LegalGround
	At            time.Time
}

// Cited is the consent in advance that a sending cites. CONSENT_NOT_COVERING where there is
// none for the sender and the service, CONSENT_WITHDRAWN or CONSENT_EXPIRED where it stands
// no more. Whom it covers, Covers tells.
func (w Directives) Cited(s Sending, id string) (*consentv1.AdvanceConsent, error) {
	consent := find(w.Consents, id)
	switch {
	case consent == nil || !mayCite(consent, s.By.GetAgency()) || !slices.Contains(consent.GetServices(), s.Service):
		return nil, NotCovering("there is no such consent for this")
	case consent.GetWithdrawnAt() != nil:
		return nil, fault.New(fault.ConsentWithdrawn, "the client has withdrawn this consent").Field("basis.consent_id", "one that stands")
	case w.waits(s.By.GetAgency(), &consentv1.WaitingWish{Of: &consentv1.WaitingWish_Withdraw{Withdraw: id}}, s.At) != nil:
		return nil, fault.New(fault.ConsentWithdrawn, "your agency has recorded that the client withdraws this consent").Field("basis.consent_id", "one that stands")
	case !s.At.Before(consent.GetUntil().AsTime()):
		return nil, fault.New(fault.ConsentExpired, "this consent has ended").Field("basis.consent_id", "one that stands")
	}
	return consent, nil
}

// NotCovering refuses what a consent was not given for.
func NotCovering(why string) error {
	return fault.New(fault.ConsentNotCovering, "%s", why).Field("basis.consent_id", "of a consent for this service, receiver and sender")
}

// mayCite tells whether an agency may send on a consent.
func mayCite(consent *consentv1.AdvanceConsent, agency string) bool {
	return consent.GetSender() == "" || consent.GetSender() == agency
}

// Prohibits tells whether the client prohibits that an agency be told. A prohibition that
// the sender's own agency recorded binds that agency before it is confirmed: nobody else is
// stopped by it, and what the client said holds at once where it was said.
func (w Directives) Prohibits(s Sending, agency, kind string) bool {
	stands := slices.ContainsFunc(w.Prohibitions, func(p *consentv1.Prohibition) bool {
		return p.GetLiftedAt() == nil && Covers(p.GetRecipient(), agency, kind)
	})
	return stands || slices.ContainsFunc(w.unconfirmed(s.By.GetAgency(), s.At), func(one *consentv1.WaitingWish) bool {
		return Covers(one.GetProhibit(), agency, kind)
	})
}

// OverrideFor is the override that admits a sending to a receiver all the same; nil where
// there is none: approved, not used, in time, of the same agency and on the same ground.
func (w Directives) OverrideFor(s Sending, receiver string) *consentv1.Override {
	for _, o := range w.Overrides {
		same := o.GetRequestedBy().GetAgency() == s.By.GetAgency() && o.GetService() == s.Service && o.GetReceiver() == receiver && o.GetGround() == s.Ground
		if same && o.GetApproved() && o.GetUsedAt() == nil && s.At.Before(o.GetUntil().AsTime()) {
			return o
		}
	}
	return nil
}

// Stopped is the event of a sending that a prohibition stopped; nil where the same was
// within the last hour.
func (w Directives) Stopped(s Sending, receiver string) *consentv1.SendingBlocked {
	stopped := &consentv1.BlockedSending{Receiver: receiver, Service: s.Service, Step: s.Step}
	for _, one := range w.Blocked {
		same := one.GetBy().GetAgency() == s.By.GetAgency() && one.GetBy().GetUnit() == s.By.GetUnit() && one.GetBy().GetWorker() == s.By.GetWorker() &&
			one.GetReceiver() == receiver && one.GetStep() == s.Step
		if same && s.At.Sub(one.GetAt().AsTime()) < quietTime {
			return nil
		}
	}
	return &consentv1.SendingBlocked{Sending: stopped}
}
