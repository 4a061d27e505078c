// Package service assembles a service from its rules and from the capabilities that all services share,
// and takes the steps of its callers.
package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/attachment/naming"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/client"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/duetime"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/lookahead"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/overview"
	"koppi.internal/pkg/reading"
	"koppi.internal/pkg/retention"
	"koppi.internal/pkg/revocation"
	"koppi.internal/pkg/signal"
	"koppi.internal/pkg/worklist"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Deps are a service's external dependencies. All fields but Attachments and Retention are
// required.
type Deps struct {
	Store     journal.Store
	Directory *directory.Directory
	// Grounds are the grounds on which messages may be sent.
	Grounds *ground.Grounds
	Secrets *identity.Secrets
	Clock   clock.Clock
	Notify  notify.Notifier
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
	// Records keeps small documents beside the journal, such as the people of the agencies.
	Records journal.Records
	// Retention finds and destroys what has reached its retention term; nil if nothing is
	// destroyed.
	Retention journal.Retention
	// Signals pass between replicas and are not stored: presence and typing.
	Signals signal.Hub
	// Attachments store the files that matters name; nil if none are kept.
	Attachments *attachment.Store
	// NewID makes UUIDv7s for subjects, questions and messages.
	NewID func() string
	// Random is the source of the numbers of matters.
	Random io.Reader
	// Calls reaches the service's own handlers through all interceptors, so that a call on a stream
	// is treated like any other call.
	Calls  grpc.ClientConnInterface
	Logger *slog.Logger
	// Persons are those whose personal identity codes are accepted.
	Persons idcode.Persons
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
	Message func(reading.Shown[S]) proto.Message
	// Describe adds to a subject's row in a worklist what this service alone knows; nil adds nothing.
	Describe func(view S, reader matter.Reader, now time.Time, item *caseworkv1.WorkItem)
}

// Service is a service without its own handlers: the capabilities that all services share.
type Service[S matter.State] struct {
	Deps
	Engine    *command.Engine[S]
	AccessLog *accesslog.Recorder
	Matters   *reading.Matters[S]
	Clients   *client.Clients[S]
	Worklist  *worklist.Worklist[S]
	Consents  *consent.Withdrawals[S]

	config    Config[S]
	guard     *consent.Guard[S]
	Bases     *basis.Bases
	naming    *naming.Naming[S]
	actions   *duetime.Actions[S]
	dueTimes  *duetime.Job[S]
	retention *retention.Job
	log       *accesslog.Log
	overview  *overview.Overview
	mailboxes *mailbox.Server
	internal  internalAPI[S]
}

// New makes a service. The caller must also run Run.
func New[S matter.State](deps Deps, config Config[S]) (*Service[S], error) {
	name, names := config.Rules.Service, pseudonyms{deps.Secrets}
	engine, directives := newEngine(deps, config.Rules), newEngine(deps, consent.Rules(name))
	// The engines read from the store itself: a replay must not rest on what was read before it.
	deps.Store = lookahead.Store{Store: deps.Store}
	recorder := &accesslog.Recorder{Store: deps.Store, Secrets: deps.Secrets, Clock: deps.Clock}
	matters := &reading.Matters[S]{Collection: config.Collection, Engine: engine, Store: deps.Store, Directory: deps.Directory, Clock: deps.Clock, Scopes: caller.Scopes{Directory: deps.Directory, Clock: deps.Clock}, AccessLog: recorder}
	attachments := &naming.Naming[S]{Matters: matters, Secrets: deps.Secrets, AccessLog: recorder, Attachments: deps.Attachments, Message: config.Message}
	copies := &revocation.Copies[S]{Engine: engine, Store: deps.Store, Forget: attachments.Forget}
	s := &Service[S]{
		Deps: deps, Engine: engine, AccessLog: recorder, Matters: matters,
		Clients: &client.Clients[S]{
			Matters: matters, Store: deps.Store, Secrets: deps.Secrets, Clock: deps.Clock, AccessLog: recorder,
			Responsible: config.Responsible, Persons: deps.Persons,
		},
		config: config, Bases: &basis.Bases{Grounds: deps.Grounds, Directory: deps.Directory, Clock: deps.Clock}, naming: attachments, actions: &duetime.Actions[S]{Engine: engine, Copies: copies},
		retention: &retention.Job{Service: name, Retention: deps.Retention, Forget: attachments.Forget, Clock: deps.Clock, Logger: deps.Logger},
		log:       &accesslog.Log{Service: name, Log: deps.Log, Clock: deps.Clock, Logger: deps.Logger},
		overview: &overview.Overview{
			Service: name, Overviews: deps.Overviews, Counters: deps.Counters, Store: deps.Store, Directory: deps.Directory, Grounds: deps.Grounds,
			Clock: deps.Clock, Logger: deps.Logger,
		},
	}
	consents := newConsents(s, directives)
	s.Consents, s.guard = consents.withdrawals, consents.guard
	s.dueTimes = &duetime.Job[S]{
		Service: name, Actions: s.actions, Store: deps.Store, Clock: deps.Clock, Logger: deps.Logger,
		Others: map[string]duetime.Other{directive.Collection: {Act: consents.recording.Consequences.CarryOut, Derive: consents.recording.Book.Engine.Derive}},
	}
	decisions := &consent.Decisions{Service: name, Book: consents.recording.Book, Pseudonyms: names, Scopes: matters.Scopes, Clock: deps.Clock}
	once, err := accesslog.NewOnce(recorder, deps.AccessLog)
	if err != nil {
		return nil, err
	}
	s.Worklist = &worklist.Worklist[S]{
		Identity: s.Clients.Known, Once: once.Read,
		Service: name, Matters: matters, Store: deps.Store, Secrets: deps.Secrets, Clock: deps.Clock, AccessLog: recorder,
		Message: config.Message, Describe: config.Describe, Decisions: decisions.List,
	}
	s.internal = newInternalAPI(s, consents)
	s.mailboxes, err = mailbox.New(mailbox.Config{
		Service: name, Accepts: []string{config.Accepts},
		Store: deps.Store, Settings: deps.Settings, Clock: deps.Clock, Notify: deps.Notify, Calls: deps.Calls, Logger: deps.Logger, Erasures: copies.Reasons,
		Readable: func(who identity.Caller) *journal.Readable { return caller.Readable(matters.Scopes.Of(who)) },
	})
	return s, err
}

