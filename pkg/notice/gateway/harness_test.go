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

// fake is a service that answers as a real one does, and can be made to fail.
type fake struct {
	caseworkv1.UnimplementedSuiteServiceServer

	mutex   sync.Mutex
	now     time.Time
	waiting []*caseworkv1.Waiting
	// asking, marking and answering fail a call: answering after it took effect.
	asking, marking, answering error
	// asked gets a token whenever the service is asked, marked the subjects that were marked.
	asked  chan struct{}
	marked chan []string
}

func (f *fake) GetWaiting(_ context.Context, r *caseworkv1.GetWaitingRequest) (*caseworkv1.GetWaitingResponse, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	select {
	case f.asked <- struct{}{}:
	default:
	}
	if f.asking != nil {
		return nil, f.asking
	}
	response := &caseworkv1.GetWaitingResponse{Now: timestamppb.New(f.now)}
	for _, one := range f.waiting {
		named := slices.ContainsFunc(r.GetUnits(), func(unit *commonv1.Party) bool { return proto.Equal(unit, one.GetUnit()) })
		twice := one.GetUrgency() == commonv1.Urgency_URGENCY_EMERGENCY && one.GetKind() == caseworkv1.WaitingKind_WAITING_KIND_NEW
		if named && (one.GetTold() == 0 || one.GetTold() == 1 && twice) {
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
	for _, mailed := range r.GetTold() {
		for _, one := range f.waiting {
			if one.GetSubject() == mailed.GetSubject() && one.GetKind() == mailed.GetKind() {
				one.Told, one.ToldAt = one.GetTold()+1, timestamppb.New(f.now)
				subjects = append(subjects, one.GetSubject())
			}
		}
	}
	f.marked <- subjects
	return &caseworkv1.MarkToldResponse{}, f.answering
}

// change changes the service between two calls.
func (f *fake) change(how func()) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	how()
}

// add adds a new matter that waits for a unit, for an hour.
func (f *fake) add(agency, unit, subject string, urgency commonv1.Urgency) {
	f.change(func() {
		f.waiting = append(f.waiting, &caseworkv1.Waiting{
			Unit: &commonv1.Party{Agency: agency, Unit: unit}, Subject: subject, Urgency: urgency,
			Kind: caseworkv1.WaitingKind_WAITING_KIND_NEW, DueAt: timestamppb.New(f.now.Add(time.Hour)),
		})
	})
}

// found says how often each subject is marked as notified.
func (f *fake) found() string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var all []string
	for _, one := range f.waiting {
		all = append(all, fmt.Sprintf("%s %d", one.GetSubject(), one.GetTold()))
	}
	return strings.Join(all, ", ")
}

// fixture is a notifier over two services.
type fixture struct {
	t         *testing.T
	services  map[string]*fake
	directory *directory.Directory
	log       *log
	stop      func()
}

// The units: the first agency's intake in Swedish, and another unit in Finnish; the second agency's
// unit has no address.
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

// in are the settings for a mail server without TLS.
func in(server *mailtest.Server) notice.Settings {
	return notice.Settings{SMTP: server.Address, SMTPFrom: "Koppi <koppi@example.fi>", SMTPTLS: notice.None, Link: "https://koppi.example.fi/"}
}

// start runs a notifier until the test ends or stop.
func start(t *testing.T, settings notice.Settings, now time.Time, how ...func(*notice.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, services: map[string]*fake{}, directory: parsed(t, units), log: &log{}}
	config := notice.Config{
		Services: map[string]grpc.ClientConnInterface{}, Directory: f.directory, Leases: lease.Alone{},
		Logger: slog.New(slog.NewTextHandler(f.log, nil)), Timing: timing,
	}
	for _, name := range []string{"concern", "plan"} {
		f.services[name] = &fake{now: now, asked: make(chan struct{}), marked: make(chan []string, 100)}
		config.Services[name] = serving(t, f.services[name])
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
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := notifier.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(f.stop)
	return f
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

// sync waits until rounds that began after this call have ended: each asks every service, and the
// next begins when one is over.
func (f *fixture) sync() {
	f.t.Helper()
	for range 3 {
		f.await(f.services["concern"].asked)
	}
}

// logged waits until words were logged so often.
func (f *fixture) logged(words string, times int) {
	f.t.Helper()
	for range 2000 {
		if f.log.count(words) >= times {
			return
		}
		f.await(f.services["concern"].asked)
	}
	f.t.Fatalf("never logged: %s", words)
}

func (f *fixture) await(asked <-chan struct{}) {
	f.t.Helper()
	select {
	case <-asked:
	case <-time.After(20 * time.Second):
		f.t.Fatal("no service is asked")
	}
}

// at sets the domain's time everywhere.
func (f *fixture) at(now time.Time) {
	for _, service := range f.services {
		service.change(func() { service.now = now })
	}
}

// mail waits for a mail to a unit of the county.
func (f *fixture) mail(server *mailtest.Server, unit, subject string) mailtest.Mail {
	f.t.Helper()
	select {
	case got := <-server.Mails:
		if _, is, _ := got.Parsed(f.t); got.To != unit+"@county.example.fi" || is != subject {
			f.t.Errorf("to %s: %s; want %s: %s", got.To, is, unit, subject)
		}
		return got
	case <-time.After(20 * time.Second):
		f.t.Fatalf("no mail: %s", subject)
		return mailtest.Mail{}
	}
}

// none waits for another round and checks that no mail came.
func (f *fixture) none(server *mailtest.Server) {
	f.t.Helper()
	f.sync()
	select {
	case got := <-server.Mails:
		_, subject, _ := got.Parsed(f.t)
		f.t.Errorf("a mail to %s: %s", got.To, subject)
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
