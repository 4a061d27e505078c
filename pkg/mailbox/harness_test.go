package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/serve"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// counting is a real store that counts its reads and what consumers move, and fails to
// append while broken is set.
type counting struct {
	*sqlite.Store
	reads, advances atomic.Int64
	broken          atomic.Bool
}

func (c *counting) Advance(ctx context.Context, advance journal.Advance) (journal.Consumer, error) {
	c.advances.Add(1)
	return c.Store.Advance(ctx, advance)
}

func (c *counting) Deliveries(ctx context.Context, query journal.DeliveryQuery) ([]journal.Delivery, error) {
	c.reads.Add(1)
	return c.Store.Deliveries(ctx, query)
}

func (c *counting) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	if c.broken.Load() {
		return journal.Appended{}, errors.New("disk full")
	}
	return c.Store.Append(ctx, batch)
}

// steps is a service whose answers wait until the test lets them go.
type steps struct {
	concernv1.UnimplementedConcernServiceServer

	begun chan string
	let   chan struct{}
}

func (s *steps) TakeConcern(ctx context.Context, r *concernv1.TakeConcernRequest) (*concernv1.TakeConcernResponse, error) {
	header, _ := metadata.FromIncomingContext(ctx)
	s.begun <- r.GetConcernId() + " " + r.GetRequestId() + " " + header.Get("agency")[0]
	select {
	case <-s.let:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &concernv1.TakeConcernResponse{Concern: &concernv1.Concern{ConcernId: r.GetConcernId()}}, nil
}

// fixture is a mailbox server over a journal of its own.
type fixture struct {
	t      testing.TB
	store  *counting
	hub    *notify.Hub
	steps  *steps
	client exchangev1.ExchangeServiceClient
	// drain ends the open streams.
	drain context.CancelFunc
	next  int
	// readable limits what pages are notified of; nil for nothing.
	readable atomic.Pointer[journal.Readable]
	// versions of the subjects that have events.
	versions map[string]uint64
}

// newFixture starts a server. expires is when tokens end; the zero time is never.
func newFixture(t testing.TB, expires func() time.Time) *fixture {
	t.Helper()
	return newFixtureAt(t, t.TempDir(), expires)
}

// newFixtureAt keeps the journal in a folder.
func newFixtureAt(t testing.TB, folder string, expires func() time.Time) *fixture {
	t.Helper()
	f := &fixture{t: t, versions: map[string]uint64{}, hub: &notify.Hub{}, steps: &steps{begun: make(chan string, 256), let: make(chan struct{})}, store: openStore(t, folder)}
	listener := serve.Memory()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithStaticStreamWindowSize(64<<10),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	server, err := mailbox.New(mailbox.Config{
		Readable: func(identity.Caller) *journal.Readable { return f.readable.Load() },
		Service:  "concern", Accepts: []string{"koppi.concern.v1.ConcernService"}, Store: f.store, Settings: f.store, Clock: clock.System(), Notify: f.hub,
		Calls: conn, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	called := func(ctx context.Context) context.Context {
		header, _ := metadata.FromIncomingContext(ctx)
		if len(header.Get("authorization")) == 0 {
			return ctx
		}
		agency := header.Get("authorization")[0]
		who := identity.Caller{Agency: agency, Role: identity.RoleSystem, System: true, Expires: expires()}
		if len(header.Get("role")) > 0 {
			who.Role, who.System = identity.Role(header.Get("role")[0]), false
		}
		md := header.Copy()
		md.Set("agency", agency)
		return identity.WithCaller(metadata.NewIncomingContext(ctx, md), who)
	}
	grpcServer := grpc.NewServer(
		grpc.UnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			return handle(called(ctx), r)
		}),
		grpc.StreamInterceptor(func(s any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			return handle(s, &calledStream{stream, called(stream.Context())})
		}))
	exchangev1.RegisterExchangeServiceServer(grpcServer, server)
	concernv1.RegisterConcernServiceServer(grpcServer, f.steps)
	ctx, drain := context.WithCancel(context.Background())
	f.drain, f.client = drain, exchangev1.NewExchangeServiceClient(conn)
	var running sync.WaitGroup
	running.Go(func() { server.Run(ctx) })
	running.Go(func() { _ = grpcServer.Serve(listener) })
	t.Cleanup(func() {
		drain()
		_ = conn.Close()
		grpcServer.GracefulStop()
		running.Wait()
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

type calledStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *calledStream) Context() context.Context { return s.ctx }

func never() time.Time { return time.Time{} }

func openStore(t testing.TB, folder string) *counting {
	t.Helper()
	kek, err := seal.OpenKEK(filepath.Join(folder, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(context.Background(), sqlite.Config{Path: filepath.Join(folder, "c.db"), KeysPath: filepath.Join(folder, "k.db"), KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	return &counting{Store: store}
}

// append appends messages to Kela's mailbox, each about a subject of its own unless one is named.
func (f *fixture) append(count int, subject string) { f.appendLong(count, subject, 0) }

// appendLong appends messages that are so many bytes longer.
func (f *fixture) appendLong(count int, subject string, size int) {
	f.t.Helper()
	for count > 0 {
		batch := journal.Batch{Expected: map[string]uint64{}}
		for range min(count, 500) {
			about := subject
			if about == "" {
				about = fmt.Sprintf("concerns/%d", f.next)
			}
			f.add(&batch, about, size)
			count--
		}
		appended, err := f.store.Append(context.Background(), batch)
		if err != nil {
			f.t.Fatal(err)
		}
		f.hub.Notify("kela", appended.Positions["kela"])
	}
}

// add adds one more event of a subject, which is delivered to Kela.
func (f *fixture) add(batch *journal.Batch, subject string, size int) {
	f.next++
	id := fmt.Sprintf("message-%d", f.next)
	if _, begun := batch.Expected[subject]; !begun {
		batch.Expected[subject] = f.versions[subject]
		batch.Streams = append(batch.Streams, journal.Stream{Subject: subject, Service: "concern"})
	}
	f.versions[subject]++
	version := f.versions[subject]
	for i := range batch.Streams {
		if batch.Streams[i].Subject == subject {
			batch.Streams[i].Version = version
		}
	}
	record, err := proto.Marshal(&exchangev1.CaseMessage{
		MessageId: id, Service: "concern", Mailbox: "kela", Subject: subject, SubjectVersion: version,
		Status:   &commonv1.LoopStatus{Phase: commonv1.LoopPhase_LOOP_PHASE_SENT},
		Withheld: []*exchangev1.Withheld{{Field: strings.Repeat("x", size)}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	batch.Events = append(batch.Events, journal.Event{Subject: subject, Version: version, ID: id, Type: "test.Event", At: time.Now()})
	batch.Deliveries = append(batch.Deliveries, journal.Delivery{Agency: "kela", ID: id, Subject: subject, SubjectVersion: version, Record: record})
}

func (f *fixture) as(agency string) context.Context {
	return metadata.AppendToOutgoingContext(f.t.Context(), "authorization", agency)
}

type stream struct {
	grpc.BidiStreamingClient[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]
	t      testing.TB
	opened *exchangev1.ExchangeResponse_Opened
	// cancel cuts the stream off.
	cancel context.CancelFunc
}

// open opens a stream of Kela's mailbox.
func (f *fixture) open(open *exchangev1.ExchangeRequest_Open) *stream {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.as("kela"))
	f.t.Cleanup(cancel)
	s, err := f.client.Exchange(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	opened := &stream{BidiStreamingClient: s, t: f.t, cancel: cancel}
	opened.send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: open}})
	response, err := s.Recv()
	if err != nil || response.GetOpened() == nil {
		f.t.Fatalf("%v %v", response, err)
	}
	opened.opened = response.GetOpened()
	return opened
}

func (s *stream) send(r *exchangev1.ExchangeRequest) {
	s.t.Helper()
	if err := s.Send(r); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stream) acknowledge(cursor string) {
	s.send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Acknowledge_{Acknowledge: &exchangev1.ExchangeRequest_Acknowledge{Cursor: cursor}}})
}

func (s *stream) recv() *exchangev1.ExchangeResponse {
	s.t.Helper()
	response, err := s.Recv()
	if err != nil {
		s.t.Fatal(err)
	}
	return response
}

// deliveries receives the messages of these sequences and returns the last cursor.
func (s *stream) deliveries(from, to uint64) string {
	s.t.Helper()
	var cursor string
	for sequence := from; sequence <= to; sequence++ {
		delivery := s.recv().GetDelivery()
		if delivery.GetMessage().GetSequence() != sequence {
			s.t.Fatalf("message %d comes where %d should", delivery.GetMessage().GetSequence(), sequence)
		}
		cursor = delivery.GetCursor()
	}
	return cursor
}

// ended is how the stream ends, after the messages that still come.
func (s *stream) ended() error {
	for {
		if _, err := s.Recv(); err != nil {
			return err
		}
	}
}

func (f *fixture) consumer(name string) journal.Consumer {
	f.t.Helper()
	consumers, err := f.store.Consumers(context.Background(), "kela", name)
	if err != nil {
		f.t.Fatal(err)
	}
	return consumers[name]
}
