// Package merged serves one exchange over the mailboxes of all services: one
// stream, one opaque cursor. It holds no stream behind it for a reader: on a wake it
// reads pages. What each service gives stays gapless and in order, and a service that
// does not answer delays its own messages alone.
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

	"koppi.internal/pkg/exchange"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/serve"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Service is one service behind.
type Service struct {
	// Name as case messages and cursors carry it, such as "concern".
	Name string
	// Accepts is the full name of the gRPC service whose calls may be sent on a stream.
	Accepts string
	Conn    grpc.ClientConnInterface
	// Notify tells that its mailboxes advance.
	Notify notify.Notifier
}

// Config is what is merged. All fields are required.
type Config struct {
	Services []Service
	Logger   *slog.Logger
}

// Exchange is the merged exchange; Conn leads to it.
type Exchange struct {
	exchangev1.UnimplementedExchangeServiceServer

	config   Config
	methods  exchange.Methods
	readers  exchange.Readers
	drained  chan struct{}
	server   *serve.Server
	listener *bufconn.Listener
	conn     *grpc.ClientConn
}

// New makes a merged exchange. Run must run beside it, and Close end it.
func New(config Config) (*Exchange, error) {
	e := &Exchange{config: config, drained: make(chan struct{}), listener: serve.Memory()}
	slices.SortFunc(e.config.Services, func(a, b Service) int { return strings.Compare(a.Name, b.Name) })
	var accepted []string
	for _, service := range config.Services {
		accepted = append(accepted, service.Accepts)
	}
	var err error
	if e.methods, err = exchange.MethodsOf(accepted...); err != nil {
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

// Conn leads to the exchange, for the gateway to forward to.
func (e *Exchange) Conn() grpc.ClientConnInterface { return e.conn }

// Close releases the connection.
func (e *Exchange) Close() error { return e.conn.Close() }

// Run serves, and looks for lost wakes and for takeovers, until the context ends; then
// standing streams end, so that their readers open them anew elsewhere.
func (e *Exchange) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.GRPC(ctx, e.server, e.listener) })
	group.Go(func() error {
		<-ctx.Done()
		close(e.drained)
		return nil
	})
	group.Go(func() error {
		e.readers.Look(ctx, e.takeovers, func(err error) {
			e.config.Logger.WarnContext(ctx, "look for takeovers", slog.String("error", err.Error()))
		})
		return nil
	})
	for _, service := range e.config.Services {
		client := exchangev1.NewHeadsServiceClient(service.Conn)
		group.Go(func() error {
			service.Notify.Poll(ctx, func(ctx context.Context) (map[string]uint64, error) {
				ctx, cancel := context.WithTimeout(ctx, lookTime)
				defer cancel()
				response, err := client.GetHeads(ctx, &exchangev1.GetHeadsRequest{})
				return response.GetSequences(), err
			}, func(err error) {
				e.config.Logger.WarnContext(ctx, "look at mailbox heads", slog.String("service", service.Name), slog.String("error", err.Error()))
			})
			return nil
		})
	}
	return group.Wait()
}

// lookTime bounds one look at a service's mailboxes.
const lookTime = 5 * time.Second

// mailboxes are those of the caller's agency; who the caller is each service sees
// for itself.
func (e *Exchange) mailboxes() []exchange.Mailbox {
	var all []exchange.Mailbox
	for _, service := range e.config.Services {
		all = append(all, &mailbox{service: service.Name, client: exchangev1.NewExchangeServiceClient(service.Conn)})
	}
	return all
}

// line is what a caller's standing connection reads from and sends to.
func (e *Exchange) line(ctx context.Context) (exchange.Line, func(), error) {
	header := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(header) == 0 {
		return exchange.Line{}, nil, fault.New(fault.TokenRequired, "a token is missing")
	}
	token, _ := identity.Bearer(header[0])
	agency, expires := identity.ParseUnverified(token)
	woken := exchange.NewNotifications()
	var leave []func()
	for _, service := range e.config.Services {
		leave = append(leave, service.Notify.Join(agency, woken.Of(service.Name)))
	}
	return exchange.Line{
		Mailboxes: e.mailboxes(), Caller: identity.Caller{Agency: agency, Expires: expires}, Epoch: number(), Patient: true,
		Woken: woken, Readers: &e.readers, Drained: e.drained, Methods: e.methods,
		Invoke: func(path string, in, out proto.Message) error { return e.invoke(identity.Forward(ctx), path, in, out) },
	}, func() {
		for _, end := range leave {
			end()
		}
	}, nil
}

// number is the takeover number of a consumer that is opened now: higher than that
// of every opening before, in services that were down then too.
func number() uint64 { return uint64(time.Now().UnixMicro()) } //nolint:forbidigo // an order, and no domain's time

// Exchange is the standing connection over all services.
func (e *Exchange) Exchange(stream exchange.Stream) error { return exchange.Serve(stream, e.line) }

func (e *Exchange) invoke(ctx context.Context, path string, in, out proto.Message) error {
	for _, service := range e.config.Services {
		if strings.HasPrefix(path, "/"+service.Accepts+"/") {
			return service.Conn.Invoke(ctx, path, in, out)
		}
	}
	return fault.New(fault.NotServed, "there is no such service here")
}
