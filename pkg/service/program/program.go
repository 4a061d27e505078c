// Package program runs a service in a process of its own.
package program

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"buf.build/go/protovalidate"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/telemetry"
)

// Config is the configuration of the process of a service.
type Config struct {
	process.Listening   `embed:""`
	telemetry.Settings  `embed:""`
	process.Keyring     `embed:""`
	process.Environment `embed:""`
	Papers              process.AttachmentBuckets `embed:""`
	Limits              limit.Settings            `embed:""`

	Journal   string    `help:"PostgreSQL connection string of the journal; search_path names its schema." env:"KOPPI_JOURNAL" required:""`
	Keys      string    `help:"PostgreSQL connection string of the keys, in a separate database." env:"KOPPI_KEYS" required:""`
	Secrets   string    `help:"Folder of the suite's secrets, created by: koppi secrets." env:"KOPPI_SECRETS" required:""`
	Directory string    `help:"Directory file of agencies." env:"KOPPI_DIRECTORY" required:""`
	Grounds   string    `help:"File of the grounds on which messages may be sent; default is the built-in table." env:"KOPPI_GROUNDS"`
	Codes     string    `help:"File of the lists of codes, such as kinds of documents; default is the built-in lists." env:"KOPPI_CODES"`
	Redis     string    `help:"URL of the Redis that notifies other replicas; without it, replicas find messages only by the slow poll." env:"KOPPI_REDIS"`
	Dev       bool      `help:"For trials: a development issuer, test persons, and a clock that can be moved. Loopback only."`
	Clock     time.Time `help:"Stop the domain's clock at this time (RFC 3339); needs --dev and an empty journal."`
}

// Service is a service that is ready to be served.
type Service interface {
	dev.Advancer
	Register(server grpc.ServiceRegistrar)
	Run(ctx context.Context) error
}

// Main is the main function of a service's program. Help says what the service is for.
func Main(name, help string, build func(service.Deps) (Service, error)) {
	process.Main(name, help, func(ctx context.Context, config *Config) error { return config.Run(ctx, name, build) })
}

// Run serves a service until the context ends, and then lets calls in progress finish.
func (c *Config) Run(ctx context.Context, name string, build func(service.Deps) (Service, error)) (err error) {
	if c.TLSCert != "" && c.ClientCA == "" {
		// HeadsService needs no token, so only other processes of the suite may connect.
		return errors.New("a service requires mutual TLS: name the CA of its callers with --client-ca")
	}
	process.LogRedis(process.Logger())
	end, err := c.Start(ctx, telemetry.Process{Name: name, Logger: process.Logger()})
	if err != nil {
		return err
	}
	defer process.End(end)
	persons, err := c.Persons(c.Dev)
	if err != nil {
		return err
	}
	secrets, kek, err := c.OpenSecrets(ctx, c.Secrets, c.Dev)
	if err != nil {
		return err
	}
	agencies, err := directory.Open(c.Directory)
	if err != nil {
		return err
	}
	grounds, err := ground.Open(c.Grounds)
	if err != nil {
		return err
	}
	codes, err := codelist.Open(c.Codes)
	if err != nil {
		return err
	}
	attachments, err := c.Papers.Open(ctx, kek)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, attachments.Close()) }()
	store, err := postgres.Open(ctx, postgres.Config{Journal: c.Journal, Keys: c.Keys, KEK: kek, Tracer: telemetry.Statements(), Service: name, Log: process.Logger()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := service.MarkPersons(ctx, store, persons); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	parts := service.Deps{
		Store: store, Settings: store, Counters: store, Notices: store, AccessLog: store, Log: store, Retention: store, Overviews: store, Records: store, Directory: agencies.Directory, Grounds: grounds.Grounds, Attachments: attachments, Secrets: secrets, Clock: clock.System(), NewID: command.NewID, Random: rand.Reader, Logger: process.Logger(), Persons: persons,
	}
	if parts.Notify, err = process.Notifier(ctx, c.Redis, name, parts.Logger, group); err != nil {
		return err
	}
	if parts.Signals, err = process.Signals(ctx, c.Redis, name, parts.Logger, group); err != nil {
		return err
	}
	trial, err := c.trial(ctx, store, &parts)
	if err != nil {
		return err
	}
	limiter, err := process.Limiter(ctx, c.Limits, c.Redis, group)
	if err != nil {
		return err
	}
	server, err := c.newServer(name, parts, limiter, codes.Codes)
	if err != nil {
		return err
	}
	memory := serve.Memory()
	calls, err := serve.Connect(memory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, calls.Close()) }()
	parts.Calls = calls
	built, err := build(parts)
	if err != nil {
		return err
	}
	built.Register(server)
	if trial != nil {
		trial.Services = []dev.Advancer{built}
		trial.Register(server)
	}
	listener, err := c.Open(ctx, nil)
	if err != nil {
		return err
	}
	telemetry.Ready(ctx)
	agencies.LogAgencyWide(ctx, parts.Logger)
	parts.Logger.InfoContext(ctx, "koppi is up", slog.String("service", name), slog.String("address", listener.Addr().String()), slog.Bool("dev", c.Dev), slog.Bool("test_persons", c.TestPersons))
	group.Go(func() error { return serve.GRPC(ctx, server, listener, memory) })
	group.Go(func() error { return built.Run(ctx) })
	group.Go(func() error {
		agencies.Watch(ctx, parts.Logger)
		return nil
	})
	group.Go(func() error {
		grounds.Watch(ctx, parts.Logger)
		return nil
	})
	group.Go(func() error {
		codes.Watch(ctx, parts.Logger)
		return nil
	})
	return group.Wait()
}

// trial returns what --dev adds; nil without it.
func (c *Config) trial(ctx context.Context, store *postgres.Store, parts *service.Deps) (*dev.Service, error) {
	if !c.Dev {
		if !c.Clock.IsZero() {
			return nil, errors.New("--clock needs --dev")
		}
		return nil, nil
	}
	if host, _, err := net.SplitHostPort(c.Listen); err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, errors.New("--dev requires a loopback address")
	}
	issuer, err := identity.OpenDevIssuer(c.Secrets, dev.IssuerName)
	if err != nil {
		return nil, err
	}
	if parts.Clock, err = clock.Open(ctx, store, c.Clock); err != nil {
		return nil, err
	}
	return &dev.Service{Issuer: issuer, Directory: parts.Directory, Secrets: parts.Secrets}, nil
}

func (c *Config) newServer(name string, parts service.Deps, limiter *limit.Limiter, codes *codelist.Codes) (*serve.Server, error) {
	verifier, err := identity.NewSuiteVerifier(c.Secrets, parts.Persons, parts.Directory, time.Now) //nolint:forbidigo // tokens expire by the wall clock
	if err != nil {
		return nil, err
	}
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("validation rules: %w", err)
	}
	return serve.NewGRPC(serve.Config{
		Logger: parts.Logger, Verifier: verifier, Validator: validator, Limiter: limiter, Now: parts.Clock.Now, Codes: codes, Reflection: c.Dev,
		// Only --dev registers DevService.
		Public: dev.IsMethod, Suite: service.SuiteMethods(name), Mutual: c.ClientCA != "",
	}), nil
}
