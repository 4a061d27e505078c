// Package casework holds what the gateway adds to the four services: the directory, the timeline of
// a whole case, attachments, and statistics. It verifies its callers itself. What a caller may know
// of a matter is decided by that matter's service, which casework calls in the caller's name.
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

// Config configures casework. All fields but Scanner, Limiter, Uploads and Recent are required.
type Config struct {
	// Services are the connections to the services, by the first part of their subjects' names,
	// such as "concerns".
	Services  map[string]grpc.ClientConnInterface
	Directory *directory.Directory
	Secrets   *identity.Secrets
	Verifier  *identity.Verifier
	Limiter   *limit.Limiter
	// Uploads are the limits of attachments; the zero value sets none.
	Uploads limit.Uploads
	// Attachments stores attachments; the caller of New closes it.
	Attachments *attachment.Store
	// Statistics are those of the services.
	Statistics *statistics.Statistics
	// Scanner scans uploads for malware; nil scans nothing.
	Scanner Scanner
	// Recent keeps the spans of a trial installation; nil where a collector has them.
	Recent *telemetry.Recent
	Logger *slog.Logger
}

// Casework serves CaseworkService, AttachmentService, ConsentService and OperatorService in the
// gateway's own process. Conn is the connection to it.
type Casework struct {
	caseworkv1.UnimplementedCaseworkServiceServer

	config   Config
	server   *serve.Server
	listener *bufconn.Listener
	conn     *grpc.ClientConn
}

// Services are the full names of the gRPC services that Casework serves.
var Services = []string{
	caseworkv1.CaseworkService_ServiceDesc.ServiceName, attachmentv1.AttachmentService_ServiceDesc.ServiceName,
	consentv1.ConsentService_ServiceDesc.ServiceName, operatorv1.OperatorService_ServiceDesc.ServiceName,
}

// New makes a Casework. The caller must run Run, and call Close at the end.
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

// Conn is the connection by which the gateway forwards calls to Casework.
func (c *Casework) Conn() grpc.ClientConnInterface { return c.conn }

// Close releases the connection.
func (c *Casework) Close() error { return c.conn.Close() }

// Run serves calls, removes attachments that no matter names, and passes withdrawn consents on to
// all services, until the context ends.
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

// ask calls all services in parallel, in the caller's name. The answers are in the order of the
// services' names. One that fails cancels the others.
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

// pageOf is the page size that a request asks for; defaultPage where it names none.
func pageOf(asked int32) int {
	if asked == 0 {
		return defaultPage
	}
	return int(asked)
}

// unavailable converts a failure of the attachment store into a refusal; it returns refusals, and
// nil, unchanged.
func unavailable(err error) error {
	var refused *fault.Error
	if err == nil || errors.As(err, &refused) {
		return err
	}
	return fault.Store(err)
}
