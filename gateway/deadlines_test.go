package gateway

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
)

// throttled is a body of which so many bytes arrive in each tick.
type throttled struct {
	content *bytes.Reader
	each    int
	tick    time.Duration
}

func (t throttled) Read(p []byte) (int, error) {
	<-time.After(t.tick)
	return t.content.Read(p[:min(len(p), t.each)])
}

// served serves a handler behind the deadlines; it reports how many bytes of each body arrived.
func served(t *testing.T, within time.Duration) (address string, arrived <-chan int) {
	t.Helper()
	read := make(chan int, 1)
	server := httptest.NewUnstartedServer(deadlines(within, map[string]streaming{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		read <- len(content)
		if err != nil {
			http.Error(w, "cut", http.StatusRequestTimeout)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, read
}

const (
	upload = attachmentv1.AttachmentService_UploadChunk_FullMethodName
	other  = attachmentv1.AttachmentService_StartUpload_FullMethodName
)

// An upload that takes several times the read deadline of other calls arrives, over HTTP/1.1 and
// HTTP/2, if its connection is slow but never stalls. Another call that is as slow is cut off.
func TestSlowUpload(t *testing.T) {
	const within = 400 * time.Millisecond
	for name, protocols := range map[string]func(*http.Protocols){
		"HTTP/1.1": func(p *http.Protocols) { p.SetHTTP1(true) }, "HTTP/2": func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, arrived := served(t, within)
			transport := &http.Transport{Protocols: new(http.Protocols)}
			protocols(transport.Protocols)
			defer transport.CloseIdleConnections()
			// 64 KiB at 256 kbit/s: two seconds, five times the read deadline.
			send := func(path string) (int, time.Duration) {
				began := time.Now()
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+path, throttled{bytes.NewReader(make([]byte, 64<<10)), 1 << 10, 32 * time.Millisecond})
				if err != nil {
					t.Fatal(err)
				}
				response, err := (&http.Client{Transport: transport}).Do(request)
				if err != nil {
					return 0, time.Since(began)
				}
				_ = response.Body.Close()
				return response.StatusCode, time.Since(began)
			}
			if status, took := send(upload); status != http.StatusNoContent || took < 2*within {
				t.Errorf("%d after %v", status, took)
			}
			if got := <-arrived; got != 64<<10 {
				t.Errorf("%d bytes arrived", got)
			}
			if status, took := send(other); status == http.StatusNoContent || took > 4*within {
				t.Errorf("another call: %d after %v", status, took)
			}
			if got := <-arrived; got >= 64<<10 {
				t.Errorf("of another call %d bytes arrived", got)
			}
		})
	}
}

// An upload that stalls is cut off, and so is one of which a byte arrives now and then.
func TestStalledUpload(t *testing.T) {
	const within = 300 * time.Millisecond
	for name, drip := range map[string]time.Duration{"stalled": time.Hour, "a byte now and then": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, arrived := served(t, within)
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address[len("http://"):])
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			began := time.Now()
			if _, err := io.WriteString(conn, "POST "+upload+" HTTP/1.1\r\nHost: koppi\r\nContent-Length: 1048576\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				for {
					select {
					case <-ctx.Done():
						return
					case <-time.After(drip):
						if _, err := conn.Write([]byte{0}); err != nil {
							return
						}
					}
				}
			}()
			if got := <-arrived; got >= leastProgress || time.Since(began) > 4*within {
				t.Errorf("%d bytes in %v", got, time.Since(began))
			}
		})
	}
}
