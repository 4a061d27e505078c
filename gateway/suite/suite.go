// Package suite lists Koppi's services as the gateway sees them, and assembles what the gateway
// serves in front of them.
package suite

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/gateway/casework"
	client "koppi.internal/pkg/client/gateway"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/mailbox/merged"
	"koppi.internal/pkg/notify"
	people "koppi.internal/pkg/people/gateway"
	statistics "koppi.internal/pkg/statistics/gateway"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Services maps the name of each service in case messages and cursors to its gRPC service. It is
// the explicit list of services that may be called from outside.
var Services = map[string]string{
	"concern":      concernv1.ConcernService_ServiceDesc.ServiceName,
	"consultation": consultationv1.ConsultationService_ServiceDesc.ServiceName,
	"plan":         planv1.PlanService_ServiceDesc.ServiceName,
	"referral":     referralv1.ReferralService_ServiceDesc.ServiceName,
}

// keeper is the service that keeps the people of all agencies, and the state of their endpoints.
const keeper = "concern"

// Backend is one service behind the gateway.
type Backend struct {
	Conn grpc.ClientConnInterface
	// Notify notifies readers when the service's mailboxes advance.
	Notify notify.Notifier
}

// Config configures a Front.
type Config struct {
	// Backends are the services, by name.
	Backends map[string]Backend
	// Trial serves DevService too, which is for trial installations only.
	Trial  bool
	Logger *slog.Logger
	// Callers exchanges what a caller shows (token, certificate or session) for a token of the
	// suite's own, which names the caller to the services.
	Callers *identity.TokenExchange
	// Casework configures casework. Its Services, Statistics and Logger are set by Open.
	Casework casework.Config
}

// Front is what a gateway serves. The caller must run Run, and call Close at the end.
type Front struct {
	// Exchange is the exchange over the mailboxes of all services.
	Exchange *merged.Exchange
	// Casework is what the gateway adds to the services.
	Casework *casework.Casework
	// Routes maps each exposed gRPC service to its connection, whose calls are in the caller's
	// name.
	Routes map[string]grpc.ClientConnInterface
	// Local names the services that answer on this machine only.
	Local []string

	backends map[string]Backend
}

// Open makes a Front.
func Open(config Config) (*Front, error) {
	front := &Front{Routes: map[string]grpc.ClientConnInterface{}}
	var services []merged.Service
	var all allServices
	byName := fanout.Services{}
	work := config.Casework
	work.Logger, work.Services = config.Logger, fanout.Services{}
	config.Backends = config.asSuite()
	front.backends = config.Backends
	for name, backend := range config.resolvers() {
		work.Services[CollectionOf(name)], byName[name] = backend.Conn, backend.Conn
		services = append(services, merged.Service{Name: name, Accepts: Services[name], Conn: backend.Conn, Notify: backend.Notify})
		front.Routes[Services[name]] = backend.Conn
		all = append(all, backend.Conn)
	}
	work.Statistics = statistics.New(byName, config.Logger)
	staff := people.New(people.Config{
		Keeper: work.Services[CollectionOf(keeper)], Directory: work.Directory, Logger: config.Logger,
		Now: time.Now, //nolint:forbidigo // the age of a copy is measured by the wall clock
	})
	work.People = staff
	var err error
	if front.Exchange, err = merged.New(merged.Config{
		Logger: config.Logger, Services: services,
		OnBehalf: func(ctx context.Context, stream, named string) (string, error) {
			return config.Callers.OnBehalf(ctx, stream, named, staff.Admit)
		},
	}); err != nil {
		return nil, err
	}
	if front.Casework, err = casework.New(work); err != nil {
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
		if name != exchangev1.ExchangeService_ServiceDesc.ServiceName {
			// What an exchange hands over has a hash.
			conn = staff.Naming(conn)
		}
		front.Routes[name] = config.Callers.Completed(conn, staff.Admit)
	}
	return front, nil
}

