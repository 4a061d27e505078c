package matter

import (
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// OnCall is the unit that is on call for an emergency beside the holder, until a triage below an emergency,
// until the matter is passed on, or until it ends.
type OnCall struct {
	// Unit is nil if there is none.
	Unit *commonv1.Party
	// Since is when the matter came to it.
	Since time.Time
}

// RouteEmergency returns the party to which a matter goes that is sent to an addressed one: the unit on call, if
// there is one now and the matter is an emergency.
func RouteEmergency(urgency commonv1.Urgency, addressed, onCall *commonv1.Party) *commonv1.Party {
	if urgency == commonv1.Urgency_URGENCY_EMERGENCY && onCall != nil {
		return onCall
	}
	return addressed
}

// OnCallBeside returns the unit on call for a matter that becomes an emergency and that a party holds; nil if there
// is none now, or it is the holder's own unit.
func OnCallBeside(holder, onCall *commonv1.Party) *commonv1.Party {
	if onCall == nil || onCall.GetAgency() == holder.GetAgency() && onCall.GetUnit() == holder.GetUnit() {
		return nil
	}
	return onCall
}

// Called returns the unit on call after an event that named one; nothing changes if it names none.
func (o OnCall) Called(unit *commonv1.Party, at time.Time) OnCall {
	if unit == nil {
		return o
	}
	return OnCall{Unit: unit, Since: at}
}

// Judged ends what a triage below an emergency ends.
func (o OnCall) Judged(urgency commonv1.Urgency) OnCall {
	if urgency != commonv1.Urgency_URGENCY_UNSPECIFIED && urgency != commonv1.Urgency_URGENCY_EMERGENCY {
		return OnCall{}
	}
	return o
}
