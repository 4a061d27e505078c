package gateway

import (
	"context"
	"slices"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// counted are the services, by collection, whose matters count as a worker's load.
var counted = []string{"concerns", "referrals"}

// GetLoad returns how much work each colleague of a unit has, for who leads the unit or is on duty in it.
func (a *API) GetLoad(ctx context.Context, r *caseworkv1.GetLoadRequest) (*caseworkv1.GetLoadResponse, error) {
	who, staff, now, err := a.current(ctx)
	switch {
	case err != nil:
		return nil, err
	case !staff.HasUnit(r.GetUnit()):
		return nil, noUnit()
	case !a.People.SharesOut(who, r.GetUnit()):
		return nil, fault.New(fault.RoleNotAllowed, "the load of a unit is for who leads the unit or is on duty in it")
	}
	response, asked := &caseworkv1.GetLoadResponse{}, &caseworkv1.ReadLoadRequest{Agency: who.Agency}
	for _, one := range staff.Colleagues(r.GetUnit(), false, now) {
		response.Loads = append(response.Loads, &caseworkv1.WorkerLoad{Colleague: one})
		asked.Workers = append(asked.Workers, one.GetParty().GetWorker())
	}
	_, parts, err := fanout.Ask(ctx, a.Services, func(ctx context.Context, name string, suite caseworkv1.SuiteServiceClient) (*caseworkv1.ReadLoadResponse, error) {
		if !slices.Contains(counted, name) {
			return &caseworkv1.ReadLoadResponse{}, nil
		}
		return suite.ReadLoad(ctx, asked)
	})
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		for i, load := range part.GetLoads() {
			added(response.GetLoads()[i], load)
		}
	}
	return response, nil
}

// added adds one service's part of a load. Only concerns have a track and a support need.
func added(to, part *caseworkv1.WorkerLoad) {
	to.Open, to.Second, to.Urgent, to.Overdue = to.GetOpen()+part.GetOpen(), to.GetSecond()+part.GetSecond(), to.GetUrgent()+part.GetUrgent(), to.GetOverdue()+part.GetOverdue()
	to.ByTrack, to.BySupportNeed = append(to.GetByTrack(), part.GetByTrack()...), append(to.GetBySupportNeed(), part.GetBySupportNeed()...)
}
