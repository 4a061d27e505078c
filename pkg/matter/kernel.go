// Package matter is what every service is made of beside its rules: who calls, the
// record of it, clients and cases, worklists, due times, and the mailboxes.
package matter

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/exchange"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/signal"
	"koppi.internal/pkg/wish"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Deps is what a service needs from outside. All fields but Attachments and Retention are required.
type Deps struct {
	Store     journal.Store
	Directory *directory.Directory
	Secrets   *identity.Secrets
	Clock     clock.Clock
	Notify    notify.Notifier
	// Settings are kept beside the journal: what is no history.
	Settings journal.Settings
	// Counters are what statistics count, Notices what units were told waits for them.
	Counters journal.Counters
	Notices  journal.Notices
	// AccessLog tells who read and changed what.
	AccessLog journal.AccessLog
	// Log is the transparency log over that.
	Log journal.Log
	// Overviews counts what operators watch.
	Overviews journal.Overviews
	// Retention is what ends and is destroyed in time; nil where nothing is.
	Retention journal.Retention
	// Signals pass between replicas and are not kept: who is there, who types.
	Signals signal.Hub
	// Attachments are the papers that matters name; nil where none are kept.
	Attachments *attachment.Store
	// NewID makes UUIDv7s: of subjects, questions and messages.
	NewID func() string
	// Calls leads to the service's own handlers, interceptors and all: what comes
	// in by a standing stream goes the way of every other call.
	Calls  grpc.ClientConnInterface
	Logger *slog.Logger
	// AllowTestCodes admits identity codes of the range for test persons.
	AllowTestCodes bool
}

// Config says which service it is. S is its state.
type Config[S loop.State] struct {
	Rules decide.Rules[S]
	// Collection begins the names of its subjects, such as "concerns/".
	Collection string
	// Accepts is the full name of its gRPC service.
	Accepts string
	// Responsible is the agency that may read contact data under a non-disclosure.
	Responsible func(S) string
	// Message is a subject as its caller reads it.
	Message func(Shown[S]) proto.Message
}

// Kernel is a service without its handlers.
type Kernel[S loop.State] struct {
	Deps
	Engine *decide.Engine[S]

	wishes   *decide.Engine[wish.Directives]
	config   Config[S]
	exchange *exchange.Server
}

// New makes a kernel. Run must run beside it.
func New[S loop.State](deps Deps, config Config[S]) (*Kernel[S], error) {
	var k *Kernel[S]
	mailboxes, err := exchange.New(exchange.Config{
		Service: config.Rules.Service, Accepts: []string{config.Accepts},
		Store: deps.Store, Clock: deps.Clock, Notify: deps.Notify, Calls: deps.Calls, Logger: deps.Logger,
		Erasures: func(ctx context.Context, gone []journal.Delivery) []exchangev1.Erasure { return k.erasures(ctx, gone) },
	})
	if err != nil {
		return nil, err
	}
	k = &Kernel[S]{
		Deps: deps, config: config, exchange: mailboxes,
		Engine: &decide.Engine[S]{Rules: config.Rules, Store: deps.Store, Pseudonyms: names{deps.Secrets}, Notify: deps.Notify.Notify, NewID: deps.NewID, Now: deps.Clock.Now},
		wishes: &decide.Engine[wish.Directives]{
			Rules: wishRules(config.Rules.Service), Store: deps.Store, Pseudonyms: names{deps.Secrets}, Notify: deps.Notify.Notify, NewID: deps.NewID, Now: deps.Clock.Now,
		},
	}
	return k, nil
}

// Register adds what serves the mailboxes, and the gateway, to a server.
func (k *Kernel[S]) Register(server grpc.ServiceRegistrar) {
	k.exchange.Register(server)
	only := internalAPI[S]{Kernel: k}
	caseworkv1.RegisterMatterServiceServer(server, only)
	caseworkv1.RegisterSuiteServiceServer(server, only)
}

// Now is the domain's time as this service has it.
func (k *Kernel[S]) Now() time.Time { return k.Clock.Now() }

// names gives out an agency's own names for clients and cases.
type names struct{ secrets *identity.Secrets }

func (n names) ClientName(agency, inner string) string {
	return n.secrets.Pseudonym(identity.KindClient, agency, inner)
}

func (n names) CaseName(agency, inner string) string {
	return n.secrets.Pseudonym(identity.KindCase, agency, inner)
}

// Caller returns who calls.
func Caller(ctx context.Context) (identity.Caller, error) {
	who, ok := identity.FromContext(ctx)
	if !ok {
		return who, fault.New(fault.TokenRequired, "a token is missing")
	}
	return who, nil
}

// Actor is the caller as rules know it.
func Actor(caller identity.Caller) loop.Actor {
	return loop.Actor{
		Agency: caller.Agency, Unit: caller.Unit, Worker: caller.Worker, Role: string(caller.Role),
		Automatic: caller.Role == identity.RoleSystem,
	}
}

// IsParty tells whether a caller can be party to a matter: only workers and systems
// have agencies, and so relations to matters.
func IsParty(who identity.Caller) bool {
	return who.Agency != "" && (who.Role.IsWorker() || who.Role == identity.RoleSystem)
}

// NotFound is what a matter is to whoever has no relation to it, like one that does
// not exist.
func NotFound() error { return fault.New(fault.NotFound, "there is no such matter for you") }
