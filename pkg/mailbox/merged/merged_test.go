package merged_test

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

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/mailbox/merged"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/service"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

const agencies = `{"agencies":[{"agency":"kela","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},
 "units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"]}],"noConsentProfile":"MINIMAL"}]}`

// fakeService is a service behind the gateway, with a journal of its own, that can be stopped.
type fakeService struct {
	t     *testing.T
	name  string
	store *sqlite.Store
	hub   *notify.Hub
	conn  *grpc.ClientConn
	make  func() (*serve.Server, *mailbox.Server)
	reads atomic.Int64
	// before and after are called before and after each read, where they are set.
	before, after atomic.Pointer[func()]
	// sent are the credentials of the last call that a request on a stream made.
	sent atomic.Pointer[[]string]

	mu       sync.Mutex
	listener net.Listener
	stop     func()
	appended int
}

func (s *fakeService) dial(ctx context.Context, _ string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil, errors.New("stopped")
	}
	return s.listener.(interface {
		DialContext(context.Context) (net.Conn, error)
	}).DialContext(ctx)
}

// count counts the reads of this service.
func (s *fakeService) count(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, call grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if method == exchangev1.ExchangeService_ListMessages_FullMethodName {
		s.reads.Add(1)
		if before := s.before.Load(); before != nil {
			(*before)()
		}
		if after := s.after.Load(); after != nil {
			defer (*after)()
		}
	}
	if strings.HasPrefix(method, "/koppi."+s.name+".") {
		shown, _ := metadata.FromOutgoingContext(ctx)
		authorization := shown.Get("authorization")
		s.sent.Store(&authorization)
	}
	return call(ctx, method, request, response, conn, options...)
}

