package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/partner"
	"koppi.internal/pkg/presence"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/process/certtest"
	"koppi.internal/pkg/wake/redistest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// The secrets that sign callbacks: one follows the other.
const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

// endpoint is where an agency is called. It can be made to fail.
type endpoint struct {
	t        *testing.T
	address  string
	listener net.Listener
	handle   atomic.Pointer[http.HandlerFunc]
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoint{t: t, listener: listener, address: "http://" + listener.Addr().String()}
	e.set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	server := &http.Server{ReadHeaderTimeout: time.Second, ErrorLog: slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelInfo), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*e.handle.Load())(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return e
}

func (e *endpoint) set(handle http.HandlerFunc) { e.handle.Store(&handle) }

// callbackTiming is that of a test: what takes seconds and hours takes milliseconds.
var callbackTiming = callback.Timing{
	Answer: 300 * time.Millisecond, FirstRetry: 5 * time.Millisecond, LastRetry: 100 * time.Millisecond, Look: 20 * time.Millisecond,
	Lease: 300 * time.Millisecond, Blind: time.Second,
}

// calledDirectory is the directory of the scenarios, in which Kela wants to be called.
func calledDirectory(t *testing.T, protocol, url string) []byte {
	t.Helper()
	var file map[string][]map[string]any
	if err := json.Unmarshal(config.Directory, &file); err != nil {
		t.Fatal(err)
	}
	for _, agency := range file["agencies"] {
		if agency["agency"] == "kela" {
			agency["callback"] = map[string]string{"protocol": protocol, "url": url}
		}
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func secretsFile(t *testing.T, secrets ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "callbacks.json")
	text, _ := json.Marshal(map[string][]string{"kela": secrets})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newCalled is an instance that calls Kela at an address.
func newCalled(t *testing.T, protocol, url string, settings callback.Settings) *bench {
	t.Helper()
	agencies, err := directory.Parse(calledDirectory(t, protocol, url))
	if err != nil {
		t.Fatal(err)
	}
	return newBenchOf(t, allinone.Config{Directory: agencies, Callbacks: settings, CallbackTiming: callbackTiming})
}

// open makes an endpoint over an inbox file.
func (i *inbox) open(t *testing.T, secrets ...string) *partner.Endpoint {
	t.Helper()
	at, err := partner.NewEndpoint(i, slog.New(slog.NewTextHandler(io.Discard, nil)), secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// faulty answers now and then as no endpoint should: late, with errors, with
// garbage, elsewhere, or not at all, before or after it has taken what came.
func faulty(handler http.Handler, faults *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fault := rand.IntN(14)
		if fault < 8 {
			faults.Add(1)
		}
		switch fault {
		case 0:
			http.Error(w, "no", http.StatusInternalServerError)
		case 1:
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case 2:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"accepted": 4294967295}`)
		case 3:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"accepted": "many`)
		case 4: // takes it, and its answer is lost
			handler.ServeHTTP(discard{header: http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case 5: // dies before it takes anything
			panic(http.ErrAbortHandler)
		case 6: // takes it too late
			<-time.After(callbackTiming.Answer + 50*time.Millisecond)
			handler.ServeHTTP(w, r)
		case 7:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"accepted": 0, "refused": {"code": 14}}`)
		default:
			handler.ServeHTTP(w, r)
		}
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header          { return d.header }
func (discard) Write(body []byte) (int, error) { return len(body), nil }
func (discard) WriteHeader(int)                {}

// A partner that answers late, with errors, with garbage, or dies in the middle gets
// everything in the end, once and in order, each call signed; its secret is changed
// meanwhile.
func TestCallbackToAFaultyPartner(t *testing.T) {
	const commands = 300
	e := newEndpoint(t)
	b := newCalled(t, "CONNECT", e.address+"/koppi", callback.Settings{CallbackSecrets: secretsFile(t, newSecret, oldSecret)})
	box := openInbox(t, "kela")
	defer func() { _ = box.Close() }()
	var faults atomic.Int64
	e.set(faulty(box.open(t, oldSecret), &faults))
	service := concernv1.NewConcernServiceClient(b.grpc())
	for i := range commands {
		if i == commands/2 {
			box.reach(t, commands/4)
			e.set(faulty(box.open(t, newSecret), &faults))
		}
		if _, err := service.SubmitConcern(b.asWorker("kela"), submission()); err != nil {
			t.Fatal(err)
		}
	}
	box.reach(t, commands)
	verified(t, box.path, commands)
	if faults.Load() < 5 {
		t.Errorf("only %d faults", faults.Load())
	}
	t.Logf("%d faults", faults.Load())
}

// verified proves a partner's file, and that it holds each message once.
func verified(t *testing.T, path string, want int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	seen := map[string]int{}
	if _, _, err := partner.Verify(file, func(message *exchangev1.CaseMessage) { seen[message.GetMessageId()]++ }); err != nil {
		t.Error(err)
	}
	if len(seen) != want {
		t.Errorf("%d messages, want %d", len(seen), want)
	}
}

// What is not signed by Koppi is nobody's message.
func TestCallbackSignature(t *testing.T) {
	e := newEndpoint(t)
	newCalled(t, "CONNECT", e.address, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)})
	box := openInbox(t, "kela")
	defer func() { _ = box.Close() }()
	e.set(box.open(t, oldSecret).ServeHTTP)
	path := e.address + exchangev1.CallbackService_Deliver_FullMethodName
	for name, header := range map[string]http.Header{
		"unsigned": {},
		"forged":   {"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {fmt.Sprint(time.Now().Unix())}, "Webhook-Signature": {"v1,AAAA"}},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
}

// choosy refuses subjects for good while they are in it.
type choosy struct {
	*inbox
	mu      sync.Mutex
	refuses map[string]bool
	again   chan *exchangev1.CaseMessage
}

func (c *choosy) refuse(subject string, refuse bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuses[subject] = refuse
}

func (c *choosy) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, message := range messages {
		if c.refuses[message.GetMessage().GetSubject()] && !partner.Tombstone(message.GetMessage()) {
			return errors.Join(errors.New("this system cannot read it"), partner.ErrRefused)
		}
	}
	return c.inbox.Take(ctx, messages, behind)
}

func (c *choosy) TakeAgain(ctx context.Context, messages []*exchangev1.CaseMessage) error {
	c.mu.Lock()
	refused := c.refuses[messages[0].GetSubject()]
	c.mu.Unlock()
	if refused {
		return partner.ErrRefused
	}
	if err := c.File.TakeAgain(ctx, messages); err != nil {
		return err
	}
	for _, message := range messages {
		c.again <- message
	}
	return nil
}

// A message that is refused for good parks its subject: others flow, tombstones keep
// the sequence, and on request the parked ones come again, in order.
func TestParkedCallbacks(t *testing.T) {
	e := newEndpoint(t)
	b := newCalled(t, "CONNECT", e.address, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)})
	box := &choosy{inbox: openInbox(t, "kela"), refuses: map[string]bool{}, again: make(chan *exchangev1.CaseMessage, 100)}
	defer func() { _ = box.Close() }()
	handler, err := partner.NewEndpoint(box, slog.New(slog.NewTextHandler(io.Discard, nil)), newSecret)
	if err != nil {
		t.Fatal(err)
	}
	conn := b.grpc()
	service, parking := concernv1.NewConcernServiceClient(conn), exchangev1.NewParkingServiceClient(conn)
	submit := func() string {
		response, err := service.SubmitConcern(b.asWorker("kela"), submission())
		if err != nil {
			t.Fatal(err)
		}
		return response.GetConcern().GetConcernId()
	}
	bad := submit()
	box.refuse("concerns/"+bad, true)
	box.refuse(bad, true)
	submit()
	e.set(handler.ServeHTTP)
	box.reach(t, 2)
	operator := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+b.tokens["operator"])
	listed, err := parking.ListParked(operator, &exchangev1.ListParkedRequest{})
	if err != nil || len(listed.GetParked()) != 1 {
		t.Fatalf("%v, %v", listed, err)
	}
	parked := listed.GetParked()[0]
	if parked.GetSequence() != 1 || parked.GetAgency() != "kela" || parked.GetService() != "concern" || !strings.HasSuffix(parked.GetSubject(), bad) {
		t.Errorf("%v", parked)
	}
	// What follows of the subject is parked too.
	if _, err := service.TakeConcern(b.asWorker("county"), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: bad}); err != nil {
		t.Fatal(err)
	}
	submit()
	box.reach(t, 4)
	retry := &exchangev1.RetryParkedRequest{Agency: "kela", Consumer: callback.Consumer, Service: "concern", Subject: parked.GetSubject()}
	if _, err := parking.RetryParked(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+b.tokens["county"]), retry); err == nil {
		t.Error("another agency's worker tries again")
	}
	if out := runs(t, koppiProgram, "callbacks", "list", "--address", b.address); !strings.Contains(out, parked.GetSubject()) || !strings.Contains(out, "FAILED_PRECONDITION") {
		t.Errorf("the list says: %s", out)
	}
	// It is refused again, and stays parked.
	runs(t, koppiProgram, "callbacks", "retry", "--address", b.address, "kela", "concern", parked.GetSubject())
	eventually(t, func() bool {
		listed, err := parking.ListParked(operator, &exchangev1.ListParkedRequest{})
		return err == nil && len(listed.GetParked()) == 1 && !listed.GetParked()[0].GetRetry() && listed.GetParked()[0].GetRefusedAt().AsTime().After(parked.GetRefusedAt().AsTime())
	})
	box.refuse(bad, false)
	box.refuse("concerns/"+bad, false)
	mustRetry(t, operator, parking, retry)
	for _, sequence := range []uint64{1, 3} {
		if message := <-box.again; message.GetSequence() != sequence || !message.GetRedelivered() || message.GetEvent() == nil {
			t.Errorf("%d %v, want %d again", message.GetSequence(), message.GetRedelivered(), sequence)
		}
	}
	eventually(t, func() bool {
		listed, err := parking.ListParked(operator, &exchangev1.ListParkedRequest{})
		return err == nil && len(listed.GetParked()) == 0
	})
	submit()
	box.reach(t, 5)
	verified(t, box.path, 5)
}

func mustRetry(t *testing.T, ctx context.Context, parking exchangev1.ParkingServiceClient, retry *exchangev1.RetryParkedRequest) {
	t.Helper()
	if _, err := parking.RetryParked(ctx, retry); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what no signal tells.
func eventually(t *testing.T, what func() bool) {
	t.Helper()
	for timeout := time.After(20 * time.Second); !what(); {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-timeout:
			t.Fatal("it never happened")
		}
	}
}

// Of two gateways one calls; the other goes on when it is gone, and the messages
// stay once and in order. At most the batch in flight is repeated.
func TestCallbackTakeover(t *testing.T) {
	const commands = 200
	e := newEndpoint(t)
	data := t.TempDir()
	issuer := must(identity.OpenSuiteIssuer(filepath.Join(data, "secrets")))
	b := newBenchOf(t, allinone.Config{Data: data, Issuers: []identity.IssuerConfig{must(issuer.For("kela"))}})
	agencies, err := directory.Parse(calledDirectory(t, "CONNECT", e.address))
	if err != nil {
		t.Fatal(err)
	}
	box := openInbox(t, "kela")
	defer func() { _ = box.Close() }()
	e.set(box.open(t, newSecret).ServeHTTP)
	redis := redistest.Start(t)
	client := redis.Client()
	gateway := func() (stop func()) {
		calls, err := callback.Settings{CallbackSecrets: secretsFile(t, newSecret)}.Open(callback.Surroundings{
			Exchange: b.grpc(), Directory: agencies, Secrets: filepath.Join(b.data, "secrets"), Presence: presence.NewRedis(redis.Client()),
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Dev: true, Timing: callbackTiming,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- calls.Run(ctx) }()
		return sync.OnceFunc(func() {
			cancel()
			if err := errors.Join(<-ended, calls.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	first, second := gateway(), gateway()
	defer first()
	defer second()
	service := concernv1.NewConcernServiceClient(b.grpc())
	for i := range commands {
		if i == commands/2 {
			first()
		}
		if i == commands*3/4 {
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			third := gateway()
			defer third()
		}
		if _, err := service.SubmitConcern(b.asWorker("kela"), submission()); err != nil {
			t.Fatal(err)
		}
	}
	box.reach(t, commands)
	verified(t, box.path, commands)
}

// Over gRPC the endpoint knows Koppi by its certificate, and Koppi the endpoint by its
// own: a stranger's is not spoken to.
func TestCallbackOverGRPC(t *testing.T) {
	ours, strangers := certtest.New(t), certtest.New(t)
	cert, key := ours.Issue("koppi")
	settings := callback.Settings{CallbackCert: cert, CallbackKey: key, CallbackCA: ours.CA()}
	for name, of := range map[string]struct {
		server *certtest.Authority
		fine   bool
	}{"the agency": {ours, true}, "a stranger": {strangers, false}} {
		t.Run(name, func(t *testing.T) {
			cert, key := of.server.Issue("endpoint")
			listener, err := process.Listening{Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key, ClientCA: ours.CA()}.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			refused := make(chan error, 16)
			server := grpc.NewServer()
			box := openInbox(t, "kela")
			defer func() { _ = box.Close() }()
			exchangev1.RegisterCallbackServiceServer(server, box.open(t))
			go func() { _ = server.Serve(shaking{listener, refused}) }()
			defer server.Stop()
			b := newCalled(t, "GRPC", "https://"+listener.Addr().String(), settings)
			if _, err := concernv1.NewConcernServiceClient(b.grpc()).SubmitConcern(b.asWorker("kela"), submission()); err != nil {
				t.Fatal(err)
			}
			if of.fine {
				box.reach(t, 1)
				return
			}
			if err := <-refused; err == nil {
				t.Error("a stranger's certificate was believed")
			}
			if position, _ := box.Position(t.Context()); len(position.Heads) > 0 {
				t.Error("a stranger got messages")
			}
		})
	}
}

// shaking tells how TLS handshakes end.
type shaking struct {
	net.Listener
	ends chan error
}

func (s shaking) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if secured, ok := conn.(*tls.Conn); ok {
		go func() {
			select {
			case s.ends <- secured.HandshakeContext(context.Background()):
			default:
			}
		}()
	}
	return conn, err
}

// What could not be called refuses to start.
func TestCallbackRefusesToStart(t *testing.T) {
	for name, test := range map[string]struct {
		protocol, url string
		settings      callback.Settings
		says          string
	}{
		"no secret":         {"CONNECT", "https://kela.test", callback.Settings{}, "no secret"},
		"no certificate":    {"GRPC", "https://kela.test", callback.Settings{}, "--callback-cert"},
		"nobody's secret":   {"GRPC", "https://kela.test", callback.Settings{CallbackSecrets: filepath.Join(t.TempDir(), "missing.json")}, "missing"},
		"an empty secret":   {"CONNECT", "https://kela.test", callback.Settings{CallbackSecrets: secretsFile(t, "whsec_")}, "short"},
		"a secret unmarked": {"CONNECT", "https://kela.test", callback.Settings{CallbackSecrets: secretsFile(t, "c2VjcmV0")}, "whsec_"},
	} {
		agencies := must(directory.Parse(calledDirectory(t, test.protocol, test.url)))
		koppi, err := allinone.Open(t.Context(), allinone.Config{
			Data: t.TempDir(), Directory: agencies, Dev: true, Callbacks: test.settings, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err == nil {
			_ = koppi.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The endpoint in TypeScript takes what is signed, and what it has kept the kit in Go
// can prove. It is killed and started again meanwhile.
func TestCallbackToNode(t *testing.T) {
	const commands = 100
	if _, err := os.Stat(nodeEndpoint); err != nil {
		t.Fatal("the example in TypeScript is not built: make example")
	}
	folder := t.TempDir()
	secrets, kept := filepath.Join(folder, "secrets"), filepath.Join(folder, "inbox.jsonl")
	if err := os.WriteFile(secrets, []byte(oldSecret+"\n"+newSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	run := func() (kill func()) {
		command := exec.Command("node", nodeEndpoint, port, secrets, kept)
		out := must(command.StdoutPipe())
		if err := command.Start(); err != nil {
			t.Fatal("node is missing: apt-get install nodejs npm: ", err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		return func() { _ = errors.Join(command.Process.Kill(), command.Wait()) }
	}
	b := newCalled(t, "CONNECT", "http://127.0.0.1:"+port, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)})
	kill := run()
	service := concernv1.NewConcernServiceClient(b.grpc())
	for i := range commands {
		if i == commands/2 {
			kill()
			kill = run()
		}
		if _, err := service.SubmitConcern(b.asWorker("kela"), submission()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool {
		text, err := os.ReadFile(kept)
		return err == nil && bytes.Count(text, []byte("\n")) >= commands
	})
	kill()
	verified(t, kept, commands)
}

const nodeEndpoint = "../../gateway/examples/node/dist/src/endpoint.js"
