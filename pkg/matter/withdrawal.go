package matter

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// RestsOnConsent reports whether the client's consent is the legal ground of a matter, even if it
// was withdrawn later.
func (h Head) RestsOnConsent() bool { return OnConsent(h.Basis) }

// OnConsent reports whether a legal basis is the client's consent.
func OnConsent(basis *commonv1.LegalBasis) bool {
	return basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
}

// IsWithdrawn reports whether the consent on which the matter rests was withdrawn.
func (h Head) IsWithdrawn() bool { return !h.Withdrawal.At.IsZero() }

// Consents say what of a matter the client's consent carries, and so what its withdrawal ends.
type Consents struct {
	// Instead is what the client does in place of a withdrawal, where the consent cannot be withdrawn;
	// empty where it can.
	Instead string
	// Apart says that the matter goes on without consent, and that each of Members has it on a consent
	// of its own. Otherwise one consent carries the whole matter, and the other fields are empty.
	Apart   bool
	Members []Consented
	// First is the basis of the matter if that is consent, and else of the first member on consent, also
	// if that was withdrawn; nil if there was none.
	First *commonv1.LegalBasis
	// Needed are the agencies without which nobody would carry the matter on: it ends if all of them
	// lose their consent. Empty if it goes on in any case.
	Needed []string
}

// Consented is an agency that takes part in a matter, or took part and holds a copy, on a consent of
// its own that stands.
type Consented struct {
	Agency string
	Basis  *commonv1.LegalBasis
}

// Of returns the consent of an agency; false if it has none that stands.
func (c Consents) Of(agency string) (Consented, bool) {
	at := slices.IndexFunc(c.Members, func(one Consented) bool { return one.Agency == agency })
	if at < 0 {
		return Consented{}, false
	}
	return c.Members[at], true
}

// ends reports whether a matter whose members have consents of their own ends without some of them.
func (c Consents) ends(without []string) bool {
	return len(c.Needed) > 0 && !slices.ContainsFunc(c.Needed, func(agency string) bool { return !slices.Contains(without, agency) })
}

// Withdrawing is a withdrawal that is asked for.
type Withdrawing struct {
	// By is the agency that withdraws, if it is a party to the matter; empty for the client, and for
	// an agency that the parties may not know of. ByClient says that the client withdrew or confirmed
	// it.
	By       string
	ByClient bool
	// Of limits the withdrawal to some of Consents.Members; nil for all. It has no effect on a consent
	// that carries the whole matter.
	Of func(Consented) bool
	At time.Time
}

// Withdrawn folds the events of a withdrawn consent into the head; it returns false for all other
// events.
func (h Head) Withdrawn(e Event) (Head, bool) {
	switch m := e.Message.(type) {
	case *commonv1.ConsentWithdrawn:
		if !h.Exists() {
			// A reader that saw the matter on consent alone knows that it existed, and nothing
			// else.
			h = Begin(e, commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN)
			h.Client, h.Sender = "", nil
		}
		notice := noticeOf(e, m.GetHolders(), m.GetDueAt())
		notice.ByClient, notice.LeftApart = m.GetByClient(), m.GetLeftApart()
		if !m.GetContinues() {
			h.Withdrawal = notice
			break
		}
		if slices.Contains(notice.Holders, e.By.GetAgency()) {
			// What it told the others, it need not be told.
			notice.acknowledge(e)
		}
		h.Departures = append(slices.Clip(h.Departures), notice)
	case *commonv1.WithdrawalAcknowledged:
		h.eachWithdrawal(func(n *Notice) bool { return n.Awaits(e.By.GetAgency()) }, func(n *Notice) { n.acknowledge(e) })
	case *commonv1.WithdrawalOverdue:
		h.eachWithdrawal(func(n *Notice) bool { return n.Due.Equal(m.GetDueAt().AsTime()) }, func(n *Notice) { n.Overdue = true })
	case *commonv1.CopiesErased:
		h.eachWithdrawal(func(*Notice) bool { return true }, func(n *Notice) { n.Erased = true })
	default:
		return h, false
	}
	return h, true
}

// eachWithdrawal changes the notices of those withdrawals of which the condition holds. Where no member
// has left, the only one is changed in any case, as before members could leave.
func (h *Head) eachWithdrawal(holds func(*Notice) bool, change func(*Notice)) {
	if len(h.Departures) == 0 || h.IsWithdrawn() && holds(&h.Withdrawal) {
		change(&h.Withdrawal)
	}
	h.Departures = slices.Clone(h.Departures)
	for i := range h.Departures {
		if one := &h.Departures[i]; holds(one) {
			change(one)
		}
	}
}

// Withdrawals returns the notices of all withdrawals, of members that left and of the whole matter.
func (h Head) Withdrawals() []Notice {
	if !h.IsWithdrawn() {
		return h.Departures
	}
	return append(slices.Clip(h.Departures), h.Withdrawal)
}

// Departed returns how many withdrawals have made an agency leave a matter that went on, and when the
// last one did.
func (h Head) Departed(agency string) (times int, last time.Time) {
	for _, one := range h.Departures {
		if slices.Contains(one.Holders, agency) {
			times, last = times+1, one.At
		}
	}
	return times, last
}

