package partnertest

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

	"koppi.internal/deploy/config"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/gateway/callback"
	"koppi.internal/partner"
)

// The secrets that sign callbacks: OldCallbackSecret is replaced by CallbackSecret.
const (
	OldCallbackSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" //nolint:gosec // a test's own
	CallbackSecret    = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" //nolint:gosec // a test's own
)

// CallbackTiming is that of callbacks in tests: milliseconds where production has seconds and hours.
var CallbackTiming = callback.Timing{
	Answer: 300 * time.Millisecond, FirstRetry: 5 * time.Millisecond, LastRetry: 100 * time.Millisecond, Reread: 20 * time.Millisecond,
	Lease: 300 * time.Millisecond, Unchecked: time.Second,
}

// Endpoint is an HTTP server at which an agency is called. It answers 503 until Handle.
type Endpoint struct {
	// Address begins with http://.
	Address string
	handler atomic.Pointer[http.HandlerFunc]
}

// NewEndpoint starts an endpoint until the test ends.
func NewEndpoint(t testing.TB) *Endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &Endpoint{Address: "http://" + listener.Addr().String()}
	e.Handle(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	server := &http.Server{ReadHeaderTimeout: time.Second, ErrorLog: slog.NewLogLogger(Logger().Handler(), slog.LevelInfo), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaktest.Note(leaktest.URL, r.URL.String())
		(*e.handler.Load())(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return e
}

// Handle replaces the handler of calls.
func (e *Endpoint) Handle(handler http.HandlerFunc) { e.handler.Store(&handler) }

// Endpoint returns the handler of the Go kit that takes calls into the inbox, by secrets.
func (i *Inbox) Endpoint(t testing.TB, secrets ...string) *partner.Endpoint {
	t.Helper()
	endpoint, err := partner.NewEndpoint(i, Logger(), secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// CallbackDirectory is the scenarios' directory, in which Kela is called at a URL by a protocol:
// CONNECT or GRPC.
func CallbackDirectory(t testing.TB, protocol, url string) []byte {
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

// CallbackSecretsFile writes the file of Kela's secrets, for --callback-secrets, and returns its path.
func CallbackSecretsFile(t testing.TB, secrets ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "callbacks.json")
	text, _ := json.Marshal(map[string][]string{"kela": secrets})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
