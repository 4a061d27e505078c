// Package dev is for trials and tests: it issues tokens to anybody, and moves the clock. No production
// configuration registers it.
package dev

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

const (
	// IssuerName is the issuer of tokens under --dev.
	IssuerName = "https://dev.koppi.internal"
	// tokenLife is the validity of a token, one working day.
	tokenLife = 8 * time.Hour
)

// ServiceName is the full name of DevService.
var ServiceName = devv1.DevService_ServiceDesc.ServiceName

// IsMethod reports whether a method belongs to DevService, whose methods need no token because they issue
// them. Only --dev registers the service.
func IsMethod(method string) bool { return strings.HasPrefix(method, "/"+ServiceName+"/") }

// Advancer is a service whose clock can be moved.
type Advancer interface {
	AdvanceClock(ctx context.Context, to time.Time) error
	Now() time.Time
}

// Service implements DevService. All fields are required.
type Service struct {
	devv1.UnimplementedDevServiceServer

	Issuer    *identity.Issuer
	Directory *directory.Directory
	Secrets   *identity.Secrets
	// Services whose clocks are moved together.
	Services []Advancer
}

// Register adds DevService to a server.
func (d *Service) Register(server grpc.ServiceRegistrar) { devv1.RegisterDevServiceServer(server, d) }

// IssueToken signs a token for a worker, a system, an operator, or a client.
func (d *Service) IssueToken(_ context.Context, r *devv1.IssueTokenRequest) (*devv1.IssueTokenResponse, error) {
	caller := identity.Caller{Agency: r.GetAgency(), Unit: r.GetUnit(), Worker: r.GetWorker(), Role: identity.Role(r.GetRole())}
	switch {
	case caller.Role == identity.RoleClient:
		code, err := idcode.Parse(r.GetPersonalIdentityCode(), idcode.AllPersons, d.now())
		if err != nil {
			return nil, err
		}
		caller = identity.Caller{Role: identity.RoleClient, Client: d.Secrets.ClientID(code)}
	case !caller.Role.IsWorker() && caller.Role != identity.RoleSystem && caller.Role != identity.RoleOperator:
		return nil, fault.New(fault.InvalidField, "the role does not exist").Field("role", "unknown")
	case caller.Role != identity.RoleSystem && caller.Worker == "":
		return nil, fault.New(fault.InvalidField, "a worker's token must name the worker").Field("worker", "required")
	case caller.Role == identity.RoleOperator && caller.Agency == "":
	default:
		party := &commonv1.Party{Agency: caller.Agency, Unit: caller.Unit}
		if err := d.Directory.Check(party, ""); err != nil {
			return nil, err
		}
	}
	if caller.Profession = identity.Role(r.GetProfession()); caller.Profession != "" {
		if err := checkProfession(caller); err != nil {
			return nil, err
		}
	}
	if caller.Role.IsWorker() {
		caller.Name = r.GetName()
	}
	if caller.Role == identity.RoleSystem {
		caller.SystemSubject, caller.Worker = caller.Worker, ""
	}
	token, err := d.Issuer.Issue(caller, time.Now(), tokenLife)
	if err != nil {
		return nil, err
	}
	return &devv1.IssueTokenResponse{Token: token}, nil
}

// checkProfession refuses an unknown profession, and one of a caller who is no team leader: a verifier would
// ignore it.
func checkProfession(caller identity.Caller) error {
	switch {
	case !caller.Profession.IsProfession():
		return fault.New(fault.InvalidField, "the profession does not exist").Field("profession", "unknown")
	case caller.Role != identity.RoleTeamLeader:
		return fault.New(fault.InvalidField, "only a team leader has a profession beside the role").Field("profession", "leave empty")
	}
	return nil
}

// now returns the latest of the wall clock time and the times of all services.
func (d *Service) now() time.Time {
	now := time.Now()
	for _, service := range d.Services {
		if theirs := service.Now(); theirs.After(now) {
			now = theirs
		}
	}
	return now
}

// AdvanceClock moves every service's clock and returns once each service has handled what became due.
func (d *Service) AdvanceClock(ctx context.Context, r *devv1.AdvanceClockRequest) (*devv1.AdvanceClockResponse, error) {
	var to time.Time
	for _, service := range d.Services {
		switch target := r.GetTarget().(type) {
		case *devv1.AdvanceClockRequest_By:
			to = service.Now().Add(target.By.AsDuration())
		case *devv1.AdvanceClockRequest_To:
			to = target.To.AsTime()
		default:
			return nil, fault.New(fault.InvalidField, "the time is missing").Field("target", "required")
		}
		if err := service.AdvanceClock(ctx, to); err != nil {
			return nil, err
		}
	}
	return &devv1.AdvanceClockResponse{Now: timestamppb.New(to)}, nil
}

// GetClock returns the domain's time.
func (d *Service) GetClock(context.Context, *devv1.GetClockRequest) (*devv1.GetClockResponse, error) {
	response := &devv1.GetClockResponse{}
	for _, service := range d.Services {
		response.Now = timestamppb.New(service.Now())
	}
	return response, nil
}
