package matter

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/wish"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// overridesWait are the worklists in which an override waits for a second officer, or has
// waited: one row an agency, of the latest that waits, in the unit that asks.
func overridesWait(w wish.Wishes) []journal.Standing {
	rows := map[string]journal.Standing{}
	for _, o := range w.Overrides {
		agency, decided := o.GetRequestedBy().GetAgency(), o.GetDecidedAt() != nil
		if row, known := rows[agency]; !known || !decided || row.Ended {
			rows[agency] = journal.Standing{
				Agency: agency, Unit: o.GetRequestedBy().GetUnit(), WaitingOn: agency, DueAt: o.GetUntil().AsTime(), Ended: decided,
			}
		}
	}
	return slices.Collect(maps.Values(rows))
}

// overridesToDecide are those that the caller may decide, as rows of the worklists in which
// they wait, behind the place of the page; each client's wishes are a recorded reading.
func (k gatewayOnly[S]) overridesToDecide(ctx context.Context, who identity.Caller, r *caseworkv1.ReadWorkRequest) (items []*caseworkv1.WorkItem, readings []Reading, err error) {
	if who.Worker == "" || r.GetWork().GetSent() || r.GetWork().GetOverdueOnly() {
		return nil, nil, nil
	}
	for _, query := range k.workQueries(who, r) {
		query.Role, query.HiddenOnly, query.Limit, query.After = journal.RoleOfficer, true, 0, nil
		rows, err := k.Store.Standings(ctx, query)
		if err != nil {
			return nil, nil, fault.Store(err)
		}
		for _, row := range rows {
			history, _, err := k.wishHistory(ctx, row.Subject)
			if err != nil {
				return nil, nil, err
			}
			wishes := history.State
			before := len(items)
			for _, o := range wishes.Undecided(who.Agency, who.Worker, k.Now()) {
				item := k.overrideItem(who, wishes, o)
				item.OnDuty = r.GetWork().GetQueue() == caseworkv1.Queue_QUEUE_ME
				if isBehind(item, r.GetAfter()) {
					items = append(items, item)
				}
			}
			if len(items) > before {
				readings = append(readings, Reading{Client: wishes.Client})
			}
		}
	}
	return items, readings, nil
}

func (k *Kernel[S]) overrideItem(who identity.Caller, wishes wish.Wishes, o *consentv1.Override) *caseworkv1.WorkItem {
	return &caseworkv1.WorkItem{
		Service: k.config.Rules.Service, Subject: "overrides/" + o.GetOverrideId(), ClientId: k.Engine.Names.ClientName(who.Agency, wishes.Client),
		Status: &commonv1.LoopStatus{WaitingOn: &commonv1.Party{Agency: who.Agency}, DueAt: o.GetUntil()},
		Holder: loop.UnitAlone(o.GetRequestedBy()), StartedAt: o.GetRequestedAt(),
	}
}

// isBehind tells whether a row comes behind the place at which a page begins.
func isBehind(item *caseworkv1.WorkItem, place *caseworkv1.ReadWorkRequest_Place) bool {
	if place == nil {
		return true
	}
	var due time.Time
	if place.GetDueAt() != nil {
		due = place.GetDueAt().AsTime()
	}
	return cmp.Or(compareDue(item.GetStatus().GetDueAt().AsTime(), due), cmp.Compare(item.GetSubject(), place.GetSubject())) > 0
}
