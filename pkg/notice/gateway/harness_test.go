package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/matter"
	notice "koppi.internal/pkg/notice/gateway"
	"koppi.internal/pkg/notice/gateway/mailtest"
	"koppi.internal/pkg/serve"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// fake is a service that gives what waits as a real one does, and can be made to fail.
type fake struct {
	caseworkv1.UnimplementedSuiteServiceServer

	mutex   sync.Mutex
	now     time.Time
	waiting []*caseworkv1.Waiting
	// asking, marking and answering fail a call: answering after it took effect.
	asking, marking, answering error
	// looked gets a token whenever it is asked, told the subjects that were marked.
	looked chan struct{}
	told   chan []string
}

func (f *fake) GetWaiting(_ context.Context, r *caseworkv1.GetWaitingRequest) (*caseworkv1.GetWaitingResponse, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	select {
	case f.looked <- struct{}{}:
	default:
	}
	if f.asking != nil {
		return nil, f.asking
	}
	response := &caseworkv1.GetWaitingResponse{Now: timestamppb.New(f.now)}
	for _, one := range f.waiting {
		asked := slices.ContainsFunc(r.GetUnits(), func(unit *commonv1.Party) bool { return proto.Equal(unit, one.GetUnit()) })
		twice := one.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY && one.GetKind() == caseworkv1.WaitingKind_WAITING_KIND_NEW
		if asked && (one.GetTold() == 0 || one.GetTold() == 1 && twice) {
			response.Waiting = append(response.Waiting, proto.CloneOf(one))
		}
	}
	return response, nil
}

func (f *fake) MarkTold(_ context.Context, r *caseworkv1.MarkToldRequest) (*caseworkv1.MarkToldResponse, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.marking != nil {
		return nil, f.marking
	}
	var subjects []string
	for _, told := range r.GetTold() {
		for _, one := range f.waiting {
			if one.GetSubject() == told.GetSubject() && one.GetKind() == told.GetKind() {
				one.Told, one.ToldAt = one.GetTold()+1, timestamppb.New(f.now)
				subjects = append(subjects, one.GetSubject())
			}
		}
	}
	f.told <- subjects
	return &caseworkv1.MarkToldResponse{}, f.answering
}

// change changes it between two calls.
func (f *fake) change(how func()) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	how()
}

// add makes something new wait for a unit, for an hour.
func (f *fake) add(agency, unit, subject string, urgency commonv1.Urgency) {
	f.change(func() {
		f.waiting = append(f.waiting, &caseworkv1.Waiting{
			Unit: &commonv1.Party{Agency: agency, Unit: unit}, Subject: subject, Urgency: urgency,
			Kind: caseworkv1.WaitingKind_WAITING_KIND_NEW, DueAt: timestamppb.New(f.now.Add(time.Hour)),
		})
	})
}

// found are how often each subject is marked as told.
func (f *fake) found() string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var all []string
	for _, one := range f.waiting {
		all = append(all, fmt.Sprintf("%s %d", one.GetSubject(), one.GetTold()))
	}
	return strings.Join(all, ", ")
}

// bench is a notifier over two services.
type bench struct {
	t         *testing.T
	services  map[string]*fake
	directory *directory.Directory
	log       *log
	stop      func()
}

// The units: of the first agency the intake in Swedish and another in Finnish; the
// second's has no address.
const units = `{"agencies":[
	{"agency":"county","kind":"SOCIAL_SERVICES","noConsentProfile":"NECESSARY","names":{"fi":"C","sv":"C","en":"C"},"units":[
		{"unit":"intake","intake":true,"email":"intake@county.example.fi","languages":["sv","fi"],"names":{"fi":"I","sv":"I","en":"I"}},
		{"unit":"adults","email":"adults@county.example.fi","languages":["fi"],"names":{"fi":"A","sv":"A","en":"A"}}]},
	{"agency":"kela","kind":"BENEFITS","noConsentProfile":"MINIMAL","names":{"fi":"K","sv":"F","en":"S"},"units":[
		{"unit":"benefits","languages":["en"],"names":{"fi":"B","sv":"B","en":"B"}}]}]}`

