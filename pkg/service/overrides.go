package service

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// overridesWait returns the worklist entries for overrides, and for directives that an agency
// recorded, that wait or waited for a second officer: one entry for each agency, for its latest
// waiting one, in the unit that requested it.
func overridesWait(w consent.Directives) []journal.WorklistEntry {
	rows := map[string]journal.WorklistEntry{}
	add := func(by *commonv1.Party, until time.Time, decided bool) {
		if row, known := rows[by.GetAgency()]; !known || !decided || row.Ended {
			rows[by.GetAgency()] = journal.WorklistEntry{Agency: by.GetAgency(), Unit: by.GetUnit(), WaitingOn: by.GetAgency(), DueAt: until, Ended: decided}
		}
	}
	for _, o := range w.Overrides {
		add(o.GetRequestedBy(), o.GetUntil().AsTime(), o.GetDecidedAt() != nil)
	}
	for _, one := range w.Waiting {
		if w.Listed[one.GetWishId()] {
			add(one.GetRecordedBy(), one.GetUntil().AsTime(), one.GetDecidedAt() != nil)
		}
	}
	return slices.Collect(maps.Values(rows))
}

// overridesToDecide returns the overrides and directives that the caller may decide, as worklist
// rows after the place of the page. The directives of each client are recorded as a reading.
func (k internalAPI[S]) overridesToDecide(ctx context.Context, who identity.Caller, r *caseworkv1.ReadWorkRequest) (items []*caseworkv1.WorkItem, readings []Reading, err error) {
	if who.Worker == "" || r.GetWork().GetSent() || r.GetWork().GetOverdueOnly() {
		return nil, nil, nil
	}
	for _, query := range k.workQueries(who, r) {
		query.Role, query.HiddenOnly, query.Limit, query.After = journal.RoleOfficer, true, 0, nil
		rows, err := k.Store.WorklistEntries(ctx, query)
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
			for _, item := range k.toDecide(who, wishes) {
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

// toDecide returns the rows of what an officer may decide in a client's directives.
func (k *Kernel[S]) toDecide(who identity.Caller, wishes consent.Directives) (items []*caseworkv1.WorkItem) {
	row := func(service, subject string, by *commonv1.Party, at, until *timestamppb.Timestamp) {
		items = append(items, &caseworkv1.WorkItem{
			Service: service, Subject: subject, ClientId: k.Engine.Pseudonyms.ClientName(who.Agency, wishes.Client),
			Status: &commonv1.LoopStatus{WaitingOn: &commonv1.Party{Agency: who.Agency}, DueAt: until},
			Holder: matter.UnitAlone(by), StartedAt: at,
		})
	}
	for _, o := range wishes.Undecided(who.Agency, who.Worker, k.Now()) {
		row(k.config.Rules.Service, "overrides/"+o.GetOverrideId(), o.GetRequestedBy(), o.GetRequestedAt(), o.GetUntil())
	}
	for _, one := range wishes.Unconfirmed(who.Agency, who.Worker, k.Now()) {
		// Every service keeps this directive, so the row belongs to none of them.
		row("consent", "confirmations/"+one.GetWishId(), one.GetRecordedBy(), one.GetRecordedAt(), one.GetUntil())
	}
	return items
}

// isBehind tells whether a row comes after the place at which a page begins.
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
