package directive

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const (
	// yearsOfConsent is the longest term of an advance consent, in years.
	yearsOfConsent = 2
	// overrideTime is how long a requested override waits for the second officer, and how long an
	// approved one can be used.
	overrideTime = 24 * time.Hour
	// quietTime is the time during which a repetition of a stopped sending goes to the access log
	// only. Without it, a system that retries for ever would make the folded history grow.
	quietTime = time.Hour
)

// Command is a request to record or change a directive, and its caller.
type Command struct {
	// By is the calling party; nil for the client.
	By *commonv1.Party
	// Automatic says that the caller is a system, even if it acts in a worker's name.
	Automatic bool
	// ID of the directive or override that the command creates.
	ID string
	At time.Time
	// Listed says that this service's worklists show the directive while it waits.
	Listed bool
	// Request is one of the requests of ConsentService.
	Request proto.Message
}

// Event is an event to record, and the party whose act it is; By is nil for the client.
type Event struct {
	By      *commonv1.Party
	Message proto.Message
}

// Decide returns the events that record a command; none if its effect exists already. It refuses an
// ID that is in use with RequestIDReused.
func Decide(w Directives, c Command) ([]Event, error) {
	if find(w.Consents, c.ID) != nil || find(w.Prohibitions, c.ID) != nil || find(w.Overrides, c.ID) != nil || find(w.Waiting, c.ID) != nil {
		return nil, fault.New(fault.RequestIDReused, "this request_id was used for another request")
	}
	switch r := c.Request.(type) {
	case *consentv1.GiveConsentRequest:
		return given(c, r)
	case *consentv1.WithdrawAdvanceConsentRequest:
		return withdrawn(w, c, r)
	case *consentv1.ProhibitTransferRequest:
		if err := reasonOf(c, r.GetReason()); err != nil {
			return nil, err
		}
		if MustWait(w, c) {
			return waiting(w, c, &consentv1.WaitingWish{Of: &consentv1.WaitingWish_Prohibit{Prohibit: r.GetRecipient()}, Reason: r.GetReason()})
		}
		return c.done(&consentv1.TransferProhibited{ProhibitionId: c.ID, Recipient: r.GetRecipient()}), nil
	case *consentv1.LiftProhibitionRequest:
		return lifted(w, c, r)
	case *consentv1.DecideWishRequest:
		return confirmed(w, c, r)
	case *consentv1.RequestOverrideRequest:
		return requested(w, c, r)
	case *consentv1.DecideOverrideRequest:
		return decided(w, c, r)
	}
	return nil, fault.New(fault.Internal, "unknown consent directive")
}

// done returns the message as the only event, as an act of the command's caller.
func (c Command) done(message proto.Message) []Event { return []Event{{c.By, message}} }

func withdrawn(w Directives, c Command, r *consentv1.WithdrawAdvanceConsentRequest) ([]Event, error) {
	if err := reasonOf(c, r.GetReason()); err != nil {
		return nil, err
	}
	consent := find(w.Consents, r.GetConsentId())
	switch {
	case consent == nil || c.By != nil && !mayCite(consent, c.By.GetAgency()):
		return nil, fault.New(fault.NotFound, "there is no such consent that you can withdraw")
	case consent.GetWithdrawnAt() != nil:
		return nil, nil
	case MustWait(w, c):
		return waiting(w, c, &consentv1.WaitingWish{Of: &consentv1.WaitingWish_Withdraw{Withdraw: consent.GetConsentId()}, Reason: r.GetReason()})
	}
	return c.done(&consentv1.AdvanceConsentWithdrawn{ConsentId: consent.GetConsentId(), Reason: r.GetReason()}), nil
}

func lifted(w Directives, c Command, r *consentv1.LiftProhibitionRequest) ([]Event, error) {
	if err := reasonOf(c, r.GetReason()); err != nil {
		return nil, err
	}
	prohibition := find(w.Prohibitions, r.GetProhibitionId())
	switch {
	case prohibition == nil || c.By != nil && prohibition.GetBy().GetAgency() != c.By.GetAgency():
		return nil, fault.New(fault.NotFound, "there is no such prohibition that you can lift")
	case prohibition.GetLiftedAt() != nil:
		return nil, nil
	case MustWait(w, c):
		return waiting(w, c, &consentv1.WaitingWish{Of: &consentv1.WaitingWish_Lift{Lift: prohibition.GetProhibitionId()}, Reason: r.GetReason()})
	}
	return c.done(&consentv1.ProhibitionLifted{ProhibitionId: prohibition.GetProhibitionId()}), nil
}

