// Package merged serves the mailboxes of all services as one exchange, with one stream and one
// opaque cursor. It keeps no stream to a service open for a reader: when it is notified, it reads
// pages. The messages of each service stay gapless and in order, and a service that does not answer
// delays only its own messages.
package merged

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/periodic"
	"koppi.internal/pkg/serve"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Service is one service behind the gateway.
type Service struct {
	// Name of the service in case messages and cursors, such as "concern".
	Name string
	// Accepts is the full name of the gRPC service whose methods may be called over a stream.
	Accepts string
	Conn    grpc.ClientConnInterface
	// Notify notifies readers when the service's mailboxes advance.
	Notify notify.Notifier
}

// Config configures an Exchange. All fields are required.
type Config struct {
	Services []Service
	Logger   *slog.Logger
	// OnBehalf returns the token for a worker whom a request on a stream names, given the token of the stream:
	// see identity.TokenExchange.
	OnBehalf func(ctx context.Context, stream, named string) (string, error)
}

// Exchange is the merged exchange; Conn is the connection to it.
type Exchange struct {
	exchangev1.UnimplementedExchangeServiceServer

	config Config
	// conns are the connections to the services, by name.
	conns    fanout.Services
	methods  mailbox.Methods
	readers  mailbox.Readers
	drained  chan struct{}
	server   *serve.Server
	listener *bufconn.Listener
	conn     *grpc.ClientConn
}

// New makes a merged exchange. The caller must run Run, and call Close at the end.
func New(config Config) (*Exchange, error) {
	e := &Exchange{config: config, conns: fanout.Services{}, drained: make(chan struct{}), listener: serve.Memory()}
	slices.SortFunc(e.config.Services, func(a, b Service) int { return strings.Compare(a.Name, b.Name) })
	var accepted []string
	for _, service := range config.Services {
		accepted = append(accepted, service.Accepts)
		e.conns[service.Name] = service.Conn
	}
	var err error
	if e.methods, err = mailbox.MethodsOf(accepted...); err != nil {
		return nil, err
	}
	validator, err := protovalidate.New()
	if err != nil {
		return nil, err
	}
	e.server = serve.NewGRPC(serve.Config{Logger: config.Logger, Validator: validator, Public: func(string) bool { return true }})
	exchangev1.RegisterExchangeServiceServer(e.server, e)
	exchangev1.RegisterParkingServiceServer(e.server, parking{Exchange: e})
	e.conn, err = serve.Connect(e.listener)
	return e, err
}

// Conn is the connection by which the gateway forwards calls to the exchange.
func (e *Exchange) Conn() grpc.ClientConnInterface {
	return serve.Local{ClientConn: e.conn, Server: e.server}
}

// Close releases the connection.
func (e *Exchange) Close() error { return e.conn.Close() }

// Run serves calls and polls the services for missed notifications and for newer epochs of
// consumers, until the context ends. Then it ends open streams, so that their readers open them
// again at another gateway.
func (e *Exchange) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.GRPC(ctx, e.server, e.listener) })
	group.Go(func() error {
		<-ctx.Done()
		close(e.drained)
		return nil
	})
	for _, job := range e.jobs() {
		group.Go(func() error {
			job.Run(ctx)
			return nil
		})
	}
	return group.Wait()
}

// pollTime bounds one poll of a service's mailboxes.
const pollTime = 5 * time.Second

// jobs poll the services.
func (e *Exchange) jobs() []periodic.Job {
	jobs := []periodic.Job{e.readers.Check(e.epochs)}
	for _, service := range e.config.Services {
		client := exchangev1.NewHeadsServiceClient(service.Conn)
		poll := service.Notify.Poll(func(ctx context.Context) (map[string]uint64, error) {
			ctx, cancel := context.WithTimeout(ctx, pollTime)
			defer cancel()
			response, err := client.GetHeads(ctx, &exchangev1.GetHeadsRequest{})
			return response.GetSequences(), err
		})
		poll.About = []slog.Attr{slog.String("service", service.Name)}
		jobs = append(jobs, poll)
	}
	for i := range jobs {
		jobs[i].Level, jobs[i].Logger = slog.LevelWarn, e.config.Logger
	}
	return jobs
}

// mailboxes are those of the caller's agency. Each service verifies the caller itself.
func (e *Exchange) mailboxes() []mailbox.Mailbox {
	var all []mailbox.Mailbox
	for _, service := range e.config.Services {
		all = append(all, &remoteMailbox{service: service.Name, client: exchangev1.NewExchangeServiceClient(service.Conn)})
	}
	return all
}

// session configures the session of a caller's stream. The function that it returns ends the
// notifications. The agency is parsed from the token unverified, for notifications only. It fails
// with TOKEN_REQUIRED.
func (e *Exchange) session(ctx context.Context) (mailbox.SessionConfig, func(), error) {
	header := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(header) == 0 {
		return mailbox.SessionConfig{}, nil, fault.New(fault.TokenRequired, "a token is missing")
	}
	token, _ := identity.Bearer(header[0])
	agency, expires := identity.ParseUnverified(token)
	notifications := mailbox.NewNotifications()
	var leave []func()
	for _, service := range e.config.Services {
		leave = append(leave, service.Notify.Join(agency, notifications.Of(service.Name)))
	}
	return mailbox.SessionConfig{
		Mailboxes: e.mailboxes(), Agency: agency, Expires: expires, Epoch: nextEpoch(), RetryMailboxes: true,
		Notifications: notifications, Readers: &e.readers, Drained: e.drained, Methods: e.methods,
		Invoke: func(call mailbox.Call) error {
			outgoing := identity.Forward(ctx)
			if call.OnBehalfOf != "" {
				acting, err := e.config.OnBehalf(ctx, token, call.OnBehalfOf)
				if err != nil {
					return err
				}
				outgoing = identity.WithToken(ctx, acting)
			}
			return e.invoke(outgoing, call.Path, call.In, call.Out)
		},
	}, func() {
		for _, end := range leave {
			end()
		}
	}, nil
}

// nextEpoch is the epoch of a consumer that is opened now: higher than that of every opening before,
// also in services that were down at the time.
func nextEpoch() uint64 { return uint64(time.Now().UnixMicro()) } //nolint:forbidigo // an order, and no domain's time

// Exchange serves the stream over the mailboxes of all services.
func (e *Exchange) Exchange(stream mailbox.Stream) error { return mailbox.Serve(stream, e.session) }

func (e *Exchange) invoke(ctx context.Context, path string, in, out proto.Message) error {
	for _, service := range e.config.Services {
		if strings.HasPrefix(path, "/"+service.Accepts+"/") {
			return service.Conn.Invoke(ctx, path, in, out)
		}
	}
	return fault.New(fault.NotServed, "there is no such service here")
}
