// Package casework is what the gateway adds to the four services: the directory, the
// timeline of a whole case, the papers, and statistics. Who calls it verifies by itself; what of a
// matter a caller may know each service decides, asked in the caller's name.
package casework

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"buf.build/go/protovalidate"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"koppi.internal/gateway/statistics"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// Config is what casework needs. All fields but Scanner, Limiter, Uploads and Recent are required.
type Config struct {
	// Services behind, by the first part of their subjects' names, such as "concerns".
	Services  map[string]grpc.ClientConnInterface
	Directory *directory.Directory
	Secrets   *identity.Secrets
	Verifier  *identity.Verifier
	Limiter   *limit.Limiter
	// Uploads are the limits of papers; none where it is zero.
	Uploads limit.Uploads
	// Attachments are the papers; the caller closes them.
	Attachments *attachment.Store
	// Statistics of the services.
	Statistics *statistics.Statistics
	// Scanner looks for malware; nil where none is set.
	Scanner Scanner
	// Recent keeps spans of a machine on trial; nil where the collector has them.
	Recent *telemetry.Recent
	Logger *slog.Logger
}

// Casework serves it; Conn leads to it.
type Casework struct {
	caseworkv1.UnimplementedCaseworkServiceServer

	config   Config
	server   *serve.Server
	listener *bufconn.Listener
	conn     *grpc.ClientConn
}

// Services are those that are served.
var Services = []string{
	caseworkv1.CaseworkService_ServiceDesc.ServiceName, attachmentv1.AttachmentService_ServiceDesc.ServiceName,
	consentv1.ConsentService_ServiceDesc.ServiceName, operatorv1.OperatorService_ServiceDesc.ServiceName,
}

// New makes it. Run must run beside it, and Close end it.
func New(config Config) (*Casework, error) {
	validator, err := protovalidate.New()
	if err != nil {
		return nil, err
	}
	c := &Casework{config: config, listener: serve.Memory()}
	c.server = serve.NewGRPC(serve.Config{
		Logger: config.Logger, Verifier: config.Verifier, Validator: validator, Limiter: config.Limiter, Public: func(string) bool { return false },
	})
	caseworkv1.RegisterCaseworkServiceServer(c.server, c)
	attachmentv1.RegisterAttachmentServiceServer(c.server, papers{Casework: c})
	consentv1.RegisterConsentServiceServer(c.server, consents{Casework: c})
	operatorv1.RegisterOperatorServiceServer(c.server, operator{Casework: c})
	c.conn, err = serve.Connect(c.listener)
	return c, err
}

// Conn leads to it, for the gateway to forward to.
func (c *Casework) Conn() grpc.ClientConnInterface { return c.conn }

// Close releases the connection.
func (c *Casework) Close() error { return c.conn.Close() }

// Run serves, removes papers that nothing names, and passes withdrawn consents on, until the
// context ends.
func (c *Casework) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.GRPC(ctx, c.server, c.listener) })
	group.Go(func() error {
		c.sweeps(ctx)
		return nil
	})
	group.Go(func() error {
		c.passesOn(ctx)
		return nil
	})
	return group.Wait()
}

// ask asks every service at once, in the caller's name; the answers come in the order of
// the services' names.
func ask[R any](ctx context.Context, c *Casework, question func(ctx context.Context, name string, service caseworkv1.MatterServiceClient) (R, error)) ([]string, []R, error) {
	names := slices.Sorted(maps.Keys(c.config.Services))
	answers := make([]R, len(names))
	group, each := errgroup.WithContext(identity.Forward(ctx))
	for i, name := range names {
		group.Go(func() error {
			var err error
			answers[i], err = question(each, name, caseworkv1.NewMatterServiceClient(c.config.Services[name]))
			return err
		})
	}
	return names, answers, group.Wait()
}

// pageOf is the size of a page as it was asked for.
func pageOf(asked int32) int {
	if asked == 0 {
		return defaultPage
	}
	return int(asked)
}

// unavailable is a refusal of a bucket's failure.
func unavailable(err error) error {
	var refused *fault.Error
	if err == nil || errors.As(err, &refused) {
		return err
	}
	return fault.Store(err)
}
