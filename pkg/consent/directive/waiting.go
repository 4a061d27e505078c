package directive

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const (
	// waitingTime is how long a directive that an agency recorded can be confirmed; after that it
	// lapses.
	waitingTime = 7 * 24 * time.Hour
	// maxWaiting is the most directives of one agency that may wait for confirmation for one
	// client. The limit exists because the directives are folded before each sending, so their
	// history must stay short.
	maxWaiting = 20
)

// MustWait tells whether a directive takes effect only after it is confirmed. Otherwise an agency
// that recorded it alone could end other agencies' matters, stop what they send, or lift what the
// client prohibited. The withdrawal of a consent that only the recording agency may cite takes
// effect at once: it affects only what that agency itself sent.
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

// waiting records a directive that waits for confirmation. The event is OverrideRequested, so that
// programs older than waiting directives can read the history. It returns IllegalStep if the agency
// already has the same directive waiting, and Busy if it has maxWaiting of them.
func waiting(w Directives, c Command, one *consentv1.WaitingWish) ([]Event, error) {
	if err := checkOfficer(c.By); err != nil {
		return nil, err
	}
	if same := w.waits(c.By.GetAgency(), one, c.At); same != nil {
		return nil, fault.New(fault.IllegalStep, "your agency has already recorded the same directive, and it waits for confirmation").With("allowed_steps", "DecideWish")
	}
	if len(w.unconfirmed(c.By.GetAgency(), c.At)) >= maxWaiting {
		return nil, fault.New(fault.Busy, "too many consent directives that your agency recorded for this client wait for confirmation").
			Advise("have one of them confirmed by the client or a second officer, or wait until one lapses")
	}
	one.WishId, one.RecordedAt, one.RecordedBy, one.Until = c.ID, timestamppb.New(c.At), c.By, timestamppb.New(c.At.Add(waitingTime))
	return []Event{{c.By, &consentv1.OverrideRequested{Override: &consentv1.Override{
		OverrideId: one.GetWishId(), RequestedAt: one.GetRecordedAt(), RequestedBy: one.GetRecordedBy(), Until: one.GetUntil(), Waiting: one, Listed: c.Listed,
	}}}}, nil
}

// confirmed returns the events that confirm or refuse a waiting directive, and the event of its
// effect. A directive that the client confirms counts as the client's own act; one that a second
// officer confirms counts as the agency's.
func confirmed(w Directives, c Command, r *consentv1.DecideWishRequest) ([]Event, error) {
	one := find(w.Waiting, r.GetWishId())
	if one == nil || c.By != nil && one.GetRecordedBy().GetAgency() != c.By.GetAgency() {
		return nil, fault.New(fault.NotFound, "there is no such consent directive that you can decide")
	}
	if c.By != nil {
		if err := checkSecond(c, one.GetRecordedBy(), r.GetConfirm()); err != nil {
			return nil, err
		}
	}
	switch {
	case one.GetDecidedAt() != nil:
		return nil, fault.New(fault.IllegalStep, "the consent directive has already been decided").With("allowed_steps", "")
	case !c.At.Before(one.GetUntil().AsTime()):
		return nil, fault.New(fault.IllegalStep, "the consent directive has lapsed").With("allowed_steps", "")
	}
	events := []Event{{c.By, &consentv1.OverrideDecided{OverrideId: one.GetWishId(), Approved: r.GetConfirm(), Until: one.GetUntil()}}}
	if effect := effectOf(w, one, c.By == nil); r.GetConfirm() && effect != nil {
		events = append(events, *effect)
	}
	return events, nil
}

// effectOf returns the event by which a confirmed directive takes effect; nil if its effect exists
// already.
func effectOf(w Directives, one *consentv1.WaitingWish, byClient bool) *Event {
	by := one.GetRecordedBy()
	if byClient {
		by = nil
	}
	switch of := one.GetOf().(type) {
	case *consentv1.WaitingWish_Prohibit:
		// The prohibition keeps the agency that recorded it, because that agency may read it.
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

// checkOfficer refuses a caller that is not a named worker with RoleNotAllowed: two officers answer
// for what is not the client's own act.
func checkOfficer(by *commonv1.Party) error {
	if by.GetAgency() == "" || by.GetWorker() == "" {
		return fault.New(fault.RoleNotAllowed, "a named worker must do this, and another must decide it")
	}
	return nil
}

// checkSecond refuses a caller that cannot be the second officer: the first officer, and a system,
// which could name any worker. The first officer may refuse (yes is false), because that only takes
// the request back.
func checkSecond(c Command, first *commonv1.Party, yes bool) error {
	if err := checkOfficer(c.By); err != nil {
		return err
	}
	switch {
	case c.Automatic:
		return fault.New(fault.RoleNotAllowed, "the second officer must be signed in; a system cannot decide in a worker's name")
	case yes && sameWorker(first, c.By):
		return fault.New(fault.SecondOfficerRequired, "you made the request yourself")
	}
	return nil
}

// sameWorker tells whether two parties are the same worker, regardless of the unit and of how a
// token issuer writes case and surrounding spaces of the name.
func sameWorker(a, b *commonv1.Party) bool {
	return a.GetAgency() == b.GetAgency() && strings.EqualFold(strings.TrimSpace(a.GetWorker()), strings.TrimSpace(b.GetWorker()))
}

// unconfirmed returns the directives that an agency recorded and that still wait at the given time.
func (w Directives) unconfirmed(agency string, at time.Time) []*consentv1.WaitingWish {
	var found []*consentv1.WaitingWish
	for _, one := range w.Waiting {
		if one.GetRecordedBy().GetAgency() == agency && isOpen(one, at) {
			found = append(found, one)
		}
	}
	return found
}

// isOpen tells whether a directive still waits at the given time: undecided and not lapsed.
func isOpen(one *consentv1.WaitingWish, at time.Time) bool {
	return one.GetDecidedAt() == nil && at.Before(one.GetUntil().AsTime())
}

// waits returns the agency's waiting directive with the same content; nil if there is none.
func (w Directives) waits(agency string, same *consentv1.WaitingWish, at time.Time) *consentv1.WaitingWish {
	for _, one := range w.unconfirmed(agency, at) {
		if proto.Equal(saysAlone(one), saysAlone(same)) {
			return one
		}
	}
	return nil
}

// saysAlone returns the content of a directive without who recorded it, when and why.
func saysAlone(one *consentv1.WaitingWish) *consentv1.WaitingWish {
	return &consentv1.WaitingWish{Of: one.GetOf()}
}

// Unconfirmed returns the directives that a worker of an agency may confirm at the given time and
// that this service's worklists show.
func (w Directives) Unconfirmed(agency, worker string, at time.Time) []*consentv1.WaitingWish {
	var found []*consentv1.WaitingWish
	for _, one := range w.unconfirmed(agency, at) {
		if w.Listed[one.GetWishId()] && !sameWorker(one.GetRecordedBy(), &commonv1.Party{Agency: agency, Worker: worker}) {
			found = append(found, one)
		}
	}
	return found
}

// reasonOf checks the reason: an agency must explain a directive that it records, and the client
// must give none.
func reasonOf(c Command, text string) error {
	switch {
	case c.By != nil:
		return matter.CheckExplained("a consent directive recorded by an agency", "reason", strings.TrimSpace(text))
	case text != "":
		return fault.New(fault.InvalidField, "the client's own request takes no reason").Field("reason", "leave empty")
	}
	return nil
}
