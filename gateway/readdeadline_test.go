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

// throttled is a body that comes over a line of so many bytes in each tick.
type throttled struct {
	content *bytes.Reader
	each    int
	tick    time.Duration
}

func (t throttled) Read(p []byte) (int, error) {
	<-time.After(t.tick)
	return t.content.Read(p[:min(len(p), t.each)])
}

// served is a gateway's patience before a handler that tells how much of a body came.
func served(t *testing.T, within time.Duration) (address string, came <-chan int) {
	t.Helper()
	told := make(chan int, 1)
	server := httptest.NewUnstartedServer(readDeadline(within, map[string]streaming{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		told <- len(content)
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
	return server.URL, told
}

const (
	upload = attachmentv1.AttachmentService_UploadChunk_FullMethodName
	other  = attachmentv1.AttachmentService_StartUpload_FullMethodName
)

// An upload that takes several times the patience of other calls arrives, over HTTP/1.1 and
// HTTP/2: its line is slow and never still. Another call that is as slow is cut.
func TestSlowUpload(t *testing.T) {
	const within = 400 * time.Millisecond
	for name, protocols := range map[string]func(*http.Protocols){
		"HTTP/1.1": func(p *http.Protocols) { p.SetHTTP1(true) }, "HTTP/2": func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, came := served(t, within)
			transport := &http.Transport{Protocols: new(http.Protocols)}
			protocols(transport.Protocols)
			defer transport.CloseIdleConnections()
			// 64 KiB at 256 kbit/s: two seconds, five times the patience.
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
			if got := <-came; got != 64<<10 {
				t.Errorf("%d bytes came", got)
			}
			if status, took := send(other); status == http.StatusNoContent || took > 4*within {
				t.Errorf("another call: %d after %v", status, took)
			}
			if got := <-came; got >= 64<<10 {
				t.Errorf("of another call came %d bytes", got)
			}
		})
	}
}

// An upload that stands still is cut, and so is one that brings a byte now and then.
func TestStandingUpload(t *testing.T) {
	const within = 300 * time.Millisecond
	for name, drip := range map[string]time.Duration{"still": time.Hour, "a byte now and then": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, came := served(t, within)
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
			if got := <-came; got >= crawl || time.Since(began) > 4*within {
				t.Errorf("%d bytes in %v", got, time.Since(began))
			}
		})
	}
}
