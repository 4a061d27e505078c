package matter

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	// contactLasts is how long a plan to contact a client is valid after the planned time if the
	// request gives no end. contactAtMost is how far ahead the end may be.
	contactLasts  = 24 * time.Hour
	contactAtMost = 30 * 24 * time.Hour
)

// ContactRequest is the common interface of the requests to plan a contact.
type ContactRequest interface {
	proto.Message
	GetAt() *timestamppb.Timestamp
	GetLapsesAt() *timestamppb.Timestamp
}

// CheckContact refuses a planned contact with fault.InvalidField if its time is not in the future,
// or if it does not lapse after that time and within 30 days of now. A request without a time is
// allowed.
func CheckContact(r ContactRequest, now time.Time) error {
	if r.GetAt() == nil {
		return nil
	}
	at, lapses := r.GetAt().AsTime(), lapsing(r)
	switch {
	case !at.After(now):
		return fault.New(fault.InvalidField, "the planned contact is not in the future").Field("at", "in the future")
	case !lapses.After(at) || lapses.After(now.Add(contactAtMost)):
		return fault.New(fault.InvalidField, "the plan must lapse after the contact, and within 30 days").Field("lapses_at", "after at, within 30 days")
	}
	return nil
}

func lapsing(r ContactRequest) time.Time {
	if r.GetLapsesAt() != nil {
		return r.GetLapsesAt().AsTime()
	}
	return r.GetAt().AsTime().Add(contactLasts)
}

// ContactPlanned returns the event for a request that CheckContact has accepted.
func ContactPlanned(r ContactRequest) *commonv1.ContactPlanned {
	if r.GetAt() == nil {
		return &commonv1.ContactPlanned{}
	}
	return &commonv1.ContactPlanned{At: r.GetAt(), LapsesAt: timestamppb.New(lapsing(r))}
}

// PlanContact folds an agency's plan to contact the client. It replaces the agency's earlier plan.
func (h *Head) PlanContact(e Event, m *commonv1.ContactPlanned) {
	h.Contacted(e.By)
	if m.GetAt() != nil {
		h.Contacts = append(h.Contacts, &commonv1.PlannedContact{By: e.By, At: m.GetAt(), LapsesAt: m.GetLapsesAt()})
	}
}

// Contacted removes an agency's plan, because the agency has tried to contact the client.
func (h *Head) Contacted(by *commonv1.Party) {
	var others []*commonv1.PlannedContact
	for _, planned := range h.Contacts {
		if planned.GetBy().GetAgency() != by.GetAgency() {
			others = append(others, planned)
		}
	}
	h.Contacts = others
}

// PlannedContacts returns the plans that have not lapsed at a time; none once the matter has ended.
func (h Head) PlannedContacts(at time.Time) []*commonv1.PlannedContact {
	var valid []*commonv1.PlannedContact
	for _, planned := range h.Contacts {
		if !h.Ended() && planned.GetLapsesAt().AsTime().After(at) {
			valid = append(valid, planned)
		}
	}
	return valid
}
