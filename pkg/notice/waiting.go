// Package notice knows what waits for units and needs a notice to them. The subpackage gateway mails the
// units.
package notice

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/clock"
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

// Waiting serves what waits for units in one service. The gateway mails the units of it.
type Waiting struct {
	Notices journal.Notices
	Clock   clock.Clock
}

// GetWaiting returns what waits for units and still needs a notice to them.
func (w *Waiting) GetWaiting(ctx context.Context, r *caseworkv1.GetWaitingRequest) (*caseworkv1.GetWaitingResponse, error) {
	query := journal.WaitingQuery{Phases: newIn, Twice: int32(commonv1.Urgency_URGENCY_EMERGENCY), Limit: maxWaiting}
	for _, unit := range r.GetUnits() {
		query.Units = append(query.Units, journal.AgencyUnit{Agency: unit.GetAgency(), Unit: unit.GetUnit()})
	}
	waiting, err := w.Notices.Waiting(ctx, query)
	if err != nil {
		return nil, fault.Store(err)
	}
	response := &caseworkv1.GetWaitingResponse{Now: timestamppb.New(w.Clock.Now())}
	for _, one := range waiting {
		response.Waiting = append(response.Waiting, &caseworkv1.Waiting{
			Unit: &commonv1.Party{Agency: one.Agency, Unit: one.Unit}, Subject: one.Subject, Kind: caseworkv1.WaitingKind(one.Kind),
			Urgency: commonv1.Urgency(one.Urgency), DueAt: timestampOf(one.DueAt), Told: one.Told, ToldAt: timestampOf(one.ToldAt),
		})
	}
	return response, nil
}

// timestampOf returns a time as a message holds it; nil for the zero time.
func timestampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// MarkTold records that units were notified of what waits.
func (w *Waiting) MarkTold(ctx context.Context, r *caseworkv1.MarkToldRequest) (*caseworkv1.MarkToldResponse, error) {
	notified := make([]journal.Waiting, 0, len(r.GetTold()))
	for _, one := range r.GetTold() {
		row := journal.Waiting{
			AgencyUnit: journal.AgencyUnit{Agency: one.GetUnit().GetAgency(), Unit: one.GetUnit().GetUnit()},
			Subject:    one.GetSubject(), Kind: journal.WaitingKind(one.GetKind()),
		}
		if one.GetDueAt() != nil {
			row.DueAt = one.GetDueAt().AsTime()
		}
		notified = append(notified, row)
	}
	if err := w.Notices.MarkNotified(ctx, notified, w.Clock.Now()); err != nil {
		return nil, fault.Store(err)
	}
	return &caseworkv1.MarkToldResponse{}, nil
}
