package consent

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/worklist"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// decisionsWait returns the worklist entries for overrides, and for directives that an agency
// recorded, that wait or waited for a second officer: one entry for each agency, for its latest
// waiting one, in the unit that requested it; all units that wait have a part in it.
func decisionsWait(w directive.Directives) []journal.WorklistEntry {
	rows, units := map[string]journal.WorklistEntry{}, map[string][]string{}
	add := func(by *commonv1.Party, until time.Time, decided bool) {
		if !decided {
			units[by.GetAgency()] = append(units[by.GetAgency()], by.GetUnit())
		}
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
	for agency, row := range rows {
		row.Parts = string(matter.PartsOf(append(units[agency], row.Unit), nil))
		rows[agency] = row
	}
	return slices.Collect(maps.Values(rows))
}

// Decisions are the overrides and directives that wait for a second officer.
type Decisions struct {
	Service    string
	Book       *Book
	Pseudonyms command.Pseudonyms
	Scopes     caller.Scopes
	Clock      clock.Clock
}

// List returns the overrides and directives that the caller may decide, as worklist
// rows after the place of the page, given the queries of the requested queue. The directives of each client are recorded as a reading.
func (d *Decisions) List(
	ctx context.Context, who identity.Caller, r *caseworkv1.ReadWorkRequest, queries []journal.Query,
) (items []*caseworkv1.WorkItem, readings []accesslog.Reading, err error) {
	if who.Worker == "" || r.GetWork().GetSent() || r.GetWork().GetOverdueOnly() {
		return nil, nil, nil
	}
	for _, query := range queries {
		query.Role, query.HiddenOnly, query.Limit, query.After = journal.RoleOfficer, true, 0, nil
		rows, err := d.Book.Store.WorklistEntries(ctx, query)
		if err != nil {
			return nil, nil, fault.Store(err)
		}
		for _, row := range rows {
			history, _, err := d.Book.history(ctx, row.Subject)
			if err != nil {
				return nil, nil, err
			}
			directives := history.State
			before := len(items)
			for _, item := range d.toDecide(who, directives) {
				item.OnDuty = r.GetWork().GetQueue() == caseworkv1.Queue_QUEUE_ME
				if worklist.IsBehind(item, r.GetAfter()) {
					items = append(items, item)
				}
			}
			if len(items) > before {
				readings = append(readings, accesslog.Reading{Client: directives.Client})
			}
		}
	}
	return items, readings, nil
}

// toDecide returns the rows of what an officer may decide in a client's directives: of its agency, or of the
// units that it may read.
func (d *Decisions) toDecide(who identity.Caller, directives directive.Directives) (items []*caseworkv1.WorkItem) {
	scope := d.Scopes.Of(who)
	row := func(service, subject string, by *commonv1.Party, at, until *timestamppb.Timestamp) {
		if scope.Permission(partsOf(by), "") != matter.PermissionFull {
			return
		}
		items = append(items, &caseworkv1.WorkItem{
			Service: service, Subject: subject, ClientId: d.Pseudonyms.ClientName(who.Agency, directives.Client),
			Status: &commonv1.LoopStatus{WaitingOn: &commonv1.Party{Agency: who.Agency}, DueAt: until},
			Holder: matter.UnitAlone(by), StartedAt: at,
		})
	}
	for _, o := range directives.Undecided(who.Agency, who.Worker, d.Clock.Now()) {
		row(d.Service, "overrides/"+o.GetOverrideId(), o.GetRequestedBy(), o.GetRequestedAt(), o.GetUntil())
	}
	for _, one := range directives.Unconfirmed(who.Agency, who.Worker, d.Clock.Now()) {
		// Every service keeps this directive, so the row belongs to none of them.
		row("consent", "confirmations/"+one.GetWishId(), one.GetRecordedBy(), one.GetRecordedAt(), one.GetUntil())
	}
	return items
}
