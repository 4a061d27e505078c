package service

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// worklistPurpose is the purpose recorded for reading matters in a worklist.
const worklistPurpose = "worklist"

// ReadWork reads this service's part of a worklist over all services. Each matter in it is recorded
// as a reading.
func (k internalAPI[S]) ReadWork(ctx context.Context, r *caseworkv1.ReadWorkRequest) (*caseworkv1.ReadWorkResponse, error) {
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	if !IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "a worklist is an agency's")
	}
	var standings []journal.WorklistEntry
	for _, query := range k.workQueries(who, r) {
		found, err := k.Store.WorklistEntries(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		standings = append(standings, found...)
	}
	emptied, err := k.toAcknowledge(ctx, who, r)
	if err != nil {
		return nil, err
	}
	standings = append(standings, emptied...)
	slices.SortFunc(standings, func(a, b journal.WorklistEntry) int {
		return cmp.Or(compareDue(a.DueAt, b.DueAt), cmp.Compare(a.Subject, b.Subject))
	})
	limit := int(r.GetLimit())
	// A full result may hide further rows, because each query is limited.
	response := &caseworkv1.ReadWorkResponse{More: len(standings) >= limit}
	standings = standings[:min(len(standings), limit)]
	filled, err := k.fill(ctx, who, standings, func(one Shown[S]) proto.Message { return k.workItem(one, journal.WorklistEntry{}) })
	if err != nil {
		return nil, err
	}
	if response.More = response.GetMore() || filled.done < len(standings); response.GetMore() {
		last := standings[filled.done-1]
		response.Reached = &caseworkv1.ReadWorkRequest_Place{Subject: last.Subject}
		if !last.DueAt.IsZero() {
			response.Reached.DueAt = timestamppb.New(last.DueAt)
		}
	}
	var readings []Reading
	for i, one := range filled.shown {
		item := k.workItem(one, filled.rows[i])
		item.OnDuty = r.GetWork().GetQueue() == caseworkv1.Queue_QUEUE_ME && filled.rows[i].Worker != who.Worker
		response.Items = append(response.Items, item)
		readings = append(readings, readingOf(one.State))
	}
	overrides, asked, err := k.overridesToDecide(ctx, who, r)
	if err != nil {
		return nil, err
	}
	if response.GetMore() {
		// Rows after the reached place come with the next page.
		overrides = slices.DeleteFunc(overrides, func(item *caseworkv1.WorkItem) bool { return isBehind(item, response.GetReached()) })
	}
	response.Items = append(response.Items, overrides...)
	return response, k.RecordReading(ctx, who, worklistPurpose, append(readings, asked...)...)
}

// workQueries returns the queries for a queue; the parts of a worker's own queue do not overlap.
func (k internalAPI[S]) workQueries(who identity.Caller, r *caseworkv1.ReadWorkRequest) []journal.Query {
	work := r.GetWork()
	query := journal.Query{
		Agency: who.Agency, OpenOnly: !work.GetIncludeEnded(), OverdueOnly: work.GetOverdueOnly(), OwnTurn: work.GetOwnTurnOnly(), ToDo: !work.GetSent(), Limit: int(r.GetLimit()),
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
		own := query
		own.Worker = who.Worker
		queries := []journal.Query{own}
		for _, unit := range k.Directory.OnDuty(who.Agency, who.Worker, k.Now()) {
			duty := query
			duty.Unit, duty.Unassigned = unit, true
			queries = append(queries, duty)
		}
		return queries
	case caseworkv1.Queue_QUEUE_UNIT:
		query.Unit = cmp.Or(work.GetUnit(), who.Unit)
	}
	query.Worker = work.GetWorker()
	return []journal.Query{query}
}

// toAcknowledge returns tombstones of matters entered in error that wait for the agency's
// acknowledgement. No other list holds them, because they name no client.
func (k internalAPI[S]) toAcknowledge(ctx context.Context, who identity.Caller, r *caseworkv1.ReadWorkRequest) ([]journal.WorklistEntry, error) {
	if r.GetWork().GetSent() {
		return nil, nil
	}
	var all []journal.WorklistEntry
	for _, query := range k.workQueries(who, r) {
		// Reports that joined another are hidden too; the filter below removes them.
		query.HiddenOnly, query.OwnTurn, query.Limit = true, true, 0
		found, err := k.Store.WorklistEntries(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		all = append(all, slices.DeleteFunc(found, func(row journal.WorklistEntry) bool { return !isTombstone(row) })...)
	}
	return all, nil
}

// workItem returns a matter as a row of a worklist.
func (k internalAPI[S]) workItem(shown Shown[S], standing journal.WorklistEntry) *caseworkv1.WorkItem {
	message := k.config.Message(shown)
	item := &caseworkv1.WorkItem{
		Service: k.config.Rules.Service, Subject: standing.Subject, State: stateName(message), CaseId: shown.CaseID, ClientId: shown.ClientID,
		PlannedContacts: shown.State.Common().PlannedContacts(shown.Now),
		Holder:          &commonv1.Party{Agency: standing.Agency, Unit: standing.Unit, Worker: standing.Worker},
		StartedAt:       timestamppb.New(standing.StartedAt),
		About:           aboutOf(message),
		Urgency:         commonv1.Urgency(standing.Urgency),
	}
	if named, ok := message.(interface{ GetStatus() *commonv1.LoopStatus }); ok {
		item.Status = named.GetStatus()
	}
	if notice := shown.State.Common().Awaited(standing.Agency); notice != nil {
		status := &commonv1.LoopStatus{}
		proto.Merge(status, item.GetStatus())
		status.WaitingOn, status.Overdue = &commonv1.Party{Agency: standing.Agency}, standing.Overdue
		if status.GetDueAt() == nil || standing.DueAt.Equal(notice.Due) {
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
