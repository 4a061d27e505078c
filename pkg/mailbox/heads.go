package mailbox

import (
	"context"

	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// heads implements HeadsService, by which the gateway polls the positions of all mailboxes.
type heads struct {
	exchangev1.UnimplementedHeadsServiceServer
	*Server
}

// GetHeads returns the last sequence of each mailbox. It discloses no content and nothing about persons.
func (h heads) GetHeads(ctx context.Context, _ *exchangev1.GetHeadsRequest) (*exchangev1.GetHeadsResponse, error) {
	sequences, err := h.sequences(ctx)
	return &exchangev1.GetHeadsResponse{Sequences: sequences}, fault.Store(err)
}

// GetTakeovers returns the current epoch of each requested consumer.
func (h heads) GetTakeovers(ctx context.Context, r *exchangev1.GetTakeoversRequest) (*exchangev1.GetTakeoversResponse, error) {
	asked := map[string][]string{}
	for _, one := range r.GetConsumers() {
		asked[one.GetAgency()] = append(asked[one.GetAgency()], consumer(one.GetName()))
	}
	found, err := h.epochs(ctx, asked)
	if err != nil {
		return nil, fault.Store(err)
	}
	response := &exchangev1.GetTakeoversResponse{Takeovers: make([]uint64, 0, len(r.GetConsumers()))}
	for _, one := range r.GetConsumers() {
		response.Takeovers = append(response.Takeovers, found[one.GetAgency()][consumer(one.GetName())])
	}
	return response, nil
}

// epochs reads the epochs of consumers from the journal, by agency and consumer name.
func (s *Server) epochs(ctx context.Context, consumers map[string][]string) (map[string]map[string]uint64, error) {
	found := make(map[string]map[string]uint64, len(consumers))
	for agency, names := range consumers {
		all, err := s.config.Store.Consumers(ctx, agency, names...)
		if err != nil {
			return nil, err
		}
		found[agency] = make(map[string]uint64, len(all))
		for name, one := range all {
			found[agency][name] = one.Epoch
		}
	}
	return found, nil
}

// Register registers the server's gRPC services.
func (s *Server) Register(server grpc.ServiceRegistrar) {
	exchangev1.RegisterExchangeServiceServer(server, s)
	exchangev1.RegisterHeadsServiceServer(server, heads{Server: s})
	exchangev1.RegisterParkingServiceServer(server, parking{Server: s})
	exchangev1.RegisterEndpointStateServiceServer(server, endpoints{Server: s})
}
