// Package allinone runs the services and the gateway in one process, on embedded SQLite. Calls go
// over in-memory listeners, through the same handlers and interceptors as over the network.
package allinone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	services "koppi.internal/deploy/suite"
	"koppi.internal/gateway"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/casework"
	"koppi.internal/gateway/session"
	"koppi.internal/gateway/suite"
	"koppi.internal/gateway/web"
	"koppi.internal/pkg/attachment"
	attachments "koppi.internal/pkg/attachment/gateway"
	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/denylist"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/limit"
	notice "koppi.internal/pkg/notice/gateway"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Config is the configuration of a suite. Directory, Data and Logger are required.
type Config struct {
	// Data is the folder of databases and keys. It is created if it is missing.
	Data      string
	Directory *directory.Directory
	Logger    *slog.Logger
	// Dev trusts the development issuer, admits all persons and serves DevService.
	Dev bool
	// TestPersons makes it a test environment, which admits test persons alone; not beside Dev.
	TestPersons bool
	// Movable lets Advance move the domain's time, as a sandbox does. Dev implies it.
	Movable bool
	// Clock stops the domain's time at this moment; it needs Dev and an empty folder.
	Clock time.Time
	// Issuers are trusted issuers besides the development issuer.
	Issuers []identity.IssuerConfig
	// Partners are systems that authenticate with certificates; nil for none.
	Partners *identity.Partners
	// Sessions configures sign-in at the pages.
	Sessions session.Settings
	// File is the directory's file, which is read again when it changes; nil if the directory is
	// not from a file.
	File *directory.File
	// Grounds are the grounds on which messages may be sent, with their file if they have one; nil for
	// the built-in table.
	Grounds *ground.File
	// Codes are the lists of codes, with their file if they have one; nil for the built-in lists.
	Codes *codelist.File
	// KEK is the location of the key-encryption key, as seal.Source takes it; empty for an
	// unencrypted file in Data.
	KEK string
	// Scanner is the address of a ClamAV daemon that scans attachments; empty for none.
	Scanner string
	// Recent keeps recent spans for operators to read; nil for none.
	Recent *telemetry.Recent
	// Origins are other sites whose pages may call.
	Origins []string
	// Limits are the rate limits of callers; none if it is zero.
	Limits limit.Settings
	// Uploads are the limits on attachments; none if it is zero.
	Uploads limit.Uploads
	// ReadTimeout is the read deadline of a request's message; zero for the default.
	ReadTimeout time.Duration
	// Callbacks configures the calls to the agencies' endpoints in the directory.
	Callbacks callback.Settings
	// CallbackTiming is the timing of callbacks; zero for the default.
	CallbackTiming callback.Timing
	// Notices configures the notices to units about waiting work.
	Notices notice.Settings
	// NoticeTiming is the timing of notices; zero for the default.
	NoticeTiming notice.Timing
}

// Koppi is a running suite.
type Koppi struct {
	config      Config
	members     []*member
	attachments *attachment.Store
	front       *suite.Front
	callbacks   *callback.Callbacks
	notices     *notice.Notifier
	handler     http.Handler
	release     func() error
}

// ErrDataExists is the error of Open if a clock is given for a folder that holds data.
var ErrDataExists = errors.New("--clock needs an empty data folder, and this one contains data")

// Open prepares a suite without serving it. The caller must Close or Run it. It returns ErrInUse if
// another process has the data folder, and ErrDataExists if Clock is set and the folder holds data.
func Open(ctx context.Context, config Config) (*Koppi, error) {
	release, err := Lock(config.Data)
	if err != nil {
		return nil, err
	}
	k := &Koppi{config: config, release: release}
	if err := k.assemble(ctx); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	config.Directory.LogAgencyWide(ctx, config.Logger)
	return k, nil
}

// Files are the paths of a service's data: its journal, its keys and the key-encryption key.
type Files struct{ Journal, Keys, KEK string }

// Paths returns the paths of a service's files in a data folder.
func Paths(data, service string) Files {
	return Files{
		Journal: filepath.Join(data, service+".db"), Keys: filepath.Join(data, service+".keys.db"),
		KEK: filepath.Join(data, "secrets", "kek.json"),
	}
}

