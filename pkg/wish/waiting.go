package wish

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const (
	// waitingTime is how long a wish that an agency recorded waits for its confirmation.
	waitingTime = 7 * 24 * time.Hour
	// maxWaiting is how many wishes of one agency wait for one client: what is folded
	// before each sending must stay short.
	maxWaiting = 20
)

// MustWait tells whether a wish takes effect only once it is confirmed. An agency that
// recorded it alone could otherwise end matters of others, stop what they send, or open
// what the client has closed. The withdrawal of a consent that the agency alone may cite
// touches what it sent itself, and nothing else.
func MustWait(w Directives, c Command) bool {
	if c.By == nil {
		return false
	}
	switch r := c.Request.(type) {
	case *consentv1.ProhibitTransferRequest, *consentv1.LiftProhibitionRequest:
		return true
	case *consentv1.WithdrawAdvanceConsentRequest:
		return find(w.Consents, r.GetConsentId()).GetSender() != c.By.GetAgency()
	}
	return false
}

// waiting records that a wish waits. The event is that of an override, so that programs
// from before there was such can read the history.
func waiting(w Directives, c Command, one *consentv1.WaitingWish) ([]Event, error) {
	if err := checkOfficer(c.By); err != nil {
		return nil, err
	}
	if same := w.waits(c.By.GetAgency(), one, c.At); same != nil {
		return nil, fault.New(fault.IllegalStep, "your agency has recorded the same already, and it waits for its confirmation").With("allowed_steps", "DecideWish")
	}
	if len(w.unconfirmed(c.By.GetAgency(), c.At)) >= maxWaiting {
		return nil, fault.New(fault.Busy, "too many wishes that your agency recorded for this client wait for their confirmation").
			Advise("have one of them confirmed, by the client or by a second officer, or wait until one lapses")
	}
	one.WishId, one.RecordedAt, one.RecordedBy, one.Until = c.ID, timestamppb.New(c.At), c.By, timestamppb.New(c.At.Add(waitingTime))
	return []Event{{c.By, &consentv1.OverrideRequested{Override: &consentv1.Override{
		OverrideId: one.GetWishId(), RequestedAt: one.GetRecordedAt(), RequestedBy: one.GetRecordedBy(), Until: one.GetUntil(), Waiting: one, Listed: c.Listed,
	}}}}, nil
}

// confirmed decides a wish that waits, and what it then does. What the client confirms is
// the client's own deed, what a second officer confirms that of the agency.
func confirmed(w Directives, c Command, r *consentv1.DecideWishRequest) ([]Event, error) {
	one := find(w.Waiting, r.GetWishId())
	if one == nil || c.By != nil && one.GetRecordedBy().GetAgency() != c.By.GetAgency() {
		return nil, fault.New(fault.NotFound, "there is no such wish for you")
	}
	if c.By != nil {
		if err := checkSecond(c, one.GetRecordedBy(), r.GetConfirm()); err != nil {
			return nil, err
		}
	}
	switch {
	case one.GetDecidedAt() != nil:
		return nil, fault.New(fault.IllegalStep, "it is decided already").With("allowed_steps", "")
	case !c.At.Before(one.GetUntil().AsTime()):
		return nil, fault.New(fault.IllegalStep, "it has lapsed").With("allowed_steps", "")
	}
	events := []Event{{c.By, &consentv1.OverrideDecided{OverrideId: one.GetWishId(), Approved: r.GetConfirm(), Until: one.GetUntil()}}}
	if effect := effectOf(w, one, c.By == nil); r.GetConfirm() && effect != nil {
		events = append(events, *effect)
	}
	return events, nil
}

