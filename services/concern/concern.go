// Package concern is the concern service: an agency tells another that a person
// seems to need help, and learns what became of it. The rules are in
// internal/rules; here they meet callers, directory and journal.
package concern

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/exchange"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/wake"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// Name of the service, as case messages and cursors carry it.
const Name = "concern"

// Deps is what the service needs from outside. All fields are required.
type Deps struct {
	Store     journal.Store
	Directory *directory.Directory
	Secrets   *identity.Secrets
	Clock     clock.Clock
	Wake      wake.Waker
	// NewID makes UUIDv7s: of subjects, questions and messages.
	NewID func() string
	// Calls leads to this service's own handlers, interceptors and all: what comes
	// in by a standing stream goes the way of every other call.
	Calls  grpc.ClientConnInterface
	Logger *slog.Logger
	// AllowTestCodes admits identity codes of the range for test persons.
	AllowTestCodes bool
}

// Service answers ConcernService and, for its own messages, ExchangeService.
type Service struct {
	concernv1.UnimplementedConcernServiceServer

	deps     Deps
	engine   *decide.Engine[rules.Concern]
	exchange *exchange.Server
}

// New makes the service. Run must run beside it.
func New(deps Deps) (*Service, error) {
	mailboxes, err := exchange.New(exchange.Config{
		Service: Name, Accepts: []string{concernv1.ConcernService_ServiceDesc.ServiceName},
		Store: deps.Store, Clock: deps.Clock, Wake: deps.Wake, Calls: deps.Calls, Logger: deps.Logger,
	})
	if err != nil {
		return nil, err
	}
	return &Service{
		deps: deps,
		engine: &decide.Engine[rules.Concern]{
			Rules: Rules(), Store: deps.Store, Names: names{deps.Secrets}, Wake: deps.Wake.Notify, NewID: deps.NewID,
		},
		exchange: mailboxes,
	}, nil
}

// Rules are the concern's rules as the engine takes them.
func Rules() decide.Rules[rules.Concern] {
	return decide.Rules[rules.Concern]{
		Service: Name, Evolve: rules.Evolve, Readers: rules.Readers, Disclose: rules.Disclose,
		Status: rules.Status, Standing: rules.Standing, NextCheck: rules.NextCheck, Related: rules.Related,
		Summary: func(c rules.Concern) decide.Summary {
			return decide.Summary{
				Client: c.Client, Case: c.Case, State: int32(c.State), Ended: c.Ended(),
				StartedAt: c.Submitted, Held: rules.Held(c),
			}
		},
	}
}

// Register adds the service's handlers to a server.
func (s *Service) Register(server grpc.ServiceRegistrar) {
	concernv1.RegisterConcernServiceServer(server, s)
	s.exchange.Register(server)
}

// names gives out an agency's own names for clients and cases.
type names struct{ secrets *identity.Secrets }

func (n names) ClientName(agency, inner string) string {
	return n.secrets.Outward(identity.KindClient, agency, inner)
}

func (n names) CaseName(agency, inner string) string {
	return n.secrets.Outward(identity.KindCase, agency, inner)
}

// now is the domain's time.
func (s *Service) now() time.Time { return s.deps.Clock.Now() }

// actor is the caller as the rules know it.
func actor(caller identity.Caller) loop.Actor {
	return loop.Actor{
		Agency: caller.Agency, Unit: caller.Unit, Worker: caller.Worker, Role: string(caller.Role),
		Automatic: caller.Role == identity.RoleSystem,
	}
}

// caller returns who calls. Only workers and systems have agencies, and so
// relations to concerns.
func caller(ctx context.Context) (identity.Caller, error) {
	who, ok := identity.FromContext(ctx)
	if !ok {
		return who, noToken()
	}
	return who, nil
}
