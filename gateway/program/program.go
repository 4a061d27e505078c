// Package program is the gateway's process: Koppi's single public address, in front of services
// that run as separate processes.
package program

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/gateway"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/casework"
	"koppi.internal/gateway/session"
	"koppi.internal/gateway/suite"
	"koppi.internal/gateway/web"
	attachments "koppi.internal/pkg/attachment/gateway"
	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	notice "koppi.internal/pkg/notice/gateway"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
)

// Config is the gateway's configuration: its flags and environment variables.
type Config struct {
	process.Listening   `embed:""`
	process.Entrance    `embed:""`
	process.Calling     `embed:""`
	callback.Settings   `embed:""`
	process.Keyring     `embed:""`
	process.Environment `embed:""`
	Sessions            session.Settings          `embed:""`
	Notices             notice.Settings           `embed:""`
	Papers              process.AttachmentBuckets `embed:""`
	Telemetry           telemetry.Settings        `embed:""`
	Limits              limit.Settings            `embed:""`
	Uploads             limit.Uploads             `embed:""`

	Concern      []string `help:"Replicas of the concern service, host:port each." env:"KOPPI_CONCERN" required:""`
	Referral     []string `help:"Replicas of the referral service, host:port each." env:"KOPPI_REFERRAL" required:""`
	Consultation []string `help:"Replicas of the consultation service, host:port each." env:"KOPPI_CONSULTATION" required:""`
	Plan         []string `help:"Replicas of the plan service, host:port each." env:"KOPPI_PLAN" required:""`
	Origin       []string `help:"Origins of other sites whose pages may call." env:"KOPPI_ORIGIN"`
	Redis        string   `help:"URL of the Redis that processes share, for notifications, leases, rate limits and ended sessions. Without it, new messages are found by polling." env:"KOPPI_REDIS"`
	Directory    string   `help:"Directory file of agencies." env:"KOPPI_DIRECTORY" required:""`
	Codes        string   `help:"File of the lists of codes, such as kinds of documents; default is the built-in lists." env:"KOPPI_CODES"`
	Secrets      string   `help:"Folder of the suite's secrets, made by: koppi secrets." env:"KOPPI_SECRETS" required:""`
	Scanner      string   `help:"Address of a ClamAV daemon that scans attachments, host:port. Without it, attachments are not scanned." env:"KOPPI_SCANNER"`
	Dev          bool     `help:"For trials only: serve DevService to callers on this machine."`
}

// replicas are the addresses of each service's replicas.
func (c *Config) replicas() map[string][]string {
	return map[string][]string{"concern": c.Concern, "referral": c.Referral, "consultation": c.Consultation, "plan": c.Plan}
}

// Run serves until the context ends, then waits for calls in progress.
func (c *Config) Run(ctx context.Context) (err error) {
	persons, err := c.Persons(c.Dev)
	if err != nil {
		return err
	}
	process.LogRedis(process.Logger())
	end, err := c.Telemetry.Start(ctx, telemetry.Process{Name: "gateway", Logger: process.Logger()})
	if err != nil {
		return err
	}
	defer process.End(end)
	group, ctx := errgroup.WithContext(ctx)
	backends, disconnect, err := c.backends(ctx, group)
	defer func() { err = errors.Join(err, disconnect()) }()
	if err != nil {
		return err
	}
	agencies, err := directory.Open(c.Directory)
	if err != nil {
		return err
	}
	codes, err := codelist.Open(c.Codes)
	if err != nil {
		return err
	}
	work, err := c.casework(ctx, agencies.Directory, persons)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, work.Attachments.Close()) }()
	states := &callback.States{}
	work.Uploads, work.Endpoints, work.Called, work.Codes = c.Uploads, states, &callback.API{States: states}, codes.Codes
	if err := c.Uploads.Check(); err != nil {
		return err
	}
	if work.Limiter, err = process.Limiter(ctx, c.Limits, c.Redis, group); err != nil {
		return err
	}
	callers, partners, err := c.callers(agencies.Directory, work.Secrets, persons)
	if err != nil {
		return err
	}
	front, err := suite.Open(suite.Config{Backends: backends, Trial: c.Dev, Callers: callers, Logger: process.Logger(), Casework: work})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.Close()) }()
	denied, err := process.Denylist(ctx, c.Redis, group)
	if err != nil {
		return err
	}
	sessions, err := c.Sessions.Open(session.Config{Verifier: callers.Verifier(), Secrets: work.Secrets, Denylist: denied, Logger: process.Logger(), Now: time.Now, Dev: c.Dev, TestPersons: c.TestPersons}) //nolint:forbidigo // a session's time
	if err != nil {
		return err
	}
	handler, err := gateway.New(gateway.Config{Services: front.Routes, LocalOnly: front.Local, Pages: web.Handler(), Sessions: sessions, Origins: c.Origin, Logger: process.Logger(), Reflection: c.Dev})
	if err != nil {
		return err
	}
	callbacks, err := c.callbacks(front, agencies.Directory, states)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, callbacks.Close()) }()
	notices, err := c.notices(front.SuiteServices(), agencies.Directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, notices.Close()) }()
	listener, err := c.Listening.Open(ctx, partners)
	if err != nil {
		return err
	}
	telemetry.Ready(ctx)
	agencies.LogAgencyWide(ctx, process.Logger())
	process.Logger().InfoContext(ctx, "koppi is up", slog.String("service", "gateway"), slog.String("address", listener.Addr().String()), slog.Bool("dev", c.Dev), slog.Bool("test_persons", c.TestPersons))
	group.Go(func() error { return front.Run(ctx) })
	group.Go(func() error {
		agencies.Watch(ctx, process.Logger())
		return nil
	})
	group.Go(func() error {
		codes.Watch(ctx, process.Logger())
		return nil
	})
	if partners != nil {
		group.Go(func() error {
			partners.Watch(ctx, process.Logger())
			return nil
		})
	}
	group.Go(func() error { return callbacks.Run(ctx) })
	group.Go(func() error { return notices.Run(ctx) })
	group.Go(func() error { return serve.HTTP(ctx, process.Logger(), handler, listener) })
	return group.Wait()
}