// effectOf is the event of a wish that is confirmed; nil where it is so already.
func effectOf(w Directives, one *consentv1.WaitingWish, byClient bool) *Event {
	by := one.GetRecordedBy()
	if byClient {
		by = nil
	}
	switch of := one.GetOf().(type) {
	case *consentv1.WaitingWish_Prohibit:
		// Who recorded it is kept with the prohibition: that agency may know of it.
		return &Event{one.GetRecordedBy(), &consentv1.TransferProhibited{
			ProhibitionId: one.GetWishId(), Recipient: of.Prohibit, Reason: one.GetReason(), ConfirmedByClient: byClient,
		}}
	case *consentv1.WaitingWish_Lift:
		if find(w.Prohibitions, of.Lift).GetLiftedAt() == nil {
			return &Event{by, &consentv1.ProhibitionLifted{ProhibitionId: of.Lift}}
		}
	case *consentv1.WaitingWish_Withdraw:
		if find(w.Consents, of.Withdraw).GetWithdrawnAt() == nil {
			return &Event{by, &consentv1.AdvanceConsentWithdrawn{ConsentId: of.Withdraw, Reason: one.GetReason()}}
		}
	}
	return nil
}

// checkOfficer refuses whoever is no named worker: two officers answer for what is not the
// client's own deed.
func checkOfficer(by *commonv1.Party) error {
	if by.GetAgency() == "" || by.GetWorker() == "" {
		return fault.New(fault.RoleNotAllowed, "this is done by a named worker, and decided by another")
	}
	return nil
}

// checkSecond refuses whoever cannot be the second officer beside the first: the first, and
// a system, which could name any worker. To say no is to take it back, which the first may.
func checkSecond(c Command, first *commonv1.Party, yes bool) error {
	if err := checkOfficer(c.By); err != nil {
		return err
	}
	switch {
	case c.Automatic:
		return fault.New(fault.RoleNotAllowed, "a second officer decides who has signed in, and no system in a worker's name")
	case yes && sameWorker(first, c.By):
		return fault.New(fault.SecondOfficerRequired, "you have asked for it yourself")
	}
	return nil
}

// sameWorker tells whether two parties are one worker, in whichever unit and however an
// issuer spells the name.
func sameWorker(a, b *commonv1.Party) bool {
	return a.GetAgency() == b.GetAgency() && strings.EqualFold(strings.TrimSpace(a.GetWorker()), strings.TrimSpace(b.GetWorker()))
}

// unconfirmed are the wishes that an agency recorded and that wait at a time.
func (w Directives) unconfirmed(agency string, at time.Time) []*consentv1.WaitingWish {
	var found []*consentv1.WaitingWish
	for _, one := range w.Waiting {
		if one.GetRecordedBy().GetAgency() == agency && isOpen(one, at) {
			found = append(found, one)
		}
	}
	return found
}

// isOpen tells whether a wish waits at a time.
func isOpen(one *consentv1.WaitingWish, at time.Time) bool {
	return one.GetDecidedAt() == nil && at.Before(one.GetUntil().AsTime())
}

// waits is the wish of an agency that says the same and waits; nil for none.
func (w Directives) waits(agency string, same *consentv1.WaitingWish, at time.Time) *consentv1.WaitingWish {
	for _, one := range w.unconfirmed(agency, at) {
		if proto.Equal(saysAlone(one), saysAlone(same)) {
			return one
		}
	}
	return nil
}

// saysAlone is what a wish says, without who, when and why.
func saysAlone(one *consentv1.WaitingWish) *consentv1.WaitingWish {
	return &consentv1.WaitingWish{Of: one.GetOf()}
}

// Unconfirmed are the wishes that a worker of an agency may confirm at a time, and which
// this service's worklists show.
func (w Directives) Unconfirmed(agency, worker string, at time.Time) []*consentv1.WaitingWish {
	var found []*consentv1.WaitingWish
	for _, one := range w.unconfirmed(agency, at) {
		if w.Listed[one.GetWishId()] && !sameWorker(one.GetRecordedBy(), &commonv1.Party{Agency: agency, Worker: worker}) {
			found = append(found, one)
		}
	}
	return found
}

// reasonOf checks why an agency records a wish; the client needs no reason.
func reasonOf(c Command, text string) error {
	switch {
	case c.By != nil:
		return loop.CheckExplained("a wish that an agency records", "reason", strings.TrimSpace(text))
	case text != "":
		return fault.New(fault.InvalidField, "the client gives no reason").Field("reason", "leave empty")
	}
	return nil
}
