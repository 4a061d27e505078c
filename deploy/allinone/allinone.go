// Package allinone runs the services and the gateway in one process, on embedded
// SQLite, over an in-memory listener with the same handlers and interceptors as
// over the network.
package allinone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"buf.build/go/protovalidate"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"koppi.internal/gateway"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/merged"
	"koppi.internal/gateway/web"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/exchange"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/presence"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/wake"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	"koppi.internal/services/concern"
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
	// Origins of other sites whose pages may call.
	Origins []string
	// Callbacks are set for agencies that the directory wants called.
	Callbacks callback.Settings
	// CallbackTiming is the default's where it is zero.
	CallbackTiming callback.Timing
}

// Koppi is a running suite.
type Koppi struct {
	config   Config
	concern  *concern.Service
	store    *sqlite.Store
	server   *serve.Server
	listener *bufconn.Listener
	backend  *grpc.ClientConn
	wake     *wake.Hub
	merged   *merged.Exchange
	calls    *callback.Callbacks
	handler  http.Handler
}

// ErrDataExists says that a clock was given for a folder that holds data.
var ErrDataExists = errors.New("--clock needs an empty data folder, and this one holds data")

// Open prepares everything and serves nothing yet. Close it, or Run it.
func Open(ctx context.Context, config Config) (*Koppi, error) {
	paths := Paths(config.Data, concern.Name)
	if _, err := os.Stat(paths.Journal); err == nil && !config.Clock.IsZero() {
		return nil, ErrDataExists
	}
	store, secrets, err := openData(ctx, config.Data, paths)
	if err != nil {
		return nil, err
	}
	k, err := assemble(ctx, config, store, secrets)
	if err != nil {
		return nil, errors.Join(err, store.Close())
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

func openData(ctx context.Context, data string, paths Files) (*sqlite.Store, *identity.Secrets, error) {
	kek, err := seal.OpenKEK(paths.KEK)
	if err != nil {
		return nil, nil, err
	}
	secrets, err := identity.OpenSecrets(filepath.Join(data, "secrets"))
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlite.Open(ctx, sqlite.Config{Path: paths.Journal, KeysPath: paths.Keys, KEK: kek})
	return store, secrets, err
}

func assemble(ctx context.Context, config Config, store *sqlite.Store, secrets *identity.Secrets) (*Koppi, error) {
	k := &Koppi{config: config, store: store, listener: serve.Memory(), wake: &wake.Hub{}}
	issuers := config.Issuers
	suite, err := identity.OpenSuiteIssuer(filepath.Join(config.Data, "secrets"))
	if err != nil {
		return nil, err
	}
	if called := config.Directory.Called(); len(called) > 0 {
		believed, err := suite.For(called...)
		if err != nil {
			return nil, err
		}
		issuers = append(issuers, believed)
	}
	domain := clock.System()
	var trial *dev.Service
	if config.Dev {
		issuer, err := identity.OpenDevIssuer(filepath.Join(config.Data, "secrets"), dev.IssuerName)
		if err != nil {
			return nil, err
		}
		believed, err := issuer.Config(config.Directory)
		if err != nil {
			return nil, err
		}
		issuers = append(issuers, believed)
		adjustable, err := clock.Open(ctx, store, config.Clock)
		if err != nil {
			return nil, err
		}
		domain = adjustable
		trial = &dev.Service{Issuer: issuer, Directory: config.Directory, Secrets: secrets}
	}
	if k.backend, err = serve.Connect(k.listener); err != nil {
		return nil, err
	}
	if err := k.serve(issuers, secrets, domain, trial); err != nil {
		return nil, errors.Join(err, k.backend.Close())
	}
	return k, k.route(trial != nil)
}

// serve registers the services behind the in-memory listener.
func (k *Koppi) serve(issuers []identity.IssuerConfig, secrets *identity.Secrets, domain clock.Clock, trial *dev.Service) error {
	verifier, err := identity.NewVerifier(identity.VerifierConfig{
		Audience: identity.Audience, Issuers: issuers, Directory: k.config.Directory, Now: time.Now,
	})
	if err != nil {
		return err
	}
	validator, err := protovalidate.New()
	if err != nil {
		return fmt.Errorf("validation rules: %w", err)
	}
	k.server = serve.NewGRPC(serve.Config{
		Logger: k.config.Logger, Verifier: verifier, Validator: validator, Public: func(method string) bool { return dev.IsMethod(method) || exchange.IsHeads(method) },
	})
	k.concern, err = concern.New(concern.Deps{
		Store: k.store, Directory: k.config.Directory, Secrets: secrets, Clock: domain, Wake: k.wake,
		NewID: newID, Calls: k.backend, Logger: k.config.Logger, AllowTestCodes: k.config.Dev,
	})
	if err != nil {
		return err
	}
	k.concern.Register(k.server)
	if trial != nil {
		trial.Services = []dev.Advancer{k.concern}
		trial.Register(k.server)
	}
	return nil
}

// served is the explicit list of what may be called from outside.
var served = []string{
	concernv1.ConcernService_ServiceDesc.ServiceName,
	exchangev1.ExchangeService_ServiceDesc.ServiceName,
	exchangev1.ParkingService_ServiceDesc.ServiceName,
}

// Served lists the services that may be called from outside.
func Served() []string { return append([]string{dev.ServiceName}, served...) }

// newID makes a UUIDv7: unique, and in the order of making.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// route makes the gateway's routes to the services.
func (k *Koppi) route(trial bool) error {
	services := map[string]grpc.ClientConnInterface{}
	for _, name := range served {
		services[name] = k.backend
	}
	var err error
	k.merged, err = merged.New(merged.Config{Logger: k.config.Logger, Services: []merged.Service{
		{Name: concern.Name, Accepts: concernv1.ConcernService_ServiceDesc.ServiceName, Conn: k.backend, Wake: k.wake},
	}})
	if err != nil {
		return err
	}
	services[exchangev1.ExchangeService_ServiceDesc.ServiceName] = k.merged.Conn()
	services[exchangev1.ParkingService_ServiceDesc.ServiceName] = k.merged.Conn()
	k.calls, err = k.config.Callbacks.Open(callback.Surroundings{
		Exchange: k.merged.Conn(), Directory: k.config.Directory, Secrets: filepath.Join(k.config.Data, "secrets"),
		Presence: presence.Alone{}, Logger: k.config.Logger, Dev: k.config.Dev,
		Timing: k.config.CallbackTiming,
	})
	if err != nil {
		return errors.Join(err, k.merged.Close())
	}
	var local []string
	if trial {
		services[dev.ServiceName] = k.backend
		local = append(local, dev.ServiceName)
	}
	k.handler, err = gateway.New(gateway.Config{
		Services: services, LocalOnly: local, Pages: web.Handler(), Origins: k.config.Origins,
	})
	return err
}

// Run serves on the listener until the context ends, and closes everything.
func (k *Koppi) Run(ctx context.Context, listener net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return k.Serve(ctx) })
	group.Go(func() error { return serve.HTTP(ctx, k.handler, listener) })
	err := group.Wait()
	return errors.Join(err, k.Close())
}

// Serve runs everything but a listener: who calls uses Handler or Backend.
func (k *Koppi) Serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.GRPC(ctx, k.server, k.listener) })
	group.Go(func() error { return k.concern.Run(ctx) })
	group.Go(func() error { return k.merged.Run(ctx) })
	group.Go(func() error { return k.calls.Run(ctx) })
	return group.Wait()
}

// Backend is the in-memory connection straight to the services.
func (k *Koppi) Backend() grpc.ClientConnInterface { return k.backend }

// Handler is the gateway.
func (k *Koppi) Handler() http.Handler { return k.handler }

// Store is the concern service's journal.
func (k *Koppi) Store() *sqlite.Store { return k.store }

// Close releases the files. Run does so by itself.
func (k *Koppi) Close() error {
	return errors.Join(k.calls.Close(), k.merged.Close(), k.backend.Close(), k.store.Close())
}
