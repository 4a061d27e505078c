package merged

import (
	"context"

	"google.golang.org/grpc"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// parking implements ParkingService: it forwards calls about parked subjects to the services.
type parking struct {
	exchangev1.UnimplementedParkingServiceServer
	*Exchange
}

func (p parking) service(name string) (exchangev1.ParkingServiceClient, error) {
	if conn := p.conns[name]; conn != nil {
		return exchangev1.NewParkingServiceClient(conn), nil
	}
	return nil, fault.New(fault.InvalidField, "there is no such service").Field("service", "unknown")
}

// ListParked lists the parked subjects of one service, or of all services where the request names
// none. It fails if a service does not answer.
func (p parking) ListParked(ctx context.Context, r *exchangev1.ListParkedRequest) (*exchangev1.ListParkedResponse, error) {
	if r.GetService() != "" {
		client, err := p.service(r.GetService())
		if err != nil {
			return nil, err
		}
		return client.ListParked(identity.Forward(ctx), r)
	}
	_, pages, err := fanout.All(identity.Forward(ctx), p.conns, func(ctx context.Context, _ string, conn grpc.ClientConnInterface) (*exchangev1.ListParkedResponse, error) {
		return exchangev1.NewParkingServiceClient(conn).ListParked(ctx, r)
	})
	if err != nil {
		return nil, err
	}
	all := &exchangev1.ListParkedResponse{}
	for _, page := range pages {
		all.Parked = append(all.Parked, page.GetParked()...)
	}
	return all, nil
}

// RetryParked forwards the request to the service.
func (p parking) RetryParked(ctx context.Context, r *exchangev1.RetryParkedRequest) (*exchangev1.RetryParkedResponse, error) {
	client, err := p.service(r.GetService())
	if err != nil {
		return nil, err
	}
	return client.RetryParked(identity.Forward(ctx), r)
}

// ChangeParked forwards the change to the service.
func (p parking) ChangeParked(ctx context.Context, r *exchangev1.ChangeParkedRequest) (*exchangev1.ChangeParkedResponse, error) {
	client, err := p.service(r.GetService())
	if err != nil {
		return nil, err
	}
	return client.ChangeParked(identity.Forward(ctx), r)
}
