package merged

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc"
	"koppi.internal/pkg/fanout"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// maxConsumers is how many consumers one request may name, as in the contract.
const maxConsumers = 10_000

// epochs are the highest epochs that any service knows, by agency and consumer. A consumer has
// one epoch in all services, but a service that was down when the consumer was opened has an older
// one. A service that fails is named in the error; the result holds what the others answered.
func (e *Exchange) epochs(ctx context.Context, consumers map[string][]string) (map[string]map[string]uint64, error) {
	var asked []*exchangev1.GetTakeoversRequest_Consumer
	found := make(map[string]map[string]uint64, len(consumers))
	for agency, names := range consumers {
		found[agency] = make(map[string]uint64, len(names))
		for _, name := range names {
			asked = append(asked, &exchangev1.GetTakeoversRequest_Consumer{Agency: agency, Name: name})
		}
	}
	var failed []error
	answers := fanout.Try(ctx, e.conns, func(ctx context.Context, _ string, conn grpc.ClientConnInterface) ([]uint64, error) {
		return epochsOf(ctx, exchangev1.NewHeadsServiceClient(conn), asked)
	})
	for _, answer := range answers {
		if answer.Err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", answer.Service, answer.Err))
		}
		for i, epoch := range answer.Value {
			of := found[asked[i].GetAgency()]
			of[asked[i].GetName()] = max(of[asked[i].GetName()], epoch)
		}
	}
	return found, errors.Join(failed...)
}

// epochsOf are the epochs of consumers in one service, in the same order. With an error, they are
// those of the first consumers.
func epochsOf(ctx context.Context, service exchangev1.HeadsServiceClient, asked []*exchangev1.GetTakeoversRequest_Consumer) ([]uint64, error) {
	var epochs []uint64
	for some := range slices.Chunk(asked, maxConsumers) {
		response, err := service.GetTakeovers(ctx, &exchangev1.GetTakeoversRequest{Consumers: some})
		if err == nil && len(response.GetTakeovers()) != len(some) {
			err = errors.New("other consumers than asked for")
		}
		if err != nil {
			return epochs, err
		}
		epochs = append(epochs, response.GetTakeovers()...)
	}
	return epochs, nil
}
