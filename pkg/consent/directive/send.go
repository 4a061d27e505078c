package directive

import (
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Sending is a step that discloses a client's data to an agency for the first time.
type Sending struct {
	// By is the sender; Service and Step are where it sends.
	By            *commonv1.Party
	Service, Step string
	Ground        commonv1.LegalGround
	// GroundKey is the key of the row of the table of grounds; empty if it rests on none. Provision is
	// its provision.
	GroundKey, Provision string
	// PassesProhibitions says that the law lets the sending pass, whatever the client has prohibited.
	PassesProhibitions bool
	At                 time.Time
}

// Cited returns the advance consent that a sending cites. It returns CONSENT_NOT_COVERING if no
// such consent exists for the sender and the service, CONSENT_WITHDRAWN if the client has withdrawn
// it or the sender's agency has recorded that, and CONSENT_EXPIRED if its term has ended. It does
// not check the recipients: see Covers.
func (w Directives) Cited(s Sending, id string) (*consentv1.AdvanceConsent, error) {
	consent := find(w.Consents, id)
	switch {
	case consent == nil || !mayCite(consent, s.By.GetAgency()) || !slices.Contains(consent.GetServices(), s.Service):
		return nil, NotCovering("there is no such consent that your agency may cite for this service")
	case consent.GetWithdrawnAt() != nil:
		return nil, fault.New(fault.ConsentWithdrawn, "the client has withdrawn this consent").Field("basis.consent_id", "must be a consent in force")
	case w.waits(s.By.GetAgency(), &consentv1.WaitingWish{Of: &consentv1.WaitingWish_Withdraw{Withdraw: id}}, s.At) != nil:
		return nil, fault.New(fault.ConsentWithdrawn, "your agency has recorded that the client withdraws this consent").Field("basis.consent_id", "must be a consent in force")
	case !s.At.Before(consent.GetUntil().AsTime()):
		return nil, fault.New(fault.ConsentExpired, "this consent has expired").Field("basis.consent_id", "must be a consent in force")
	}
	return consent, nil
}

// NotCovering returns the CONSENT_NOT_COVERING refusal of a sending for which the consent was not
// given.
func NotCovering(why string) error {
	return fault.New(fault.ConsentNotCovering, "%s", why).Field("basis.consent_id", "must be a consent for this service, receiver and sender")
}

// mayCite tells whether an agency may cite the consent when it sends.
func mayCite(consent *consentv1.AdvanceConsent, agency string) bool {
	return consent.GetSender() == "" || consent.GetSender() == agency
}

// Prohibits tells whether the client prohibits disclosure to an agency. A prohibition that the
// sender's own agency recorded binds that agency even before it is confirmed: this stops no other
// sender, and the client's word holds at once where it was given.
func (w Directives) Prohibits(s Sending, agency, kind string) bool {
	stands := slices.ContainsFunc(w.Prohibitions, func(p *consentv1.Prohibition) bool {
		return p.GetLiftedAt() == nil && Covers(p.GetRecipient(), agency, kind)
	})
	return stands || slices.ContainsFunc(w.unconfirmed(s.By.GetAgency(), s.At), func(one *consentv1.WaitingWish) bool {
		return Covers(one.GetProhibit(), agency, kind)
	})
}

// OverrideFor returns the override that permits a sending to a receiver despite a prohibition:
// approved, unused, not lapsed, of the same agency, service and legal ground, and of the same row of
// the table of grounds if it was requested for one. It returns nil if there is none.
func (w Directives) OverrideFor(s Sending, receiver string) *consentv1.Override {
	for _, o := range w.Overrides {
		same := o.GetRequestedBy().GetAgency() == s.By.GetAgency() && o.GetService() == s.Service && o.GetReceiver() == receiver && o.GetGround() == s.Ground
		same = same && (o.GetGroundKey() == "" || o.GetGroundKey() == s.GroundKey)
		if same && o.GetApproved() && o.GetUsedAt() == nil && s.At.Before(o.GetUntil().AsTime()) {
			return o
		}
	}
	return nil
}

// BlockedEvent returns the event of a sending that a prohibition stopped, or that was sent in spite of it;
// nil if the same was recorded within the last hour (quietTime).
func (w Directives) BlockedEvent(s Sending, receiver string) *consentv1.SendingBlocked {
	blocked := &consentv1.BlockedSending{Receiver: receiver, Service: s.Service, Step: s.Step, Sent: s.PassesProhibitions}
	if blocked.GetSent() {
		blocked.GroundKey, blocked.Provision = s.GroundKey, s.Provision
	}
	for _, one := range w.Blocked {
		same := one.GetBy().GetAgency() == s.By.GetAgency() && one.GetBy().GetUnit() == s.By.GetUnit() && one.GetBy().GetWorker() == s.By.GetWorker() &&
			one.GetReceiver() == receiver && one.GetStep() == s.Step && one.GetSent() == blocked.GetSent()
		if same && s.At.Sub(one.GetAt().AsTime()) < quietTime {
			return nil
		}
	}
	return &consentv1.SendingBlocked{Sending: blocked}
}
