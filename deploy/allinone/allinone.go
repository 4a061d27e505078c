// Package allinone runs the services and the gateway in one process, on embedded
// SQLite, over an in-memory listener with the same handlers and interceptors as
// over the network.
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

	all "koppi.internal/deploy/suite"
	"koppi.internal/gateway"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/casework"
	"koppi.internal/gateway/notice"
	"koppi.internal/gateway/session"
	"koppi.internal/gateway/suite"
	"koppi.internal/gateway/web"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/presence"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Config says how Koppi runs. Directory, Data and Logger are required.
type Config struct {
	// Data is the folder of databases and keys; made where it is missing.
	Data      string
	Directory *directory.Directory
	Logger    *slog.Logger
	// Dev trusts the development issuer, admits test persons and serves DevService.
	Dev bool
	// Clock makes the domain's time stand still there; needs Dev and an empty folder.
	Clock time.Time
	// Issuers are believed besides the development issuer.
	Issuers []identity.IssuerConfig
	// Partners are systems that show certificates; nil for none.
	Partners *identity.Partners
	// Sessions are set for pages at which people sign in.
	Sessions session.Settings
	// File is the directory's, to be taken anew when it changes; nil where it is no file.
	File *directory.File
	// KEK is where the key-encryption key is, as seal.Source has it; empty for a file in
	// the clear in Data.
	KEK string
	// Scanner is the address of a ClamAV daemon that scans attachments; empty for none.
	Scanner string
	// Recent keeps spans, to be shown to operators; nil for none.
	Recent *telemetry.Recent
	// Origins of other sites whose pages may call.
	Origins []string
	// Limits of callers; none where it is zero.
	Limits limit.Settings
	// Uploads are the limits of papers; none where it is zero.
	Uploads limit.Uploads
	// Patience is how long a request's message may take to come; the default's where it
	// is zero.
	Patience time.Duration
	// Callbacks are set for agencies that the directory wants called.
	Callbacks callback.Settings
	// CallbackTiming is the default's where it is zero.
	CallbackTiming callback.Timing
	// Notices are set for units that are told that something waits.
	Notices notice.Settings
	// NoticeTiming is the default's where it is zero.
	NoticeTiming notice.Timing
}

// Koppi is a running suite.
type Koppi struct {
	config  Config
	members []*member
	papers  *attachment.Store
	front   *suite.Front
	calls   *callback.Callbacks
	notices *notice.Notifier
	handler http.Handler
	release func() error
}

// ErrDataExists says that a clock was given for a folder that holds data.
var ErrDataExists = errors.New("--clock needs an empty data folder, and this one holds data")

// Open prepares everything and serves nothing yet. Close it, or Run it.
func Open(ctx context.Context, config Config) (*Koppi, error) {
	release, err := Lock(config.Data)
	if err != nil {
		return nil, err
	}
	k := &Koppi{config: config, release: release}
	if err := k.assemble(ctx); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// Files are where a service keeps its data.
type Files struct{ Journal, Keys, KEK string }

// Paths are the files of a service in a data folder.
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
	parts, err := k.parts(ctx)
	if err != nil {
		return err
	}
	for _, service := range all.Services {
		made, err := newMember(ctx, k.config, parts, service)
		if err != nil {
			return fmt.Errorf("%s: %w", service.Name, err)
		}
		k.members = append(k.members, made)
	}
	backends := map[string]suite.Backend{}
	for _, m := range k.members {
		backends[m.name] = suite.Backend{Conn: m.conn, Notify: m.wake}
	}
	whole := casework.Config{Directory: k.config.Directory, Secrets: parts.secrets, Attachments: k.papers, Limiter: parts.limiter, Uploads: k.config.Uploads, Scanner: casework.ScannerAt(k.config.Scanner), Recent: k.config.Recent}
	whole.Verifier = parts.verifier
	if k.front, err = suite.Open(suite.Config{Backends: backends, Trial: k.config.Dev, Callers: parts.callers, Logger: k.config.Logger, Casework: whole}); err != nil {
		return err
	}
	ended, err := presence.NewEnded(nil)
	if err != nil {
		return err
	}
	sessions, err := k.config.Sessions.Open(session.Config{
		Verifier: parts.callers.Verifier(), Secrets: parts.secrets, Ended: ended, Logger: k.config.Logger, Now: time.Now, Dev: k.config.Dev,
	})
	if err != nil {
		return err
	}
	k.calls, err = k.config.Callbacks.Open(callback.Surroundings{
		Exchange: k.Backend(), Directory: k.config.Directory, Presence: presence.Alone{}, Logger: k.config.Logger, Dev: k.config.Dev,
		Timing: k.config.CallbackTiming,
	})
	if err != nil {
		return err
	}
	k.notices, err = k.config.Notices.Open(notice.Config{
		Services: k.front.Asked(), Directory: k.config.Directory, Presence: presence.Alone{}, Logger: k.config.Logger, Timing: k.config.NoticeTiming,
	})
	if err != nil {
		return err
	}
	k.handler, err = gateway.New(gateway.Config{
		Reflection: k.config.Dev, Services: k.front.Routes, LocalOnly: k.front.Local, Pages: web.Handler(), Sessions: sessions, Origins: k.config.Origins,
		Logger: k.config.Logger, Patience: k.config.Patience,
	})
	return err
}

// Served lists the services that may be called from outside.
func Served() []string {
	served := []string{dev.ServiceName, exchangev1.ExchangeService_ServiceDesc.ServiceName, exchangev1.ParkingService_ServiceDesc.ServiceName}
	served = append(served, casework.Services...)
	return append(served, slices.Sorted(maps.Values(suite.Services))...)
}

// Run serves on the listener until the context ends, and closes everything.
func (k *Koppi) Run(ctx context.Context, listener net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return k.Serve(ctx) })
	group.Go(func() error { return serve.HTTP(ctx, k.config.Logger, k.handler, listener) })
	err := group.Wait()
	return errors.Join(err, k.Close())
}

// Serve runs everything but a listener: who calls uses Handler or Backend.
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
	if k.config.Partners != nil {
		group.Go(func() error {
			k.config.Partners.Watch(ctx, k.config.Logger)
			return nil
		})
	}
	group.Go(func() error { return k.front.Run(ctx) })
	group.Go(func() error { return k.calls.Run(ctx) })
	group.Go(func() error { return k.notices.Run(ctx) })
	return group.Wait()
}

// Backend is the in-memory connection straight to the services, in the name of who calls.
func (k *Koppi) Backend() grpc.ClientConnInterface { return suite.Routes(k.front.Routes) }

// Handler is the gateway.
func (k *Koppi) Handler() http.Handler { return k.handler }

// Store is a service's journal.
func (k *Koppi) Store(service string) *sqlite.Store {
	at := slices.IndexFunc(k.members, func(m *member) bool { return m.name == service })
	return k.members[at].store
}

// Close releases the files. Run does so by itself.
func (k *Koppi) Close() error {
	var errs []error
	if k.calls != nil {
		errs = append(errs, k.calls.Close())
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
	if k.papers != nil {
		errs = append(errs, k.papers.Close())
	}
	errs = append(errs, k.release())
	return errors.Join(errs...)
}
