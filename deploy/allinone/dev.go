package allinone

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// served is the explicit list of what may be called from outside.
var served = []string{
	concernv1.ConcernService_ServiceDesc.ServiceName,
	exchangev1.ExchangeService_ServiceDesc.ServiceName,
}

// Served lists the services that may be called from outside.
func Served() []string { return append([]string{devServiceName}, served...) }

const (
	// DevIssuerName is who signs tokens under --dev.
	DevIssuerName = "https://dev.koppi.internal"
	// devTokenLife is a working day.
	devTokenLife = 8 * time.Hour
)

var devServiceName = devv1.DevService_ServiceDesc.ServiceName

// isDevMethod tells the methods that need no token: they give them out. Only
// --dev registers them.
func isDevMethod(method string) bool { return strings.HasPrefix(method, "/"+devServiceName+"/") }

// advancer is a service whose clock development moves.
type advancer interface {
	AdvanceClock(ctx context.Context, to time.Time) error
	Now() time.Time
}

// devService is for trying Koppi, and for its scenarios.
type devService struct {
	devv1.UnimplementedDevServiceServer

	issuer    *identity.DevIssuer
	directory *directory.Directory
	secrets   *identity.Secrets
	services  []advancer
}

func (d *devService) register(server grpc.ServiceRegistrar) {
	devv1.RegisterDevServiceServer(server, d)
}

// IssueToken signs a token for a worker, a system, an operator, or a client.
func (d *devService) IssueToken(_ context.Context, r *devv1.IssueTokenRequest) (*devv1.IssueTokenResponse, error) {
	caller := identity.Caller{Agency: r.GetAgency(), Unit: r.GetUnit(), Worker: r.GetWorker(), Role: identity.Role(r.GetRole())}
	switch {
	case caller.Role == identity.RoleClient:
		code, err := identity.ParseCode(r.GetPersonalIdentityCode(), true)
		if err != nil {
			return nil, err
		}
		caller = identity.Caller{Role: identity.RoleClient, Client: d.secrets.Inner(code)}
	case !caller.Role.IsWorker() && caller.Role != identity.RoleSystem && caller.Role != identity.RoleOperator:
		return nil, fault.New(fault.InvalidField, "there is no such role").Field("role", "unknown")
	case caller.Role != identity.RoleSystem && caller.Worker == "":
		return nil, fault.New(fault.InvalidField, "a worker's token names the worker").Field("worker", "required")
	default:
		party := &commonv1.Party{Agency: caller.Agency, Unit: caller.Unit}
		if err := d.directory.Check(party, ""); err != nil {
			return nil, err
		}
	}
	if caller.Role == identity.RoleSystem {
		caller.SystemSubject, caller.Worker = caller.Worker, ""
	}
	token, err := d.issuer.Issue(caller, time.Now(), devTokenLife)
	if err != nil {
		return nil, err
	}
	return &devv1.IssueTokenResponse{Token: token}, nil
}

// AdvanceClock moves every service's clock and returns once each has acted on
// what fell due.
func (d *devService) AdvanceClock(ctx context.Context, r *devv1.AdvanceClockRequest) (*devv1.AdvanceClockResponse, error) {
	var to time.Time
	for _, service := range d.services {
		switch target := r.GetTarget().(type) {
		case *devv1.AdvanceClockRequest_By:
			to = service.Now().Add(target.By.AsDuration())
		case *devv1.AdvanceClockRequest_To:
			to = target.To.AsTime()
		default:
			return nil, fault.New(fault.InvalidField, "say by how much, or to when").Field("target", "required")
		}
		if err := service.AdvanceClock(ctx, to); err != nil {
			return nil, err
		}
	}
	return &devv1.AdvanceClockResponse{Now: timestamppb.New(to)}, nil
}