func (k *Koppi) assemble(ctx context.Context) error {
	if err := k.config.Uploads.Check(); err != nil {
		return err
	}
	if k.config.Grounds == nil {
		built, err := ground.Open("")
		if err != nil {
			return err
		}
		k.config.Grounds = built
	}
	if k.config.Codes == nil {
		built, err := codelist.Open("")
		if err != nil {
			return err
		}
		k.config.Codes = built
	}
	persons, err := process.Environment{TestPersons: k.config.TestPersons}.Persons(k.config.Dev)
	if err != nil {
		return err
	}
	parts, err := k.parts(ctx, persons)
	if err != nil {
		return err
	}
	for _, service := range services.Services {
		made, err := newMember(ctx, k.config, parts, service)
		if err != nil {
			return fmt.Errorf("%s: %w", service.Name, err)
		}
		k.members = append(k.members, made)
	}
	backends := map[string]suite.Backend{}
	for _, m := range k.members {
		backends[m.name] = suite.Backend{Conn: m.conn, Notify: m.hub}
	}
	work := casework.Config{TestPersons: k.config.TestPersons, Directory: k.config.Directory, Codes: k.config.Codes.Codes, Secrets: parts.secrets, Attachments: k.attachments, Limiter: parts.limiter, Uploads: k.config.Uploads, Scanner: attachments.ScannerAt(k.config.Scanner), Recent: k.config.Recent}
	states := &callback.States{}
	work.Verifier, work.Endpoints, work.Called = parts.verifier, states, &callback.API{States: states}
	if k.front, err = suite.Open(suite.Config{Backends: backends, Trial: k.config.Dev, Callers: parts.callers, Logger: k.config.Logger, Casework: work}); err != nil {
		return err
	}
	denied, err := denylist.New(nil)
	if err != nil {
		return err
	}
	sessions, err := k.config.Sessions.Open(session.Config{
		Verifier: parts.callers.Verifier(), Secrets: parts.secrets, Denylist: denied, Logger: k.config.Logger, Now: time.Now, Dev: k.config.Dev, TestPersons: k.config.TestPersons,
	})
	if err != nil {
		return err
	}
	k.callbacks, err = k.config.Callbacks.Open(callback.Surroundings{
		Exchange: k.Backend(), Directory: k.config.Directory, Leases: lease.Alone{}, Logger: k.config.Logger, Dev: k.config.Dev,
		Timing: k.config.CallbackTiming, States: states, Services: k.front.SuiteServices(), Keeper: k.front.Keeper(),
	})
	if err != nil {
		return err
	}
	k.notices, err = k.config.Notices.Open(notice.Config{
		Services: k.front.SuiteServices(), Directory: k.config.Directory, Leases: lease.Alone{}, Logger: k.config.Logger, Timing: k.config.NoticeTiming,
	})
	if err != nil {
		return err
	}
	k.handler, err = gateway.New(gateway.Config{
		Reflection: k.config.Dev, Services: k.front.Routes, LocalOnly: k.front.Local, Pages: web.Handler(), Sessions: sessions, Origins: k.config.Origins,
		Logger: k.config.Logger, ReadTimeout: k.config.ReadTimeout,
	})
	return err
}

// Served lists the full names of the services that may be called from outside.
func Served() []string {
	served := []string{dev.ServiceName, exchangev1.ExchangeService_ServiceDesc.ServiceName, exchangev1.ParkingService_ServiceDesc.ServiceName}
	served = append(served, casework.Services...)
	return append(served, slices.Sorted(maps.Values(suite.Services))...)
}

// Run serves on the listener until the context ends, then closes the suite.
func (k *Koppi) Run(ctx context.Context, listener net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return k.Serve(ctx) })
	group.Go(func() error { return serve.HTTP(ctx, k.config.Logger, k.handler, listener) })
	err := group.Wait()
	return errors.Join(err, k.Close())
}

// Serve runs everything except a listener, until the context ends; the caller uses Handler or
// Backend.
func (k *Koppi) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, m := range k.members {
		group.Go(func() error { return serve.GRPC(ctx, m.server, m.listener) })
		group.Go(func() error { return m.service.Run(ctx) })
	}
	if k.config.File != nil {
		group.Go(func() error {
			k.config.File.Watch(ctx, k.config.Logger)
			return nil
		})
	}
	group.Go(func() error {
		k.config.Grounds.Watch(ctx, k.config.Logger)
		return nil
	})
	group.Go(func() error {
		k.config.Codes.Watch(ctx, k.config.Logger)
		return nil
	})
	if k.config.Partners != nil {
		group.Go(func() error {
			k.config.Partners.Watch(ctx, k.config.Logger)
			return nil
		})
	}
	group.Go(func() error { return k.front.Run(ctx) })
	group.Go(func() error { return k.callbacks.Run(ctx) })
	group.Go(func() error { return k.notices.Run(ctx) })
	return group.Wait()
}

// Backend is the in-memory connection straight to the services, in the name of the caller.
func (k *Koppi) Backend() grpc.ClientConnInterface { return suite.Routes(k.front.Routes) }

// SuiteServices are the connections to the services by which the gateway calls internal methods.
func (k *Koppi) SuiteServices() fanout.Services { return k.front.SuiteServices() }

// Keeper is that to the service that keeps the state of agencies' endpoints.
func (k *Koppi) Keeper() grpc.ClientConnInterface { return k.front.Keeper() }

// Handler returns the gateway's handler.
func (k *Koppi) Handler() http.Handler { return k.handler }

// Store returns the journal of a service of the suite. It panics for an unknown service.
func (k *Koppi) Store(service string) *sqlite.Store {
	at := slices.IndexFunc(k.members, func(m *member) bool { return m.name == service })
	return k.members[at].store
}

// Now returns the domain's time.
func (k *Koppi) Now() time.Time { return k.members[0].service.Now() }

// Advance moves the domain's time forward in all services, which handle what becomes due.
func (k *Koppi) Advance(ctx context.Context, to time.Time) error {
	for _, m := range k.members {
		if err := m.service.AdvanceClock(ctx, to); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the databases and releases the data folder. Run calls it itself.
func (k *Koppi) Close() error {
	var errs []error
	if k.callbacks != nil {
		errs = append(errs, k.callbacks.Close())
	}
	if k.notices != nil {
		errs = append(errs, k.notices.Close())
	}
	if k.front != nil {
		errs = append(errs, k.front.Close())
	}
	for _, m := range k.members {
		errs = append(errs, m.conn.Close(), m.store.Close())
	}
	if k.attachments != nil {
		errs = append(errs, k.attachments.Close())
	}
	errs = append(errs, k.release())
	return errors.Join(errs...)
}