// asSuite are the backends with connections that call internal methods in the suite's own name:
// methods that answer the suite's processes only.
func (c Config) asSuite() map[string]Backend {
	all := map[string]Backend{}
	for name, backend := range c.Backends {
		all[name] = Backend{Conn: c.Callers.Own(backend.Conn, isInternal), Notify: backend.Notify}
	}
	return all
}

// isInternal reports whether a method answers only the suite's own processes.
func isInternal(method string) bool {
	return strings.HasPrefix(method, "/"+caseworkv1.SuiteService_ServiceDesc.ServiceName+"/") ||
		strings.HasPrefix(method, "/"+caseworkv1.StaffService_ServiceDesc.ServiceName+"/") ||
		strings.HasPrefix(method, "/"+exchangev1.HeadsService_ServiceDesc.ServiceName+"/") ||
		strings.HasPrefix(method, "/"+exchangev1.EndpointStateService_ServiceDesc.ServiceName+"/")
}

// resolvers are the backends with connections that resolve a client whom a service does not know in
// the other services.
func (c Config) resolvers() map[string]Backend {
	all := map[string]Backend{}
	for name, backend := range c.Backends {
		conn := client.Resolver{ClientConnInterface: backend.Conn, Accepts: Services[name]}
		for _, other := range slices.Sorted(maps.Keys(c.Backends)) {
			if other != name {
				conn.Others = append(conn.Others, c.Backends[other].Conn)
			}
		}
		all[name] = Backend{Conn: conn, Notify: backend.Notify}
	}
	return all
}

// SuiteServices are the services by name, with connections that call internal methods in the suite's own
// name.
func (f *Front) SuiteServices() fanout.Services {
	services := fanout.Services{}
	for name, backend := range f.backends {
		services[name] = backend.Conn
	}
	return services
}

// Keeper is the connection to the service that keeps the state of agencies' endpoints, for internal methods.
func (f *Front) Keeper() grpc.ClientConnInterface { return f.backends[keeper].Conn }

// CollectionOf is the first part of the names of a service's subjects, such as "concerns" for
// "concern".
func CollectionOf(service string) string { return service + "s" }

// Run serves the exchange and casework until the context ends.
func (f *Front) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.Exchange.Run(ctx) })
	group.Go(func() error { return f.Casework.Run(ctx) })
	return group.Wait()
}

// Close releases the connections.
func (f *Front) Close() error { return errors.Join(f.Exchange.Close(), f.Casework.Close()) }

// allServices forwards calls of DevService to the services: a request for a token to any of them,
// since all trust the same issuer, and a change of the clock to each.
type allServices []grpc.ClientConnInterface

// Invoke calls one service, or all where the clock is advanced; the last answer is returned. It calls
// them one after the other, and not by fanout: the call may be of any method, and is for trials only.
func (a allServices) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	for _, conn := range a {
		if err := conn.Invoke(ctx, method, in, out, options...); err != nil || method != devv1.DevService_AdvanceClock_FullMethodName {
			return err
		}
	}
	return nil
}

// NewStream fails with NOT_SERVED: DevService has no streams.
func (allServices) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, fault.New(fault.NotServed, "there is no such method here")
}

// Routes is a connection that forwards each call to the gRPC service that its method names; it
// fails with NOT_SERVED where there is none.
type Routes map[string]grpc.ClientConnInterface

func (r Routes) to(method string) (grpc.ClientConnInterface, error) {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	if conn := r[service]; conn != nil {
		return conn, nil
	}
	return nil, fault.New(fault.NotServed, "there is no such service here")
}

// Invoke forwards a unary call.
func (r Routes) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	conn, err := r.to(method)
	if err != nil {
		return err
	}
	return conn.Invoke(ctx, method, in, out, options...)
}

// NewStream forwards a stream.
func (r Routes) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	conn, err := r.to(method)
	if err != nil {
		return nil, err
	}
	return conn.NewStream(ctx, desc, method, options...)
}
