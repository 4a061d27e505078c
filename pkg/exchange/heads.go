package exchange

import (
	"context"
	"strings"

	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// heads answers the gateway's look at all mailboxes.
type heads struct {
	exchangev1.UnimplementedHeadsServiceServer
	*Server
}

// GetHeads tells how far each mailbox has come: numbers, and nothing of anybody.
func (h heads) GetHeads(ctx context.Context, _ *exchangev1.GetHeadsRequest) (*exchangev1.GetHeadsResponse, error) {
	sequences, err := h.sequences(ctx)
	return &exchangev1.GetHeadsResponse{Sequences: sequences}, fault.Store(err)
}

// Register adds the server's services.
func (s *Server) Register(server grpc.ServiceRegistrar) {
	exchangev1.RegisterExchangeServiceServer(server, s)
	exchangev1.RegisterHeadsServiceServer(server, heads{Server: s})
	exchangev1.RegisterParkingServiceServer(server, parking{Server: s})
}

// IsHeads tells the methods that need no caller's token: no gateway passes them on.
func IsHeads(method string) bool {
	return strings.HasPrefix(method, "/"+exchangev1.HeadsService_ServiceDesc.ServiceName+"/")
}