func given(c Command, r *consentv1.GiveConsentRequest) ([]Event, error) {
	sender, givenAt := r.GetSender(), c.At
	if r.GetGivenAt() != nil {
		givenAt = r.GetGivenAt().AsTime()
	}
	if c.By != nil && sender == "" {
		sender = c.By.GetAgency()
	}
	switch until := r.GetUntil().AsTime(); {
	case c.By != nil && sender != c.By.GetAgency():
		return nil, fault.New(fault.InvalidField, "an agency can record a consent only for its own messages").Field("sender", "must be your own agency")
	case givenAt.After(c.At):
		return nil, fault.New(fault.InvalidField, "the consent is dated in the future").Field("given_at", "must not be in the future")
	case !until.After(c.At):
		return nil, fault.New(fault.InvalidField, "the consent has already expired").Field("until", "must be in the future")
	case until.After(givenAt.In(matter.Helsinki()).AddDate(yearsOfConsent, 0, 0)):
		return nil, fault.New(fault.InvalidField, "a consent in advance is valid for at most two years").Field("until", "must be at most two years after given_at")
	}
	return c.done(&consentv1.ConsentGiven{Consent: &consentv1.AdvanceConsent{
		ConsentId: c.ID, Recipient: r.GetRecipient(), Services: r.GetServices(), Sender: sender, Purpose: r.GetPurpose(), Provision: r.GetProvision(),
		GivenAt: timestamppb.New(givenAt), Until: r.GetUntil(), By: c.By,
	}}), nil
}

func requested(w Directives, c Command, r *consentv1.RequestOverrideRequest) ([]Event, error) {
	if err := checkOfficer(c.By); err != nil {
		return nil, err
	}
	if !statutory(r.GetGround()) {
		return nil, fault.New(fault.LegalBasisRequired, "only a legal obligation or right overrides a client's prohibition").
			Field("ground", "must be LEGAL_GROUND_STATUTORY_NOTIFICATION or LEGAL_GROUND_STATUTORY_ACCESS")
	}
	if err := matter.CheckExplained("an override", "reason", r.GetReason()); err != nil {
		return nil, err
	}
	stopped := false
	for _, one := range w.Blocked {
		stopped = stopped || !one.GetSent() && one.GetBy().GetAgency() == c.By.GetAgency() && one.GetReceiver() == r.GetReceiver() && one.GetService() == r.GetService()
	}
	if !stopped {
		// Otherwise an agency could find out what a client has prohibited without sending anything.
		return nil, fault.New(fault.IllegalStep, "no message from your agency to this receiver was stopped").With("allowed_steps", "")
	}
	return c.done(&consentv1.OverrideRequested{Override: &consentv1.Override{
		OverrideId: c.ID, Service: r.GetService(), Receiver: r.GetReceiver(), Ground: r.GetGround(), Provision: r.GetProvision(), Reason: r.GetReason(), GroundKey: r.GetGroundKey(),
		RequestedAt: timestamppb.New(c.At), RequestedBy: c.By, Until: timestamppb.New(c.At.Add(overrideTime)),
	}}), nil
}

func decided(w Directives, c Command, r *consentv1.DecideOverrideRequest) ([]Event, error) {
	if err := checkOfficer(c.By); err != nil {
		return nil, err
	}
	override := find(w.Overrides, r.GetOverrideId())
	if override == nil || override.GetRequestedBy().GetAgency() != c.By.GetAgency() {
		return nil, fault.New(fault.NotFound, "there is no such override that you can decide")
	}
	// The officer who requested an override may not even refuse it: the decision is the second
	// officer's.
	if err := checkSecond(c, override.GetRequestedBy(), true); err != nil {
		return nil, err
	}
	switch {
	case override.GetDecidedAt() != nil:
		return nil, fault.New(fault.IllegalStep, "the override has already been decided").With("allowed_steps", "")
	case !c.At.Before(override.GetUntil().AsTime()):
		return nil, fault.New(fault.IllegalStep, "the override has lapsed").With("allowed_steps", "RequestOverride")
	}
	return c.done(&consentv1.OverrideDecided{OverrideId: override.GetOverrideId(), Approved: r.GetApprove(), Until: timestamppb.New(c.At.Add(overrideTime))}), nil
}

// Undecided returns the overrides that a worker of an agency may decide at the given time.
func (w Directives) Undecided(agency, worker string, at time.Time) []*consentv1.Override {
	var found []*consentv1.Override
	for _, o := range w.Overrides {
		by := o.GetRequestedBy()
		second := !sameWorker(by, &commonv1.Party{Agency: agency, Worker: worker})
		if by.GetAgency() == agency && second && o.GetDecidedAt() == nil && at.Before(o.GetUntil().AsTime()) {
			found = append(found, o)
		}
	}
	return found
}

func statutory(ground commonv1.LegalGround) bool {
	return ground == commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION || ground == commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS
}
