package worklist

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// ReadWork reads this service's part of a worklist over all services. Each matter in it is recorded
// as a reading.
func (l *Worklist[S]) ReadWork(ctx context.Context, r *caseworkv1.ReadWorkRequest) (*caseworkv1.ReadWorkResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if !caller.IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "only an agency's worker or system can read a worklist")
	}
	number, err := searched(r.GetWork())
	if err != nil {
		return nil, err
	}
	queries := l.queries(who, r, number)
	var entries []journal.WorklistEntry
	for _, query := range queries {
		found, err := l.Store.WorklistEntries(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		entries = append(entries, found...)
	}
	// Neither a tombstone nor a decision has a second worker or a unit on call.
	plain := slices.DeleteFunc(slices.Clone(queries), func(query journal.Query) bool { return query.Second != "" || query.OnCall != "" })
	tombstones, err := l.toAcknowledge(ctx, r, plain)
	if err != nil {
		return nil, err
	}
	entries = append(entries, tombstones...)
	slices.SortFunc(entries, func(a, b journal.WorklistEntry) int {
		return cmp.Or(compareDue(a.DueAt, b.DueAt), cmp.Compare(a.Subject, b.Subject))
	})
	limit := int(r.GetLimit())
	// A full result may hide further rows, because each query is limited.
	response := &caseworkv1.ReadWorkResponse{More: len(entries) >= limit}
	entries = entries[:min(len(entries), limit)]
	filled, err := l.Matters.Fill(ctx, who, entries, func(one reading.Shown[S]) proto.Message { return l.workItem(one, journal.WorklistEntry{}) })
	if err != nil {
		return nil, err
	}
	if response.More = response.GetMore() || filled.Done < len(entries); response.GetMore() {
		last := entries[filled.Done-1]
		response.Reached = &caseworkv1.ReadWorkRequest_Place{Subject: last.Subject}
		if !last.DueAt.IsZero() {
			response.Reached.DueAt = timestamppb.New(last.DueAt)
		}
	}
	var readings []accesslog.Reading
	for i, one := range filled.Shown {
		item := l.workItem(one, filled.Rows[i])
		item.OnDuty = r.GetWork().GetQueue() == caseworkv1.Queue_QUEUE_ME && filled.Rows[i].Worker == ""
		item.OnCall = r.GetWork().GetQueue() == caseworkv1.Queue_QUEUE_UNIT && filled.Rows[i].OnCall == cmp.Or(r.GetWork().GetUnit(), who.Unit)
		if r.GetWork().GetWithNames() {
			if err := l.name(ctx, who, one, filled.Rows[i], item); err != nil {
				return nil, err
			}
		}
		response.Items = append(response.Items, item)
		readings = append(readings, one.Reading())
	}
	decisions, asked, err := l.Decisions(ctx, who, r, plain)
	if err != nil {
		return nil, err
	}
	if response.GetMore() {
		// Rows after the reached place come with the next page.
		decisions = slices.DeleteFunc(decisions, func(item *caseworkv1.WorkItem) bool { return IsBehind(item, response.GetReached()) })
	}
	response.Items = append(response.Items, decisions...)
	return response, l.AccessLog.Read(ctx, who, accesslog.PurposeWorklist, append(readings, asked...)...)
}

// queries returns the queries for a queue, and for the matter of a number if one is given; the parts
// of a worker's own queue do not overlap.
func (l *Worklist[S]) queries(who identity.Caller, r *caseworkv1.ReadWorkRequest, number string) []journal.Query {
	work := r.GetWork()
	query := l.Matters.Scopes.Query(who, journal.Query{
		Agency: who.Agency, Number: number, OpenOnly: !work.GetIncludeEnded(), OverdueOnly: work.GetOverdueOnly(), OwnTurn: work.GetOwnTurnOnly(), ToDo: !work.GetSent(), Limit: int(r.GetLimit()),
	})
	query.Unassigned = work.GetUnassignedOnly()
	if work.GetRepeatedUnreachedOnly() {
		query.Marks = matter.MarkRepeatedUnreached
	}
	if work.GetSent() {
		query.Role = journal.RoleSender
	}
	if after := r.GetAfter(); after != nil {
		query.After = &journal.WorklistCursor{Subject: after.GetSubject()}
		if after.GetDueAt() != nil {
			query.After.DueAt = after.GetDueAt().AsTime()
		}
	}
	switch work.GetQueue() {
	case caseworkv1.Queue_QUEUE_ME:
		own, second := query, query
		own.Worker, second.Second = who.Worker, who.Worker
		queries := []journal.Query{own}
		if who.Worker != "" {
			queries = append(queries, second)
		}
		for _, unit := range who.DutyUnits(matter.WeekOf(l.Clock.Now())) {
			duty := query
			duty.Unit, duty.Unassigned = unit, true
			queries = append(queries, duty)
		}
		return queries
	case caseworkv1.Queue_QUEUE_UNIT:
		query.Unit, query.Worker = cmp.Or(work.GetUnit(), who.Unit), work.GetWorker()
		onCall := query
		onCall.Unit, onCall.OnCall = "", query.Unit
		return []journal.Query{query, onCall}
	}
	query.Worker = work.GetWorker()
	return []journal.Query{query}
}