// ShareOf returns the name of an agency's own consent to a matter that goes on without it. It is
// another one once that was withdrawn.
func (h Head) ShareOf(agency string) string {
	times, _ := h.Departed(agency)
	return shareOf(agency, times)
}

func shareOf(agency string, withdrawnBefore int) string {
	return fmt.Sprintf("%s/%d", agency, withdrawnBefore)
}

// WithdrewShare reports whether the consent of an agency with this name was withdrawn.
func (h Head) WithdrewShare(agency, share string) bool {
	times, _ := h.Departed(agency)
	for before := range times {
		if share == shareOf(agency, before) {
			return true
		}
	}
	return false
}

// WithdrawnShares returns the names of the members' consents that were withdrawn and whose copies are
// not recorded as erased.
func (h Head) WithdrawnShares() []string {
	times, shares := map[string]int{}, []string(nil)
	for _, one := range h.Departures {
		for _, agency := range one.Holders {
			if !one.Erased {
				shares = append(shares, shareOf(agency, times[agency]))
			}
			times[agency]++
		}
	}
	return shares
}

// WithdrawnFor returns how many withdrawals have ended what was disclosed to an agency on consent.
func (h Head) WithdrawnFor(agency string) int {
	times, _ := h.Departed(agency)
	if h.IsWithdrawn() {
		times++
	}
	return times
}

// HoldsWithdrawn reports whether an agency was to acknowledge a withdrawal, whether it has or not.
func (h Head) HoldsWithdrawn(agency string) bool {
	return slices.ContainsFunc(h.Withdrawals(), func(one Notice) bool { return slices.Contains(one.Holders, agency) })
}

// Ends reports whether the event withdraws the consent of a matter that has not yet ended. A matter
// that cannot go on without consent ends then; for a reader to whom nothing else was disclosed, every
// matter does.
func (h Head) Ends(e Event) bool {
	withdrawn, is := e.Message.(*commonv1.ConsentWithdrawn)
	return is && !h.Ended() && (!withdrawn.GetContinues() || !h.Exists())
}

// WithdrawConsent returns the message that withdraws the client's consent to a matter, or to what some
// members have of it. It refuses with fault.IllegalStep if the matter was entered in error, if nothing
// rests on a consent that stands and is meant, or if the client does something else instead.
func WithdrawConsent(h Head, consents Consents, readers []Reader, w Withdrawing) (*commonv1.ConsentWithdrawn, error) {
	refuse := func(why string) (*commonv1.ConsentWithdrawn, error) {
		return nil, fault.New(fault.IllegalStep, "%s", why).With("allowed_steps", "")
	}
	switch {
	case h.IsRevoked():
		return refuse("the matter was entered in error")
	case h.IsWithdrawn():
		return refuse("the consent was already withdrawn")
	case consents.Apart:
		return withdrawMembers(consents, w)
	case !h.RestsOnConsent():
		return refuse("the matter does not rest on the client's consent")
	case consents.Instead != "":
		return refuse(consents.Instead)
	}
	withdrawn := &commonv1.ConsentWithdrawn{ByClient: w.ByClient, LeftApart: true}
	withdrawn.Holders, withdrawn.DueAt = holdersOf(readers, w.At, w.By)
	return withdrawn, nil
}

// withdrawMembers withdraws the consents of some members, which then leave. If nobody would remain, the
// matter ends, as one does that rests on consent.
func withdrawMembers(consents Consents, w Withdrawing) (*commonv1.ConsentWithdrawn, error) {
	var all, leaving []string
	for _, one := range consents.Members {
		all = append(all, one.Agency)
		if w.Of == nil || w.Of(one) {
			leaving = append(leaving, one.Agency)
		}
	}
	withdrawn := &commonv1.ConsentWithdrawn{ByClient: w.ByClient, LeftApart: true, DueAt: timestamppb.New(acknowledgedBy(w.At))}
	switch {
	case len(leaving) == 0:
		return nil, fault.New(fault.IllegalStep, "no such member takes part on a consent of the client").With("allowed_steps", "")
	case consents.ends(leaving):
		withdrawn.Holders = slices.DeleteFunc(all, func(agency string) bool { return agency == w.By })
	default:
		withdrawn.Holders, withdrawn.Continues = leaving, true
	}
	return withdrawn, nil
}

// AcknowledgeWithdrawal returns the message by which an agency says that it has dealt with its
// copy. It refuses with fault.IllegalStep if the agency has nothing to acknowledge.
func AcknowledgeWithdrawal(h Head, agency string) (*commonv1.WithdrawalAcknowledged, error) {
	if !slices.ContainsFunc(h.Withdrawals(), func(one Notice) bool { return one.Awaits(agency) }) {
		return nil, fault.New(fault.IllegalStep, "your agency has nothing to acknowledge").With("allowed_steps", "")
	}
	return &commonv1.WithdrawalAcknowledged{}, nil
}

// OnGround sets, for readers that all act on the ground of the matter, whether they rest on consent
// and whether that consent still holds.
func (h Head) OnGround(readers []Reader, withdrawn bool) []Reader {
	for i := range readers {
		readers[i].OnConsent = h.RestsOnConsent()
		readers[i].Consent = !h.RestsOnConsent() || !withdrawn
	}
	return readers
}
