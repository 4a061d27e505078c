// Package casework serves what the gateway adds to the four services: each capability's part of it,
// in one server of the gateway's own process, which verifies its callers itself. What a caller may
// know of a matter is decided by that matter's service, which is called in the caller's name.
package casework

import (
	"context"
	"log/slog"

	"buf.build/go/protovalidate"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	accesslog "koppi.internal/pkg/accesslog/gateway"
	"koppi.internal/pkg/attachment"
	attachments "koppi.internal/pkg/attachment/gateway"
	clients "koppi.internal/pkg/client/gateway"
	"koppi.internal/pkg/codelist"
	codelists "koppi.internal/pkg/codelist/gateway"
	consent "koppi.internal/pkg/consent/gateway"
	"koppi.internal/pkg/directory"
	agencies "koppi.internal/pkg/directory/gateway"
	"koppi.internal/pkg/fanout"
	grounds "koppi.internal/pkg/ground/gateway"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/limit"
	overview "koppi.internal/pkg/overview/gateway"
	people "koppi.internal/pkg/people/gateway"
	"koppi.internal/pkg/serve"
	statistics "koppi.internal/pkg/statistics/gateway"
	"koppi.internal/pkg/telemetry"
	timeline "koppi.internal/pkg/timeline/gateway"
	version "koppi.internal/pkg/version/gateway"
	worklist "koppi.internal/pkg/worklist/gateway"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// Config configures casework. All fields but Scanner, Limiter, Uploads and Recent are required.
type Config struct {
	Services fanout.Services
	// TestPersons says that this is a test environment.
	TestPersons bool
	Directory   *directory.Directory
	// Codes are the lists of codes.
	Codes    *codelist.Codes
	Secrets  *identity.Secrets
	Verifier *identity.Verifier
	Limiter  *limit.Limiter
	// Uploads are the limits of attachments; the zero value sets none.
	Uploads limit.Uploads
	// Attachments stores attachments; the caller of New closes it.
	Attachments *attachment.Store
	// People are the people of the agencies.
	People *people.People
	// Statistics are those of the services.
	Statistics *statistics.Statistics
	// Scanner scans uploads for malware; nil scans nothing.
	Scanner attachments.Scanner
	// Recent keeps the spans of a trial installation; nil where a collector has them.
	Recent *telemetry.Recent
	// Endpoints are the agencies' endpoints that this gateway calls.
	Endpoints overview.Endpoints
	// Called is what agencies see and ask of their own endpoints.
	Called exchangev1.EndpointServiceServer
	Logger *slog.Logger
}

// Casework serves CaseworkService, AttachmentService, ConsentService, EndpointService and OperatorService. Conn is the
// connection to it.
type Casework struct {
	attachments *attachments.Attachments
	consents    *consent.Consents
	people      *people.People
	statistics  *statistics.Statistics
	server      *serve.Server
	listener    *bufconn.Listener
	conn        *grpc.ClientConn
}

// api implements CaseworkService: each capability serves its own methods.
type api struct {
	unimplemented
	*worklist.Worklist
	*timeline.Timeline
	*accesslog.AccessLog
	*agencies.Directory
	*grounds.Grounds
	*codelists.Lists
	*clients.Finder
	*statistics.Handler
	*people.API
	version.Info
}

// unimplemented lies one level deeper than the capabilities, so that their methods come first.
type unimplemented struct {
	caseworkv1.UnimplementedCaseworkServiceServer
}

// Services are the full names of the gRPC services that Casework serves.
var Services = []string{
	caseworkv1.CaseworkService_ServiceDesc.ServiceName, attachmentv1.AttachmentService_ServiceDesc.ServiceName,
	consentv1.ConsentService_ServiceDesc.ServiceName, operatorv1.OperatorService_ServiceDesc.ServiceName,
	exchangev1.EndpointService_ServiceDesc.ServiceName,
}

// New makes a Casework. The caller must run Run, and call Close at the end.
func New(config Config) (*Casework, error) {
	validator, err := protovalidate.New()
	if err != nil {
		return nil, err
	}
	c := &Casework{
		listener: serve.Memory(), people: config.People, statistics: config.Statistics,
		attachments: &attachments.Attachments{
			Services: config.Services, Secrets: config.Secrets, Directory: config.Directory, Store: config.Attachments, Limiter: config.Limiter, Uploads: config.Uploads,
			Scanner: config.Scanner, Logger: config.Logger,
		},
		consents: &consent.Consents{Services: config.Services, Secrets: config.Secrets, Logger: config.Logger},
	}
	c.server = serve.NewGRPC(serve.Config{
		Logger: config.Logger, Verifier: config.Verifier, Validator: validator, Limiter: config.Limiter, Public: func(string) bool { return false }, Codes: config.Codes,
	})
	caseworkv1.RegisterCaseworkServiceServer(c.server, api{
		Worklist:  &worklist.Worklist{Services: config.Services, Secrets: config.Secrets, Directory: config.Directory, People: config.People},
		Timeline:  &timeline.Timeline{Services: config.Services, Secrets: config.Secrets},
		AccessLog: &accesslog.AccessLog{Services: config.Services, Secrets: config.Secrets, People: config.People},
		Directory: &agencies.Directory{Directory: config.Directory},
		Grounds:   &grounds.Grounds{Services: config.Services},
		Lists:     &codelists.Lists{Codes: config.Codes},
		Finder:    &clients.Finder{Services: config.Services, Limiter: config.Limiter},
		Handler:   &statistics.Handler{Statistics: config.Statistics},
		Info:      version.Info{TestPersons: config.TestPersons},
		API:       &people.API{People: config.People, Services: config.Services, Secrets: config.Secrets},
	})
	attachmentv1.RegisterAttachmentServiceServer(c.server, c.attachments)
	consentv1.RegisterConsentServiceServer(c.server, c.consents)
	exchangev1.RegisterEndpointServiceServer(c.server, config.Called)
	operatorv1.RegisterOperatorServiceServer(c.server, &overview.Operator{
		Services: config.Services, Directory: config.Directory, Recent: config.Recent, Endpoints: config.Endpoints, ReviewsOverdue: config.People.ReviewsOverdue,
	})
	c.conn, err = serve.Connect(c.listener)
	return c, err
}

// Conn is the connection by which the gateway forwards calls to Casework.
func (c *Casework) Conn() grpc.ClientConnInterface { return c.conn }

// Close releases the connection.
func (c *Casework) Close() error { return c.conn.Close() }

// Run serves calls, removes attachments that no matter names, passes withdrawn consents on to all services,
// renews the copy of the people and counts months that have ended, until the context ends.
func (c *Casework) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve.GRPC(ctx, c.server, c.listener) })
	group.Go(func() error {
		c.attachments.Run(ctx)
		return nil
	})
	group.Go(func() error {
		c.people.Run(ctx)
		return nil
	})
	group.Go(func() error {
		c.statistics.Run(ctx)
		return nil
	})
	group.Go(func() error {
		c.consents.Run(ctx)
		return nil
	})
	return group.Wait()
}