// toAcknowledge returns tombstones of matters entered in error that wait for the agency's
// acknowledgement. No other list holds them, because they name no client.
func (l *Worklist[S]) toAcknowledge(ctx context.Context, r *caseworkv1.ReadWorkRequest, queries []journal.Query) ([]journal.WorklistEntry, error) {
	if r.GetWork().GetSent() {
		return nil, nil
	}
	var all []journal.WorklistEntry
	for _, query := range queries {
		// Reports that joined another are hidden too; the filter below removes them.
		query.HiddenOnly, query.OwnTurn, query.Limit = true, true, 0
		found, err := l.Store.WorklistEntries(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		all = append(all, slices.DeleteFunc(found, func(row journal.WorklistEntry) bool { return !isTombstone(row) })...)
	}
	return all, nil
}

// workItem returns a matter as a row of a worklist.
func (l *Worklist[S]) workItem(shown reading.Shown[S], entry journal.WorklistEntry) *caseworkv1.WorkItem {
	message := l.Message(shown)
	item := &caseworkv1.WorkItem{
		Service: l.Service, Subject: entry.Subject, State: stateName(message), CaseId: shown.CaseID, ClientId: shown.ClientID,
		MatterNumber:    shown.MatterNumber,
		PlannedContacts: shown.State.Common().PlannedContacts(shown.Now),
		Holder:          &commonv1.Party{Agency: entry.Agency, Unit: entry.Unit, Worker: entry.Worker},
		StartedAt:       timestamppb.New(entry.StartedAt),
		About:           aboutOf(message),
		Sender:          senderOf(message),
		Urgency:         commonv1.Urgency(entry.Urgency),
		// How far the receiver is with it is not the sender's to know.
		Touched: entry.Role == journal.RoleReceiver && entry.Touched,
	}
	if entry.Second != "" {
		item.Second = secondOf(message)
	}
	if l.Describe != nil {
		l.Describe(shown.State, shown.Reader, shown.Now, item)
	}
	if named, ok := message.(interface{ GetStatus() *commonv1.LoopStatus }); ok {
		item.Status = named.GetStatus()
	}
	if notice := shown.State.Common().Awaited(entry.Agency); notice != nil {
		status := &commonv1.LoopStatus{}
		proto.Merge(status, item.GetStatus())
		status.WaitingOn, status.Overdue = &commonv1.Party{Agency: entry.Agency}, entry.Overdue
		if status.GetDueAt() == nil || entry.DueAt.Equal(notice.Due) {
			status.DueAt, status.DueBasis, status.DueProvision = timestamppb.New(notice.Due), commonv1.DueBasis_DUE_BASIS_UNSPECIFIED, ""
		}
		item.Status = status
	}
	return item
}

// stateName returns the name of the state that a message shows.
func stateName(message proto.Message) string {
	field := message.ProtoReflect().Descriptor().Fields().ByName("state")
	if field == nil || field.Enum() == nil {
		return ""
	}
	return enumName(field, message.ProtoReflect().Get(field))
}

// aboutOf returns what a matter is about as a message shows it (topics, kind or service key), by
// the names of the contract.
func aboutOf(message proto.Message) (about []string) {
	shown := message.ProtoReflect()
	for _, name := range []protoreflect.Name{"topics", "kind", "service_key"} {
		field := shown.Descriptor().Fields().ByName(name)
		if field == nil || !shown.Has(field) {
			continue
		}
		value := shown.Get(field)
		switch {
		case field.IsList():
			for i := range value.List().Len() {
				about = append(about, enumName(field, value.List().Get(i)))
			}
		case field.Enum() != nil:
			about = append(about, enumName(field, value))
		default:
			about = append(about, value.String())
		}
	}
	return about
}

// senderOf returns the party that sent a matter as a message shows it.
func senderOf(message proto.Message) *commonv1.Party {
	shown := message.ProtoReflect()
	for _, name := range []protoreflect.Name{"reporter", "sender", "asker", "created_by"} {
		if field := shown.Descriptor().Fields().ByName(name); field != nil && shown.Has(field) {
			party, _ := shown.Get(field).Message().Interface().(*commonv1.Party)
			return party
		}
	}
	return nil
}

// secondOf returns the second worker of a matter as a message shows it.
func secondOf(message proto.Message) *commonv1.Party {
	if named, is := message.(interface{ GetSecondWorker() *commonv1.Party }); is {
		return named.GetSecondWorker()
	}
	return nil
}

func enumName(field protoreflect.FieldDescriptor, value protoreflect.Value) string {
	named := field.Enum().Values().ByNumber(value.Enum())
	if named == nil {
		return ""
	}
	return string(named.Name())
}

// compareDue orders due times; a missing one comes last.
func compareDue(a, b time.Time) int {
	switch {
	case a.Equal(b):
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	default:
		return a.Compare(b)
	}
}

// isTombstone tells whether a row is of a matter entered in error, acknowledged or not.
func isTombstone(row journal.WorklistEntry) bool {
	return row.Hidden && (row.Ended || row.Phase == int32(commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN))
}

// IsBehind tells whether a row comes after the place at which a page begins.
func IsBehind(item *caseworkv1.WorkItem, place *caseworkv1.ReadWorkRequest_Place) bool {
	if place == nil {
		return true
	}
	var due time.Time
	if place.GetDueAt() != nil {
		due = place.GetDueAt().AsTime()
	}
	return cmp.Or(compareDue(item.GetStatus().GetDueAt().AsTime(), due), cmp.Compare(item.GetSubject(), place.GetSubject())) > 0
}
