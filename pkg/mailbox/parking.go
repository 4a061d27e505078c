package mailbox

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// parking implements ParkingService over the same journal.
type parking struct {
	exchangev1.UnimplementedParkingServiceServer
	*Server
}

// ListParked lists the parked matters: an agency's system sees those of its agency, an operator all.
func (p parking) ListParked(ctx context.Context, _ *exchangev1.ListParkedRequest) (*exchangev1.ListParkedResponse, error) {
	caller, err := keeper(ctx)
	if err != nil {
		return nil, err
	}
	all, err := p.config.Store.Parked(ctx, caller.Agency)
	if err != nil {
		return nil, fault.Store(err)
	}
	response := &exchangev1.ListParkedResponse{}
	for _, one := range all {
		before := Position{Service: p.config.Service}
		if one.Sequence > 1 {
			chain, err := p.chainAt(ctx, one.Agency, one.Sequence-1)
			if err != nil {
				return nil, err
			}
			before = position(p.config.Service, one.Sequence-1, chain)
		}
		response.Parked = append(response.Parked, &exchangev1.Parked{
			Agency: one.Agency, Consumer: one.Consumer, Service: p.config.Service, Subject: one.Subject, Sequence: one.Sequence,
			Cursor: Cursor{before}.String(), Code: one.Code, Retry: one.Retry, RefusedAt: timestamppb.New(one.At),
		})
	}
	return response, nil
}

// RetryParked requests another delivery of a parked matter.
func (p parking) RetryParked(ctx context.Context, r *exchangev1.RetryParkedRequest) (*exchangev1.RetryParkedResponse, error) {
	caller, err := keeper(ctx)
	if err != nil {
		return nil, err
	}
	agency := r.GetAgency()
	if caller.Agency != "" {
		if agency != "" && agency != caller.Agency {
			return nil, notParked()
		}
		agency = caller.Agency
	}
	return &exchangev1.RetryParkedResponse{}, p.park(ctx, journal.Parking{
		Step: journal.ParkRetry, Parked: journal.Parked{Agency: agency, Consumer: consumer(r.GetConsumer()), Subject: r.GetSubject()},
	})
}

// ChangeParked records the outcome of deliveries to the agency's endpoint.
func (p parking) ChangeParked(ctx context.Context, r *exchangev1.ChangeParkedRequest) (*exchangev1.ChangeParkedResponse, error) {
	caller, err := system(ctx)
	if err != nil {
		return nil, err
	}
	change := journal.Parking{Epoch: r.GetTakeover(), Parked: journal.Parked{
		Agency: caller.Agency, Consumer: consumer(r.GetConsumer()), Subject: r.GetSubject(), At: p.config.Clock.Now(),
	}}
	switch what := r.GetChange().(type) {
	case *exchangev1.ChangeParkedRequest_Refused_:
		change.Step, change.Sequence, change.Code = journal.ParkRefused, what.Refused.GetSequence(), what.Refused.GetCode()
		if err := p.delivered(ctx, caller.Agency, change.Sequence, change.Subject); err != nil {
			return nil, err
		}
	case *exchangev1.ChangeParkedRequest_AdvancedTo:
		change.Step, change.Sequence = journal.ParkAdvanced, what.AdvancedTo
	case *exchangev1.ChangeParkedRequest_Released_:
		change.Step = journal.ParkReleased
	}
	return &exchangev1.ChangeParkedResponse{}, p.park(ctx, change)
}

// delivered refuses a sequence whose message is not about the given subject.
func (p parking) delivered(ctx context.Context, agency string, sequence uint64, subject string) error {
	found, err := p.config.Store.Deliveries(ctx, journal.DeliveryQuery{Agency: agency, After: sequence - 1, Limit: 1})
	if err != nil {
		return fault.Store(err)
	}
	if len(found) == 0 || found[0].Sequence != sequence || found[0].Subject != subject {
		return fault.New(fault.InvalidField, "the mailbox has no such message about this subject").Field("refused.sequence", "of the subject")
	}
	return nil
}

func (p parking) park(ctx context.Context, change journal.Parking) error {
	switch err := p.config.Store.Park(ctx, change); {
	case errors.Is(err, journal.ErrTakenOver):
		return takenOver()
	case errors.Is(err, journal.ErrNotFound):
		return notParked()
	default:
		return fault.Store(err)
	}
}

func notParked() error { return fault.New(fault.NotFound, "nothing of this subject is parked") }

// keeper admits a system for its own agency, and operators for all agencies.
func keeper(ctx context.Context) (identity.Caller, error) {
	caller, ok := identity.FromContext(ctx)
	switch {
	case !ok:
		return caller, fault.New(fault.TokenRequired, "a token is missing")
	case caller.Role == identity.RoleOperator:
		caller.Agency = ""
	case !caller.System || caller.Agency == "":
		return caller, fault.New(fault.RoleNotAllowed, "what is parked is seen by the agency's systems and by operators")
	}
	return caller, nil
}