// The domain's time at the start: a night and a morning.
var (
	night   = time.Date(2026, 11, 26, 2, 0, 0, 0, matter.Helsinki())
	morning = time.Date(2026, 11, 26, 9, 0, 0, 0, matter.Helsinki())
)

var timing = notice.Timing{
	Every: 5 * time.Millisecond, Answer: 5 * time.Second, FirstRetry: 5 * time.Millisecond, LastRetry: 20 * time.Millisecond,
	EmergencyRetry: 10 * time.Millisecond, Lease: time.Minute, Unchecked: time.Hour,
}

func parsed(t *testing.T, text string) *directory.Directory {
	t.Helper()
	read, err := directory.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// in is what a mail server in the clear is set with.
func in(server *mailtest.Server) notice.Settings {
	return notice.Settings{SMTP: server.Address, SMTPFrom: "Koppi <koppi@example.fi>", SMTPTLS: notice.None, Link: "https://koppi.example.fi/"}
}

// start runs a notifier until the test ends or stop.
func start(t *testing.T, settings notice.Settings, now time.Time, how ...func(*notice.Config)) *bench {
	t.Helper()
	b := &bench{t: t, services: map[string]*fake{}, directory: parsed(t, units), log: &log{}}
	config := notice.Config{
		Services: map[string]grpc.ClientConnInterface{}, Directory: b.directory, Leases: lease.Alone{},
		Logger: slog.New(slog.NewTextHandler(b.log, nil)), Timing: timing,
	}
	for _, name := range []string{"concern", "plan"} {
		b.services[name] = &fake{now: now, looked: make(chan struct{}), told: make(chan []string, 100)}
		config.Services[name] = serving(t, b.services[name])
	}
	for _, change := range how {
		change(&config)
	}
	notifier, err := settings.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- notifier.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := notifier.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(b.stop)
	return b
}

func serving(t *testing.T, service caseworkv1.SuiteServiceServer) grpc.ClientConnInterface {
	t.Helper()
	listener, server := serve.Memory(), grpc.NewServer()
	caseworkv1.RegisterSuiteServiceServer(server, service)
	conn, err := serve.Connect(listener)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		<-ended
	})
	return conn
}

// sync waits until looks that began after this call have ended: each asks every
// service, and the next begins when one is over.
func (b *bench) sync() {
	b.t.Helper()
	for range 3 {
		b.await(b.services["concern"].looked)
	}
}

// logged looks on until words are logged so often.
func (b *bench) logged(words string, times int) {
	b.t.Helper()
	for range 2000 {
		if b.log.count(words) >= times {
			return
		}
		b.await(b.services["concern"].looked)
	}
	b.t.Fatalf("never logged: %s", words)
}

func (b *bench) await(looked <-chan struct{}) {
	b.t.Helper()
	select {
	case <-looked:
	case <-time.After(20 * time.Second):
		b.t.Fatal("nobody looks")
	}
}

// at sets the domain's time everywhere.
func (b *bench) at(now time.Time) {
	for _, service := range b.services {
		service.change(func() { service.now = now })
	}
}

// mail waits for a mail to a unit of the county.
func (b *bench) mail(server *mailtest.Server, unit, subject string) mailtest.Mail {
	b.t.Helper()
	select {
	case got := <-server.Mails:
		if _, is, _ := got.Parsed(b.t); got.To != unit+"@county.example.fi" || is != subject {
			b.t.Errorf("to %s: %s; want %s: %s", got.To, is, unit, subject)
		}
		return got
	case <-time.After(20 * time.Second):
		b.t.Fatalf("no mail: %s", subject)
		return mailtest.Mail{}
	}
}

// none looks again and checks that no mail came.
func (b *bench) none(server *mailtest.Server) {
	b.t.Helper()
	b.sync()
	select {
	case got := <-server.Mails:
		_, subject, _ := got.Parsed(b.t)
		b.t.Errorf("a mail to %s: %s", got.To, subject)
	default:
	}
}

// log is what a notifier logged.
type log struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(line)
}

func (l *log) count(words string) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return strings.Count(l.text.String(), words)
}
