package e2e

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/partner"
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
	server := &http.Server{ReadHeaderTimeout: time.Second, ErrorLog: slog.NewLogLogger(slog.NewTextHandler(left.log(), nil), slog.LevelInfo), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		left.note(leftURL, r.URL.String())
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
	Lease: 300 * time.Millisecond, Unleased: time.Second,
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
	at, err := partner.NewEndpoint(i, slog.New(slog.NewTextHandler(left.log(), nil)), secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// submissions are so many reports, each of its own.
func submissions(count int) []*concernv1.SubmitConcernRequest {
	all := make([]*concernv1.SubmitConcernRequest, count)
	for i := range all {
		all[i] = submission()
	}
	return all
}

// waiting is an endpoint that has taken nothing yet, and the messages that wait for it.
type waiting struct {
	*endpoint
	bench *bench
	box   *inbox
	// handler takes what comes into the box.
	handler http.Handler
}

// newWaiting has reports made, each a message for Kela, while its endpoint is unavailable.
func newWaiting(t *testing.T, requests []*concernv1.SubmitConcernRequest) *waiting {
	t.Helper()
	w := &waiting{endpoint: newEndpoint(t), box: openInbox(t, "kela")}
	t.Cleanup(func() { _ = w.box.Close() })
	w.bench, w.handler = newCalled(t, "CONNECT", w.address, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)}), w.box.open(t, newSecret)
	service := concernv1.NewConcernServiceClient(w.bench.grpc())
	for _, request := range requests {
		must(service.SubmitConcern(w.bench.asWorker("kela"), request))
	}
	return w
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