// backends connects to the services. The function that it returns closes the connections; it is to be
// called also where backends fails.
func (c *Config) backends(ctx context.Context, group *errgroup.Group) (map[string]suite.Backend, func() error, error) {
	backends := map[string]suite.Backend{}
	var conns []*grpc.ClientConn
	disconnect := func() error {
		var errs []error
		for _, conn := range conns {
			errs = append(errs, conn.Close())
		}
		return errors.Join(errs...)
	}
	for name, replicas := range c.replicas() {
		conn, err := c.Dial(replicas)
		if err != nil {
			return nil, disconnect, err
		}
		conns = append(conns, conn)
		notifier, err := process.Notifier(ctx, c.Redis, name, process.Logger(), group)
		if err != nil {
			return nil, disconnect, err
		}
		backends[name] = suite.Backend{Conn: conn, Notify: notifier}
	}
	return backends, disconnect, nil
}

// callbacks opens the callers of agencies' endpoints.
func (c *Config) callbacks(front *suite.Front, agencies *directory.Directory, states *callback.States) (*callback.Callbacks, error) {
	leases, err := process.Leases(c.Redis)
	if err != nil {
		return nil, err
	}
	return c.Settings.Open(callback.Surroundings{
		Exchange: suite.Routes(front.Routes), Directory: agencies, Leases: leases, Logger: process.Logger(), Dev: c.Dev,
		States: states, Services: front.SuiteServices(), Keeper: front.Keeper(),
	})
}

// notices opens the notifier that mails units when something waits for them.
func (c *Config) notices(services fanout.Services, agencies *directory.Directory) (*notice.Notifier, error) {
	leases, err := process.Leases(c.Redis)
	if err != nil {
		return nil, err
	}
	notices, err := c.Notices.Open(notice.Config{Services: services, Directory: agencies, Leases: leases, Logger: process.Logger()})
	if err != nil {
		return nil, errors.Join(err, leases.Close())
	}
	return notices, nil
}

// callers opens what identifies callers: trusted issuers' tokens, and partners' certificates.
func (c *Config) callers(agencies *directory.Directory, secrets *identity.Secrets, persons idcode.Persons) (*identity.TokenExchange, *identity.Partners, error) {
	if err := c.Check(c.Dev); err != nil {
		return nil, nil, err
	}
	issuers, err := process.LoadIssuers(c.Issuers)
	if err != nil {
		return nil, nil, err
	}
	partners, err := c.OpenPartners(agencies)
	if err != nil {
		return nil, nil, err
	}
	callers, err := process.Callers{Issuers: issuers, Partners: partners, Dev: c.Dev, Persons: persons, Folder: c.Secrets, Secrets: secrets, Directory: agencies, Logger: process.Logger()}.Open()
	return callers, partners, err
}

// casework opens the configuration of what the gateway adds to the services.
func (c *Config) casework(ctx context.Context, agencies *directory.Directory, persons idcode.Persons) (casework.Config, error) {
	none := casework.Config{}
	secrets, kek, err := c.OpenSecrets(ctx, c.Secrets, c.Dev)
	if err != nil {
		return none, err
	}
	verifier, err := identity.NewSuiteVerifier(c.Secrets, persons, agencies, time.Now) //nolint:forbidigo // a token's time
	if err != nil {
		return none, err
	}
	attached, err := c.Papers.Open(ctx, kek)
	if err != nil {
		return none, err
	}
	return casework.Config{TestPersons: persons == idcode.TestPersons, Directory: agencies, Secrets: secrets, Verifier: verifier, Attachments: attached, Scanner: attachments.ScannerAt(c.Scanner)}, nil
}
