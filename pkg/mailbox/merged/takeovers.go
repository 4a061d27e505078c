package merged

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// mostConsumers is how many consumers one request may name, as in the contract.
const mostConsumers = 10_000

// takeovers are the highest epochs that any service knows, by agency and consumer. A consumer has
// one epoch in all services, but a service that was down when the consumer was opened has an older
// one. A service that fails is named in the error; the result holds what the others answered.
func (e *Exchange) takeovers(ctx context.Context, consumers map[string][]string) (map[string]map[string]uint64, error) {
	var asked []*exchangev1.GetTakeoversRequest_Consumer
	found := make(map[string]map[string]uint64, len(consumers))
	for agency, names := range consumers {
		found[agency] = make(map[string]uint64, len(names))
		for _, name := range names {
			asked = append(asked, &exchangev1.GetTakeoversRequest_Consumer{Agency: agency, Name: name})
		}
	}
	var mu sync.Mutex
	failed := make([]error, len(e.config.Services))
	var group errgroup.Group
	for i, service := range e.config.Services {
		client := exchangev1.NewHeadsServiceClient(service.Conn)
		group.Go(func() error {
			for some := range slices.Chunk(asked, mostConsumers) {
				response, err := client.GetTakeovers(ctx, &exchangev1.GetTakeoversRequest{Consumers: some})
				if err == nil && len(response.GetTakeovers()) != len(some) {
					err = errors.New("other consumers than asked for")
				}
				if err != nil {
					failed[i] = fmt.Errorf("%s: %w", service.Name, err)
					return nil
				}
				mu.Lock()
				for i, takeover := range response.GetTakeovers() {
					of := found[some[i].GetAgency()]
					of[some[i].GetName()] = max(of[some[i].GetName()], takeover)
				}
				mu.Unlock()
			}
			return nil
		})
	}
	_ = group.Wait()
	return found, errors.Join(failed...)
}
