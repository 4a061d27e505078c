package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// maxWaiting is the most waiting matters in one answer.
const maxWaiting = 1000

// newIn are the phases in which a turn is new to the agency: something was sent to it, asked of it,
// or declined.
var newIn = []int32{
	int32(commonv1.LoopPhase_LOOP_PHASE_SENT), int32(commonv1.LoopPhase_LOOP_PHASE_WAITING), int32(commonv1.LoopPhase_LOOP_PHASE_DECLINED),
}

// GetWaiting returns what waits for units and still needs a notice to them.
func (k internalAPI[S]) GetWaiting(ctx context.Context, r *caseworkv1.GetWaitingRequest) (*caseworkv1.GetWaitingResponse, error) {
	query := journal.WaitingQuery{Phases: newIn, Twice: int32(commonv1.Urgency_URGENCY_EMERGENCY), Limit: maxWaiting}
	for _, unit := range r.GetUnits() {
		query.Units = append(query.Units, journal.AgencyUnit{Agency: unit.GetAgency(), Unit: unit.GetUnit()})
	}
	waiting, err := k.Notices.Waiting(ctx, query)
	if err != nil {
		return nil, fault.Store(err)
	}
	response := &caseworkv1.GetWaitingResponse{Now: timestamppb.New(k.Now())}
	for _, one := range waiting {
		response.Waiting = append(response.Waiting, &caseworkv1.Waiting{
			Unit: &commonv1.Party{Agency: one.Agency, Unit: one.Unit}, Subject: one.Subject, Kind: caseworkv1.WaitingKind(one.Kind),
			Urgency: commonv1.Urgency(one.Urgency), DueAt: orAbsent(one.DueAt), Told: one.Told, ToldAt: orAbsent(one.ToldAt),
		})
	}
	return response, nil
}

func orAbsent(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// MarkTold records that units were notified of what waits.
func (k internalAPI[S]) MarkTold(ctx context.Context, r *caseworkv1.MarkToldRequest) (*caseworkv1.MarkToldResponse, error) {
	told := make([]journal.Waiting, 0, len(r.GetTold()))
	for _, one := range r.GetTold() {
		row := journal.Waiting{
			AgencyUnit: journal.AgencyUnit{Agency: one.GetUnit().GetAgency(), Unit: one.GetUnit().GetUnit()},
			Subject:    one.GetSubject(), Kind: journal.WaitingKind(one.GetKind()),
		}
		if one.GetDueAt() != nil {
			row.DueAt = one.GetDueAt().AsTime()
		}
		told = append(told, row)
	}
	if err := k.Notices.MarkNotified(ctx, told, k.Now()); err != nil {
		return nil, fault.Store(err)
	}
	return &caseworkv1.MarkToldResponse{}, nil
}