// newEngine returns the engine for commands by the given rules.
func newEngine[S matter.State](deps Deps, rules command.Rules[S]) *command.Engine[S] {
	return &command.Engine[S]{
		Rules: rules, Store: deps.Store, Pseudonyms: pseudonyms{deps.Secrets}, Notify: deps.Notify.Notify, NewID: deps.NewID, Now: deps.Clock.Now,
		Logger: deps.Logger,
	}
}

// Register adds to a server the gRPC services for mailboxes and for the gateway.
func (s *Service[S]) Register(server grpc.ServiceRegistrar) {
	s.mailboxes.Register(server)
	s.internal.register(server)
}

// Now returns the domain's time of this service.
func (s *Service[S]) Now() time.Time { return s.Clock.Now() }

// Run handles due times that passed, mailboxes that advanced, the transparency log and retention,
// until the context ends. Any number of replicas may run it.
func (s *Service[S]) Run(ctx context.Context) error {
	defer s.overview.Observe()()
	var together sync.WaitGroup
	together.Go(func() { s.mailboxes.Run(ctx) })
	together.Go(func() { s.dueTimes.Run(ctx) })
	together.Go(func() { s.log.Run(ctx) })
	together.Go(func() { s.retention.Run(ctx) })
	together.Wait()
	return nil
}

// Adjustable is a clock that development may move.
type Adjustable interface {
	AdvanceTo(ctx context.Context, to time.Time) error
}

// AdvanceClock moves the service's clock forward, and returns once every due time that passed has
// been handled. Only a development clock can be moved.
func (s *Service[S]) AdvanceClock(ctx context.Context, to time.Time) error {
	adjustable, ok := s.Clock.(Adjustable)
	if !ok {
		return fault.New(fault.NotServed, "this server's clock cannot be moved")
	}
	if err := adjustable.AdvanceTo(ctx, to); err != nil {
		return err
	}
	return errors.Join(s.dueTimes.Round(ctx), s.retention.Expire(ctx))
}

// pseudonyms returns an agency's pseudonyms for clients and cases, and the numbers of matters that
// recorded none.
type pseudonyms struct{ secrets *identity.Secrets }

func (p pseudonyms) ClientName(agency, internal string) string {
	return p.secrets.Pseudonym(identity.KindClient, agency, internal)
}

func (p pseudonyms) CaseName(agency, internal string) string {
	return p.secrets.Pseudonym(identity.KindCase, agency, internal)
}

func (p pseudonyms) MatterNumber(subject string) matter.Number {
	return matter.NumberOf(p.secrets.Digest([]byte("matter number"), []byte(subject)))
}