func (s *fakeService) start() {
	server, mailboxes := s.make()
	listener := serve.Memory()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { mailboxes.Run(ctx) })
	running.Go(func() { _ = server.Serve(listener) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener = listener
	s.stop = func() {
		s.mu.Lock()
		s.listener = nil
		s.mu.Unlock()
		cancel()
		server.Stop()
		running.Wait()
	}
}

// append appends one more message to Kela's mailbox of this service.
func (s *fakeService) append() { s.appendLong(0) }

// appendLong appends a message that is so many bytes longer.
func (s *fakeService) appendLong(size int) {
	s.t.Helper()
	s.appended++
	subject, id := fmt.Sprintf("%ss/%d", s.name, s.appended), fmt.Sprintf("%s-%d", s.name, s.appended)
	record, err := proto.Marshal(&exchangev1.CaseMessage{MessageId: id, Service: s.name, Mailbox: "kela", Subject: subject, SubjectVersion: 1, ClientId: strings.Repeat("x", size)})
	if err != nil {
		s.t.Fatal(err)
	}
	appended, err := s.store.Append(context.Background(), journal.Batch{
		Expected:   map[string]uint64{subject: 0},
		Events:     []journal.Event{{Subject: subject, Version: 1, ID: id, Type: "test.Event", At: time.Now()}},
		Streams:    []journal.Stream{{Subject: subject, Service: s.name, Version: 1}},
		Deliveries: []journal.Delivery{{Agency: "kela", ID: id, Subject: subject, SubjectVersion: 1, Record: record}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.hub.Notify("kela", appended.Positions["kela"])
}

func (s *fakeService) acknowledged(name string) uint64 {
	s.t.Helper()
	consumers, err := s.store.Consumers(context.Background(), "kela", name)
	if err != nil {
		s.t.Fatal(err)
	}
	return consumers[name].Sequence
}

// fixture is a merged exchange over two services.
type fixture struct {
	t                 *testing.T
	concern, referral *fakeService
	client            exchangev1.ExchangeServiceClient
	ctx               context.Context
	// token is that of ctx.
	token string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	folder := t.TempDir()
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := identity.OpenDevIssuer(folder, "https://issuer.test")
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := issuer.Config()
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := identity.NewVerifier(identity.VerifierConfig{Audience: identity.Audience, Issuers: []identity.IssuerConfig{trusted}, Directory: known, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Issue(identity.Caller{Agency: "kela", Role: identity.RoleSystem, SystemSubject: "kela-1"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, ctx: metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)}
	f.concern, f.referral = newService(t, folder, "concern", verifier), newService(t, folder, "referral", verifier)
	f.token = token
	onBehalf := func(_ context.Context, stream, named string) (string, error) {
		if named == "stranger" {
			return "", fault.New(fault.OnBehalfNotAllowed, "unknown")
		}
		return named + " by " + stream, nil
	}
	exchanges, err := merged.New(merged.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), OnBehalf: onBehalf, Services: []merged.Service{
		{Name: "referral", Accepts: referralv1.ReferralService_ServiceDesc.ServiceName, Conn: f.referral.conn, Notify: f.referral.hub},
		{Name: "concern", Accepts: concernv1.ConcernService_ServiceDesc.ServiceName, Conn: f.concern.conn, Notify: f.concern.hub},
	}})
	if err != nil {
		t.Fatal(err)
	}
	f.client = exchangev1.NewExchangeServiceClient(exchanges.Conn())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- exchanges.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, exchanges.Close()); err != nil {
			t.Error(err)
		}
	})
	return f
}

func newService(t *testing.T, folder, name string, verifier *identity.Verifier) *fakeService {
	t.Helper()
	kek, err := seal.OpenKEK(filepath.Join(folder, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, name+".db"), KeysPath: filepath.Join(folder, name+".keys.db"), KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeService{t: t, name: name, store: store, hub: &notify.Hub{}}
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	s.make = func() (*serve.Server, *mailbox.Server) {
		server := serve.NewGRPC(serve.Config{Logger: logger, Verifier: verifier, Validator: validator, Public: func(string) bool { return false }, Suite: service.SuiteMethods(name), Mutual: true})
		mailboxes, err := mailbox.New(mailbox.Config{Service: name, Store: store, Settings: store, Clock: clock.System(), Notify: s.hub, Calls: s.conn, Logger: logger, Readable: func(identity.Caller) *journal.Readable { return nil }})
		if err != nil {
			panic(err)
		}
		mailboxes.Register(server)
		return server, mailboxes
	}
	if s.conn, err = grpc.NewClient("passthrough:///"+name, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(s.dial), grpc.WithUnaryInterceptor(s.count)); err != nil {
		t.Fatal(err)
	}
	s.start()
	t.Cleanup(func() {
		s.stop()
		if err := errors.Join(s.conn.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

type stream = exchangev1.ExchangeService_ExchangeClient

func (f *fixture) open(open *exchangev1.ExchangeRequest_Open) (stream, *exchangev1.ExchangeResponse_Opened) {
	f.t.Helper()
	s, err := f.client.Exchange(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := s.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: open}}); err != nil {
		f.t.Fatal(err)
	}
	response, err := s.Recv()
	if err != nil {
		f.t.Fatal(err)
	}
	return s, response.GetOpened()
}

// take receives so many messages, checks that those of each service have no gap, and returns the last cursor.
func (f *fixture) take(s stream, behind map[string]uint64, count int) string {
	f.t.Helper()
	var cursor string
	for count > 0 {
		response, err := s.Recv()
		if err != nil {
			f.t.Fatal(err)
		}
		if response.GetHeartbeat() != nil {
			continue
		}
		count--
		message := response.GetDelivery().GetMessage()
		if message.GetSequence() != behind[message.GetService()]+1 {
			f.t.Fatalf("%s %d comes behind %d", message.GetService(), message.GetSequence(), behind[message.GetService()])
		}
		behind[message.GetService()]++
		cursor = response.GetDelivery().GetCursor()
	}
	return cursor
}

func acknowledge(t *testing.T, s stream, cursor string) {
	t.Helper()
	if err := s.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Acknowledge_{Acknowledge: &exchangev1.ExchangeRequest_Acknowledge{Cursor: cursor}}}); err != nil {
		t.Fatal(err)
	}
}

// One stream with one cursor delivers the messages of all services, those of each service gapless and in order. An
// acknowledgement reaches each service, and reading continues after it.
func TestOneStreamOverAllServices(t *testing.T) {
	f := newFixture(t)
	for range 70 {
		f.concern.append()
		f.referral.append()
	}
	s, opened := f.open(&exchangev1.ExchangeRequest_Open{Window: 1000})
	if opened.GetBacklog() != 140 || opened.GetTakeover() == 0 {
		t.Errorf("%v", opened)
	}
	behind := map[string]uint64{}
	f.take(s, behind, 140)
	f.referral.append()
	acknowledge(t, s, f.take(s, behind, 1))
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if f.concern.acknowledged("default") != 70 || f.referral.acknowledged("default") != 71 {
		t.Errorf("acknowledged %d and %d", f.concern.acknowledged("default"), f.referral.acknowledged("default"))
	}
	f.concern.append()
	again, opened := f.open(&exchangev1.ExchangeRequest_Open{})
	if opened.GetBacklog() != 1 {
		t.Errorf("%v", opened)
	}
	f.take(again, behind, 1)
}

// A stopped service delays only its own messages. They come when it runs again, on a stream that was open and on one
// that is opened meanwhile with a cursor. A stream without a cursor is refused meanwhile, because it is not known
// where to begin.
func TestStoppedServiceDelaysItsOwnMessages(t *testing.T) {
	f := newFixture(t)
	f.concern.append()
	f.referral.append()
	behind := map[string]uint64{}
	s, _ := f.open(&exchangev1.ExchangeRequest_Open{})
	f.take(s, behind, 2)
	f.referral.stop()
	f.concern.append()
	cursor := f.take(s, behind, 1)
	acknowledge(t, s, cursor)
	meanwhile, _ := f.open(&exchangev1.ExchangeRequest_Open{Cursor: cursor, Consumer: "other"})
	f.concern.append()
	others := map[string]uint64{"concern": behind["concern"], "referral": behind["referral"]}
	f.take(s, behind, 1)
	f.take(meanwhile, others, 1)
	unknown, err := f.client.Exchange(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := unknown.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &exchangev1.ExchangeRequest_Open{Consumer: "third"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := unknown.Recv(); fault.ReasonOf(err) != fault.Unavailable {
		t.Errorf("opened without a cursor: %v", err)
	}
	f.referral.start()
	f.referral.append()
	f.take(s, behind, 1)
	f.take(meanwhile, others, 1)
}

// A page has a share of each service's messages, and reading continues after it.
func TestPollingAllServices(t *testing.T) {
	f := newFixture(t)
	for range 5 {
		f.concern.append()
		f.referral.append()
	}
	behind, cursor := map[string]uint64{}, ""
	for behind["concern"] < 5 || behind["referral"] < 5 {
		page, err := f.client.ListMessages(f.ctx, &exchangev1.ListMessagesRequest{Cursor: cursor, PageSize: 4})
		if err != nil || len(page.GetMessages()) == 0 {
			t.Fatalf("%v %v", page, err)
		}
		for _, message := range page.GetMessages() {
			if message.GetSequence() != behind[message.GetService()]+1 {
				t.Errorf("%v comes behind %v", message, behind)
			}
			behind[message.GetService()]++
		}
		cursor = page.GetNextCursor()
		if left := 10 - behind["concern"] - behind["referral"]; page.GetBacklog() != left {
			t.Errorf("%d left, and %d are", page.GetBacklog(), left)
		}
	}
	if _, err := f.client.AcknowledgeMessages(f.ctx, &exchangev1.AcknowledgeMessagesRequest{Cursor: cursor}); err != nil {
		t.Fatal(err)
	}
	if f.concern.acknowledged("default") != 5 || f.referral.acknowledged("default") != 5 {
		t.Error("not acknowledged in each service")
	}
	if _, err := f.client.ListMessages(t.Context(), &exchangev1.ListMessagesRequest{}); fault.ReasonOf(err) != fault.TokenRequired {
		t.Errorf("without a token: %v", err)
	}
}
