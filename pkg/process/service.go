package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"buf.build/go/protovalidate"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/telemetry"
)

// Service is the configuration of the process of a service.
type Service struct {
	Listening          `embed:""`
	telemetry.Settings `embed:""`
	Keyring            `embed:""`
	Papers             Papers         `embed:""`
	Limits             limit.Settings `embed:""`

	Journal   string    `help:"PostgreSQL connection string of the journal; search_path names its schema." env:"KOPPI_JOURNAL" required:""`
	Keys      string    `help:"PostgreSQL connection string of the keys, in a database of their own." env:"KOPPI_KEYS" required:""`
	Secrets   string    `help:"Folder of the suite's secrets, made by: koppi secrets." env:"KOPPI_SECRETS" required:""`
	Directory string    `help:"Directory file of agencies." env:"KOPPI_DIRECTORY" required:""`
	Redis     string    `help:"URL of the Redis that carries wakes; without it replicas wake each other by the slow poll alone." env:"KOPPI_REDIS"`
	Dev       bool      `help:"For trying out: a development issuer, test persons, a clock that can be moved. Loopback only."`
	Clock     time.Time `help:"Make the domain's time stand still there (RFC 3339); needs --dev and an empty journal."`
}

// Built is a service that is ready to be served.
type Built interface {
	dev.Advancer
	Register(server grpc.ServiceRegistrar)
	Run(ctx context.Context) error
}

// Run serves a service until the context ends, and then lets calls in progress finish.
func (s *Service) Run(ctx context.Context, name string, build func(service.Deps) (Built, error)) (err error) {
	if s.TLSCert != "" && s.ClientCA == "" {
		// HeadsService needs no token, so only other processes of the suite may connect.
		return errors.New("a service is reached by mutual TLS: name the CA of its callers with --client-ca")
	}
	LogRedis(Logger())
	end, err := s.Start(ctx, telemetry.Process{Name: name, Logger: Logger()})
	if err != nil {
		return err
	}
	defer End(end)
	secrets, kek, err := s.OpenSecrets(ctx, s.Secrets, s.Dev)
	if err != nil {
		return err
	}
	agencies, err := directory.Open(s.Directory)
	if err != nil {
		return err
	}
	papers, err := s.Papers.Open(ctx, kek)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, papers.Close()) }()
	store, err := postgres.Open(ctx, postgres.Config{Journal: s.Journal, Keys: s.Keys, KEK: kek, Tracer: telemetry.Statements(), Service: name, Log: Logger()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	group, ctx := errgroup.WithContext(ctx)
	parts := service.Deps{
		Store: store, Settings: store, Counters: store, Notices: store, AccessLog: store, Log: store, Retention: store, Overviews: store, Directory: agencies.Directory, Attachments: papers, Secrets: secrets, Clock: clock.System(), NewID: command.NewID, Logger: Logger(), AllowTestCodes: s.Dev,
	}
	if parts.Notify, err = Notifier(ctx, s.Redis, name, parts.Logger, group); err != nil {
		return err
	}
	if parts.Signals, err = signals(ctx, s.Redis, name, parts.Logger, group); err != nil {
		return err
	}
	trial, err := s.trial(ctx, store, &parts)
	if err != nil {
		return err
	}
	limiter, err := Limiter(ctx, s.Limits, s.Redis, group)
	if err != nil {
		return err
	}
	server, err := s.newServer(name, parts, limiter)
	if err != nil {
		return err
	}
	inner := serve.Memory()
	calls, err := serve.Connect(inner)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, calls.Close()) }()
	parts.Calls = calls
	service, err := build(parts)
	if err != nil {
		return err
	}
	service.Register(server)
	if trial != nil {
		trial.Services = []dev.Advancer{service}
		trial.Register(server)
	}
	listener, err := s.Open(ctx, nil)
	if err != nil {
		return err
	}
	telemetry.Ready(ctx)
	parts.Logger.InfoContext(ctx, "koppi is up", slog.String("service", name), slog.String("address", listener.Addr().String()), slog.Bool("dev", s.Dev))
	group.Go(func() error { return serve.GRPC(ctx, server, listener, inner) })
	group.Go(func() error { return service.Run(ctx) })
	group.Go(func() error {
		agencies.Watch(ctx, parts.Logger)
		return nil
	})
	return group.Wait()
}

// EndTime is the timeout for sending the last telemetry at shutdown.
const EndTime = 5 * time.Second

// End sends the remaining telemetry. It ignores errors, because an unavailable collector must not fail a
// shutdown.
func End(end func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), EndTime)
	defer cancel()
	if err := end(ctx); err != nil {
		Logger().WarnContext(ctx, "telemetry is not all sent", slog.String("error", err.Error()))
	}
}

// trial returns what --dev adds; nil without it.
func (s *Service) trial(ctx context.Context, store *postgres.Store, parts *service.Deps) (*dev.Service, error) {
	if !s.Dev {
		if !s.Clock.IsZero() {
			return nil, errors.New("--clock needs --dev")
		}
		return nil, nil
	}
	if host, _, err := net.SplitHostPort(s.Listen); err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, errors.New("--dev serves on a loopback address alone")
	}
	issuer, err := identity.OpenDevIssuer(s.Secrets, dev.IssuerName)
	if err != nil {
		return nil, err
	}
	if parts.Clock, err = clock.Open(ctx, store, s.Clock); err != nil {
		return nil, err
	}
	return &dev.Service{Issuer: issuer, Directory: parts.Directory, Secrets: parts.Secrets}, nil
}

func (s *Service) newServer(name string, parts service.Deps, limiter *limit.Limiter) (*serve.Server, error) {
	verifier, err := identity.NewSuiteVerifier(s.Secrets, parts.Directory, time.Now)
	if err != nil {
		return nil, err
	}
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("validation rules: %w", err)
	}
	return serve.NewGRPC(serve.Config{
		Logger: parts.Logger, Verifier: verifier, Validator: validator, Limiter: limiter, Now: parts.Clock.Now, Reflection: s.Dev,
		// Only --dev registers DevService.
		Public: dev.IsMethod, Suite: service.SuiteMethods(name), Mutual: s.ClientCA != "",
	}), nil
}
