// Package suite lists Koppi's services as a gateway sees them, and what it serves in
// front of them.
package suite

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/gateway/casework"
	"koppi.internal/gateway/merged"
	"koppi.internal/gateway/statistics"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/notify"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Services maps each service, as case messages and cursors name it, to its gRPC
// service: the explicit list of what may be called from outside.
var Services = map[string]string{
	"concern":      concernv1.ConcernService_ServiceDesc.ServiceName,
	"consultation": consultationv1.ConsultationService_ServiceDesc.ServiceName,
	"plan":         planv1.PlanService_ServiceDesc.ServiceName,
	"referral":     referralv1.ReferralService_ServiceDesc.ServiceName,
}

// Backend is one service behind.
type Backend struct {
	Conn grpc.ClientConnInterface
	// Notify tells that its mailboxes advance.
	Notify notify.Notifier
}

// Config is what a front is made of.
type Config struct {
	// Backends by their service's name.
	Backends map[string]Backend
	// Trial serves DevService too.
	Trial  bool
	Logger *slog.Logger
	// Callers names who calls to the services.
	Callers *identity.TokenExchange
	// Casework, without its services, statistics and logger, which are those here.
	Casework casework.Config
}

// Front is what a gateway serves. Run must run beside it, and Close end it.
type Front struct {
	// Exchange is the one over all mailboxes.
	Exchange *merged.Exchange
	// Casework is what the gateway adds.
	Casework *casework.Casework
	// Routes lead each service served to its connection, in the name of who calls.
	Routes map[string]grpc.ClientConnInterface
	// Local are those that answer on this machine alone.
	Local []string

	backends map[string]Backend
}

// Open makes the front.
func Open(config Config) (*Front, error) {
	front := &Front{Routes: map[string]grpc.ClientConnInterface{}}
	var services []merged.Service
	var all everywhere
	counting := map[string]grpc.ClientConnInterface{}
	whole := config.Casework
	whole.Logger, whole.Services = config.Logger, map[string]grpc.ClientConnInterface{}
	config.Backends = config.owned()
	front.backends = config.Backends
	for name, backend := range config.resolvers() {
		whole.Services[CollectionOf(name)], counting[name] = backend.Conn, backend.Conn
		services = append(services, merged.Service{Name: name, Accepts: Services[name], Conn: backend.Conn, Notify: backend.Notify})
		front.Routes[Services[name]] = backend.Conn
		all = append(all, backend.Conn)
	}
	whole.Statistics = statistics.New(counting)
	var err error
	if front.Exchange, err = merged.New(merged.Config{Logger: config.Logger, Services: services}); err != nil {
		return nil, err
	}
	if front.Casework, err = casework.New(whole); err != nil {
		return nil, errors.Join(err, front.Exchange.Close())
	}
	for _, name := range casework.Services {
		front.Routes[name] = front.Casework.Conn()
	}
	front.Routes[exchangev1.ExchangeService_ServiceDesc.ServiceName] = front.Exchange.Conn()
	front.Routes[exchangev1.ParkingService_ServiceDesc.ServiceName] = front.Exchange.Conn()
	if config.Trial {
		front.Routes[dev.ServiceName] = all
		front.Local = append(front.Local, dev.ServiceName)
	}
	for name, conn := range front.Routes {
		front.Routes[name] = config.Callers.Conn(conn)
	}
	return front, nil
}

// owned are the services, as the gateway itself asks them what they tell nobody else: in the
// suite's own name.
func (c Config) owned() map[string]Backend {
	all := map[string]Backend{}
	for name, backend := range c.Backends {
		all[name] = Backend{Conn: c.Callers.Own(backend.Conn, isOwn), Notify: backend.Notify}
	}
	return all
}

// isOwn tells the methods that answer the suite's own processes alone.
func isOwn(method string) bool {
	return strings.HasPrefix(method, "/"+caseworkv1.SuiteService_ServiceDesc.ServiceName+"/") ||
		strings.HasPrefix(method, "/"+exchangev1.HeadsService_ServiceDesc.ServiceName+"/")
}

// resolvers are the services, to which each of the others makes clients known.
func (c Config) resolvers() map[string]Backend {
	all := map[string]Backend{}
	for name, backend := range c.Backends {
		conn := resolver{ClientConnInterface: backend.Conn, accepts: Services[name]}
		for _, other := range slices.Sorted(maps.Keys(c.Backends)) {
			if other != name {
				conn.others = append(conn.others, c.Backends[other].Conn)
			}
		}
		all[name] = Backend{Conn: conn, Notify: backend.Notify}
	}
	return all
}

// Asked are the services by their names, as the gateway itself asks them what they tell
// nobody else.
func (f *Front) Asked() map[string]grpc.ClientConnInterface {
	services := map[string]grpc.ClientConnInterface{}
	for name, backend := range f.backends {
		services[name] = backend.Conn
	}
	return services
}

// CollectionOf is the first part of the names of a service's subjects.
func CollectionOf(service string) string { return service + "s" }

// Run serves what the gateway itself answers, until the context ends.
func (f *Front) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.Exchange.Run(ctx) })
	group.Go(func() error { return f.Casework.Run(ctx) })
	return group.Wait()
}

// Close releases the connections.
func (f *Front) Close() error { return errors.Join(f.Exchange.Close(), f.Casework.Close()) }

// everywhere passes a development call on: a token from any service, since all
// believe the same issuer, and a clock moved in each of them.
type everywhere []grpc.ClientConnInterface

// Invoke calls one service, or all where the clock is moved; the last answer counts.
func (e everywhere) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	for _, conn := range e {
		if err := conn.Invoke(ctx, method, in, out, options...); err != nil || method != devv1.DevService_AdvanceClock_FullMethodName {
			return err
		}
	}
	return nil
}

// NewStream is refused: DevService has no streams.
func (everywhere) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, fault.New(fault.NotServed, "there is no such method here")
}

// Routes is a connection that leads each call to the service that it names.
type Routes map[string]grpc.ClientConnInterface

func (r Routes) to(method string) (grpc.ClientConnInterface, error) {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	if conn := r[service]; conn != nil {
		return conn, nil
	}
	return nil, fault.New(fault.NotServed, "there is no such service here")
}

// Invoke passes a unary call on.
func (r Routes) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	conn, err := r.to(method)
	if err != nil {
		return err
	}
	return conn.Invoke(ctx, method, in, out, options...)
}

// NewStream passes a stream on.
func (r Routes) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	conn, err := r.to(method)
	if err != nil {
		return nil, err
	}
	return conn.NewStream(ctx, desc, method, options...)
}
