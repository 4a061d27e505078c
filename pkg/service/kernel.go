// Package service is the part of every service that does not depend on its rules: the caller's
// identity, access records, clients and cases, worklists, due times, and mailboxes.
package service

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/signal"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Deps are a service's external dependencies. All fields but Attachments and Retention are
// required.
type Deps struct {
	Store     journal.Store
	Directory *directory.Directory
	Secrets   *identity.Secrets
	Clock     clock.Clock
	Notify    notify.Notifier
	// Settings are stored beside the journal and are not part of its history.
	Settings journal.Settings
	// Counters hold what statistics count, Notices what units were informed of.
	Counters journal.Counters
	Notices  journal.Notices
	// AccessLog holds who read and changed what.
	AccessLog journal.AccessLog
	// Log is the transparency log over the access log.
	Log journal.Log
	// Overviews counts what operators monitor.
	Overviews journal.Overviews
	// Retention finds and destroys what has reached its retention term; nil if nothing is
	// destroyed.
	Retention journal.Retention
	// Signals pass between replicas and are not stored: presence and typing.
	Signals signal.Hub
	// Attachments store the files that matters name; nil if none are kept.
	Attachments *attachment.Store
	// NewID makes UUIDv7s for subjects, questions and messages.
	NewID func() string
	// Calls reaches the service's own handlers through all interceptors, so that a call on a stream
	// is treated like any other call.
	Calls  grpc.ClientConnInterface
	Logger *slog.Logger
	// AllowTestCodes admits personal identity codes of the range for test persons.
	AllowTestCodes bool
}

// Config describes the service. S is its state.
type Config[S matter.State] struct {
	Rules command.Rules[S]
	// Collection is the prefix of the names of its subjects, such as "concerns/".
	Collection string
	// Accepts is the full name of its gRPC service.
	Accepts string
	// Responsible returns the agency that may read contact data under a non-disclosure.
	Responsible func(S) string
	// Message returns a subject as its caller reads it.
	Message func(Shown[S]) proto.Message
}

// Kernel is a service without its handlers.
type Kernel[S matter.State] struct {
	Deps
	Engine *command.Engine[S]

	wishes   *command.Engine[consent.Directives]
	config   Config[S]
	exchange *mailbox.Server
}

// New makes a kernel. The caller must also run Run.
func New[S matter.State](deps Deps, config Config[S]) (*Kernel[S], error) {
	var k *Kernel[S]
	mailboxes, err := mailbox.New(mailbox.Config{
		Service: config.Rules.Service, Accepts: []string{config.Accepts},
		Store: deps.Store, Clock: deps.Clock, Notify: deps.Notify, Calls: deps.Calls, Logger: deps.Logger,
		Erasures: func(ctx context.Context, gone []journal.Delivery) []exchangev1.Erasure { return k.erasures(ctx, gone) },
	})
	if err != nil {
		return nil, err
	}
	k = &Kernel[S]{
		Deps: deps, config: config, exchange: mailboxes,
		Engine: &command.Engine[S]{Rules: config.Rules, Store: deps.Store, Pseudonyms: names{deps.Secrets}, Notify: deps.Notify.Notify, NewID: deps.NewID, Now: deps.Clock.Now},
		wishes: &command.Engine[consent.Directives]{
			Rules: wishRules(config.Rules.Service), Store: deps.Store, Pseudonyms: names{deps.Secrets}, Notify: deps.Notify.Notify, NewID: deps.NewID, Now: deps.Clock.Now,
		},
	}
	return k, nil
}

// Register adds to a server the gRPC services for mailboxes and for the gateway.
func (k *Kernel[S]) Register(server grpc.ServiceRegistrar) {
	k.exchange.Register(server)
	only := internalAPI[S]{Kernel: k}
	caseworkv1.RegisterMatterServiceServer(server, only)
	caseworkv1.RegisterSuiteServiceServer(server, only)
}

// Now returns the domain's time of this service.
func (k *Kernel[S]) Now() time.Time { return k.Clock.Now() }

// names returns an agency's pseudonyms for clients and cases.
type names struct{ secrets *identity.Secrets }

func (n names) ClientName(agency, inner string) string {
	return n.secrets.Pseudonym(identity.KindClient, agency, inner)
}

func (n names) CaseName(agency, inner string) string {
	return n.secrets.Pseudonym(identity.KindCase, agency, inner)
}

// Caller returns the identity of the caller.
func Caller(ctx context.Context) (identity.Caller, error) {
	who, ok := identity.FromContext(ctx)
	if !ok {
		return who, fault.New(fault.TokenRequired, "a token is missing")
	}
	return who, nil
}

// Actor returns the caller as the rules know it.
func Actor(caller identity.Caller) matter.Actor {
	return matter.Actor{
		Agency: caller.Agency, Unit: caller.Unit, Worker: caller.Worker, Role: string(caller.Role),
		Automatic: caller.Role == identity.RoleSystem,
	}
}

// IsParty tells whether a caller can be party to a matter: only workers and systems
// have agencies, and so relations to matters.
func IsParty(who identity.Caller) bool {
	return who.Agency != "" && (who.Role.IsWorker() || who.Role == identity.RoleSystem)
}

// NotFound is the refusal for a caller without a relation to a matter, the same as for one that
// does not exist.
func NotFound() error { return fault.New(fault.NotFound, "there is no such matter for you") }
