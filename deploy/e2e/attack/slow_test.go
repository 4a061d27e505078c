package attack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// slow are ways to hold a connection while saying next to nothing; each returns when it
// was cut.
var slow = map[string]struct {
	// within is how long it may hold out, with much to spare on a busy machine.
	within time.Duration
	hold   func(f *testkit.Fixture, conn net.Conn) error
}{
	"headers by the byte": {15 * time.Second, func(_ *testkit.Fixture, conn net.Conn) error {
		return dribble(conn, "POST /"+testkit.SubmitCall+" HTTP/1.1\r\nHost: koppi\r\n", "X-Slow: ")
	}},
	"a body by the byte": {10 * time.Second, func(f *testkit.Fixture, conn net.Conn) error {
		return dribble(conn, "POST /"+testkit.SubmitCall+" HTTP/1.1\r\nHost: koppi\r\nContent-Type: application/json\r\nContent-Length: 100000\r\nAuthorization: Bearer "+f.Tokens["kela"]+"\r\n\r\n", "{ ")
	}},
	"a call without its message": {10 * time.Second, func(f *testkit.Fixture, conn net.Conn) error {
		return heldStream(f, conn, nil)
	}},
	"an answer that is not taken": {20 * time.Second, func(f *testkit.Fixture, conn net.Conn) error {
		// Without a window not a byte of the answer's body can be sent.
		return heldStream(f, conn, framedEmpty, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	}},
}

// framedEmpty is an empty message as gRPC frames it.
var framedEmpty = binary.BigEndian.AppendUint32([]byte{0}, 0)

// dribble writes a beginning and then a byte now and then, until the other end cuts.
func dribble(conn net.Conn, begin, more string) error {
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		_, _ = io.Copy(io.Discard, conn)
	}()
	if _, err := io.WriteString(conn, begin); err != nil {
		return err
	}
	for every := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-cut:
			return nil
		case <-every.C:
			if _, err := io.WriteString(conn, more[:1]); err != nil {
				return nil //nolint:nilerr // it was cut
			}
			more = more[1:] + more[:1]
		}
	}
}

// heldStream opens a call over HTTP/2 and leaves it; it returns when the stream has ended.
func heldStream(f *testkit.Fixture, conn net.Conn, body []byte, settings ...http2.Setting) error {
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return err
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(settings...); err != nil {
		return err
	}
	var block bytes.Buffer
	header := hpack.NewEncoder(&block)
	for _, field := range [][2]string{
		{":method", "POST"},
		{":scheme", "http"},
		{":path", concernv1.ConcernService_ListConcerns_FullMethodName},
		{":authority", "koppi"},
		{"content-type", "application/grpc"},
		{"te", "trailers"},
		{"authorization", "Bearer " + f.Tokens["county"]},
	} {
		if err := header.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
			return err
		}
	}
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}); err != nil {
		return err
	}
	if body != nil {
		if err := framer.WriteData(1, true, body); err != nil {
			return err
		}
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return nil //nolint:nilerr // it was cut
		}
		switch frame := frame.(type) {
		case *http2.RSTStreamFrame:
			return nil
		case *http2.PingFrame:
			_ = framer.WritePing(true, frame.Data)
		case *http2.HeadersFrame:
			if frame.StreamEnded() {
				return nil
			}
		}
	}
}

// A connection that sends next to nothing is closed at the read deadline, in any protocol, and does
// not delay other callers meanwhile.
func TestSlowCallers(t *testing.T) {
	const each = 25
	f := testkit.NewFixtureWith(t, allinone.Config{ReadTimeout: 500 * time.Millisecond})
	f.SubmitReport()
	began := time.Now()
	var group, opened sync.WaitGroup
	for name, way := range slow {
		for range each {
			opened.Add(1)
			group.Go(func() {
				conn, err := net.Dial("tcp", strings.TrimPrefix(f.Address, "http://"))
				opened.Done()
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = conn.Close() }()
				_ = conn.SetDeadline(began.Add(way.within + time.Second))
				if err := way.hold(f, conn); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: %v", name, err)
				}
				if took := time.Since(began); took > way.within {
					t.Errorf("%s: held for %v", name, took)
				}
			})
		}
	}
	opened.Wait()
	for range 20 {
		if _, err := f.Call(f.Tokens["county"], testkit.ConcernService+"ListConcerns", `{}`); err != nil {
			t.Errorf("beside %d slow callers: %v", each*len(slow), err)
		}
	}
	t.Logf("20 calls beside %d slow callers took %v", each*len(slow), time.Since(began))
	group.Wait()
	t.Logf("the last was cut after %v", time.Since(began))
}

// The read deadline does not end streams, such as that of a page that watches over HTTP/1.1, which
// may last an hour.
func TestPatienceIsNotForStreams(t *testing.T) {
	const within = 150 * time.Millisecond
	f := testkit.NewFixtureWith(t, allinone.Config{ReadTimeout: within})
	body := append(binary.BigEndian.AppendUint32([]byte{0}, 2), "{}"...)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.Address+"/koppi.exchange.v1.ExchangeService/Watch", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/connect+json")
	request.Header.Set("Authorization", "Bearer "+f.Tokens["county"])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	<-time.After(8 * within)
	id := f.SubmitReport()
	received := make([]byte, 0, 1024)
	for !strings.Contains(string(received), id) {
		part := make([]byte, 512)
		n, err := response.Body.Read(part)
		received = append(received, part[:n]...)
		if err != nil {
			t.Fatalf("after %v of quiet: %v, %q", 8*within, err, received)
		}
	}
}

// Headers larger than necessary are refused, in HTTP/1.1 and HTTP/2.
func TestLargeHeaders(t *testing.T) {
	f := testkit.NewFixture(t)
	for name, protocols := range bothHTTP() {
		client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.Address+"/"+testkit.SubmitCall, strings.NewReader(testkit.Report(nil)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+f.Tokens["kela"])
		request.Header.Set("X-Large", strings.Repeat("x", 256<<10))
		response, err := client.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%s: %d", name, response.StatusCode)
			}
		}
		client.CloseIdleConnections()
	}
	if heads, err := f.Koppi.Store("concern").Positions(t.Context()); err != nil || len(heads) != 0 {
		t.Errorf("something was stored: %v %v", heads, err)
	}
}

func bothHTTP() map[string]*http.Protocols {
	one, two := new(http.Protocols), new(http.Protocols)
	one.SetHTTP1(true)
	two.SetUnencryptedHTTP2(true)
	return map[string]*http.Protocols{"HTTP/1.1": one, "HTTP/2": two}
}
