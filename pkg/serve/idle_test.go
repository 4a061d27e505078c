package serve_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"koppi.internal/pkg/serve"
)

// served runs serve.HTTP on an in-memory listener.
func served(t *testing.T) *bufconn.Listener {
	t.Helper()
	listener := serve.Memory()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	go func() { ended <- serve.HTTP(ctx, slog.New(slog.DiscardHandler), handler, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener
}

// A connection that a proxy keeps open serves a call after any time for which common proxies keep one. A connection
// that is idle for longer is closed.
func TestIdleConnections(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := served(t)
				transport := &http.Transport{
					DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return listener.DialContext(ctx) },
					Protocols:   new(http.Protocols),
				}
				defer transport.CloseIdleConnections()
				transport.Protocols.SetHTTP1(version == "HTTP/1.1")
				transport.Protocols.SetUnencryptedHTTP2(version == "HTTP/2.0")
				call := func() (reused bool) {
					trace := &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { reused = got.Reused }}
					request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodPost, "http://koppi/", http.NoBody)
					if err != nil {
						t.Fatal(err)
					}
					response, err := (&http.Client{Transport: transport}).Do(request)
					if err != nil {
						t.Fatal(err)
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
					if response.Proto != version || response.StatusCode != http.StatusNoContent {
						t.Fatalf("%s %d", response.Proto, response.StatusCode)
					}
					return reused
				}
				call()
				for _, gap := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 75 * time.Second, 10*time.Minute + 20*time.Second} {
					time.Sleep(gap) // synctest's clock
					if !call() {
						t.Errorf("after %v without a call the connection was closed", gap)
					}
				}
				time.Sleep(11*time.Minute + time.Second) // synctest's clock
				if call() {
					t.Error("an idle connection is never closed")
				}
			})
		})
	}
}

// A connection whose request header does not arrive in time is closed, whether it is new or was used before.
func TestSlowHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := served(t)
		const whole = "GET / HTTP/1.1\r\nHost: koppi\r\n\r\n"
		for name, before := range map[string]string{"new": "", "used before": whole} {
			conn, err := listener.DialContext(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, before+whole[:20])
			began := time.Now()
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s: closed after %v", name, took)
			}
			_ = conn.Close()
		}
	})
}
