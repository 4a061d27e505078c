package attack

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/limit"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// calm is how long calls take, in order.
type calm []time.Duration

func (c calm) at(part int) time.Duration { return c[(len(c)-1)*part/100] }

// county calls as a worker does, one call after another, and every one is answered.
func county(f *testkit.Fixture, calls int) calm {
	f.T.Helper()
	var took calm
	for range calls {
		began := time.Now()
		if _, err := f.Call(f.Tokens["county"], testkit.ConcernService+"ListConcerns", `{}`); err != nil {
			f.T.Error(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took
}

// One agency's scripts and a caller without a token call as fast as they can. They get no more than
// their rate limit, and another agency's worker hardly notices.
func TestFlood(t *testing.T) {
	const calls, share = 80, 60
	f := testkit.NewFixtureWith(t, allinone.Config{Limits: limit.Settings{Calls: 1000, WorkerCalls: share, AtOnce: 64, Streams: 64}})
	f.SubmitReport()
	county(f, 20)
	<-time.After(time.Second) // the share of this second is spent
	before := (&paced{f}).county(calls)
	flood, end := context.WithCancel(t.Context())
	forged := strings.TrimSuffix(f.Tokens["kela"], f.Tokens["kela"][len(f.Tokens["kela"])-8:]) + "AAAAAAAA"
	var group sync.WaitGroup
	var taken, busy, refused atomic.Int64
	began := time.Now()
	for i := range 6 {
		token := f.Tokens["kela"]
		if i%3 == 2 {
			token = forged
		}
		group.Go(func() {
			calls := scenario.ConnectJSON{Address: f.Address, Client: &http.Client{}}
			for flood.Err() == nil {
				_, err := calls.Call(flood, token, testkit.ConcernService+"GetConcern", []byte(`{"concernId":"`+uuid.NewString()+`"}`))
				switch refusal, _ := err.(*scenario.Refusal); { //nolint:errorlint // as it comes
				case refusal == nil:
				case refusal.Reason == string(fault.Busy):
					busy.Add(1)
				case refusal.Reason == string(fault.NotFound):
					taken.Add(1)
				default:
					refused.Add(1)
				}
			}
		})
	}
	during := (&paced{f}).county(calls)
	lasted := time.Since(began)
	end()
	group.Wait()
	t.Logf("without a flood median %v, p95 %v; with %d calls a second median %v, p95 %v", before.at(50), before.at(95),
		int(float64(taken.Load()+busy.Load()+refused.Load())/lasted.Seconds()), during.at(50), during.at(95))
	t.Logf("of the flood %d were served, %d refused as busy and %d for their token", taken.Load(), busy.Load(), refused.Load())
	if most := int64(share * (lasted.Seconds() + 2)); taken.Load() > most || busy.Load() == 0 || refused.Load() == 0 {
		t.Errorf("a worker's script got %d calls in %v, and its share is %d a second", taken.Load(), lasted, share)
	}
	if during.at(95) > max(20*before.at(95), 500*time.Millisecond) {
		t.Errorf("another agency waits %v for what took %v", during.at(95), before.at(95))
	}
}

// paced calls within a worker's share.
type paced struct{ *testkit.Fixture }

func (p *paced) county(calls int) calm {
	var took calm
	for every := time.NewTicker(20 * time.Millisecond); len(took) < calls; <-every.C {
		took = append(took, county(p.Fixture, 1)...)
	}
	slices.Sort(took)
	return took
}

// bomb is a quarter of a gigabyte in a quarter of a megabyte.
var bomb = sync.OnceValue(func() []byte {
	var packed bytes.Buffer
	writer := testkit.Must(gzip.NewWriterLevel(&packed, gzip.BestSpeed))
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range bombSize >> 20 {
		_ = testkit.Must(writer.Write(block))
	}
	_ = writer.Close()
	return packed.Bytes()
})

const bombSize = 256 << 20

// A message that decompresses to more than the size limit is refused before it is decompressed.
func TestDecompressionBombs(t *testing.T) {
	const most = 64 << 20
	f := testkit.NewFixture(t)
	framed := append(binary.BigEndian.AppendUint32([]byte{1}, uint32(len(bomb()))), bomb()...)
	protocols := bothHTTP()
	for name, test := range map[string]struct {
		protocol, kind, header string
		body                   []byte
	}{
		"Connect JSON":    {"HTTP/1.1", "application/json", "Content-Encoding", bomb()},
		"Connect binary":  {"HTTP/2", "application/proto", "Content-Encoding", bomb()},
		"Connect streams": {"HTTP/2", "application/connect+json", "Connect-Content-Encoding", framed},
		"gRPC":            {"HTTP/2", "application/grpc", "Grpc-Encoding", framed},
		"gRPC-Web":        {"HTTP/1.1", "application/grpc-web+proto", "Grpc-Encoding", framed},
	} {
		call := testkit.SubmitCall
		if name == "Connect streams" {
			call = "koppi.exchange.v1.ExchangeService/Watch"
		}
		var start, stop runtime.MemStats
		runtime.ReadMemStats(&start)
		answer := raw(f, protocols[test.protocol], call, test.kind, test.body, map[string]string{test.header: "gzip"})
		runtime.ReadMemStats(&stop)
		if used := stop.TotalAlloc - start.TotalAlloc; used > most {
			t.Errorf("%s: %d MiB were made for a bomb of %d KiB", name, used>>20, len(bomb())>>10)
		} else {
			t.Logf("%s: %d MiB", name, used>>20)
		}
		if !strings.Contains(answer, "resource_exhausted") && !strings.Contains(answer, "Grpc-Status:[8]") && !strings.Contains(answer, "grpc-status: 8") {
			t.Errorf("%s: %s", name, answer)
		}
	}
	// Straight to the service, past the gateway.
	large := &concernv1.GetConcernRequest{ConcernId: strings.Repeat(" ", 32<<20)}
	err := f.Koppi.Backend().Invoke(f.As("kela"), concernv1.ConcernService_GetConcern_FullMethodName, large, &concernv1.GetConcernResponse{}, grpc.UseCompressor("gzip"))
	if err == nil || !strings.Contains(err.Error(), "ResourceExhausted") {
		t.Errorf("to the service: %v", err)
	}
}

// raw sends a body as it is and returns all that came back, for what is refused.
func raw(f *testkit.Fixture, protocols *http.Protocols, call, kind string, body []byte, header map[string]string) string {
	f.T.Helper()
	client := &http.Client{Transport: transports(protocols)}
	request := testkit.Must(http.NewRequestWithContext(f.T.Context(), http.MethodPost, f.Address+"/"+call, bytes.NewReader(body)))
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Te", "trailers")
	request.Header.Set("Authorization", "Bearer "+f.Tokens["kela"])
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if response.Header.Get("Connect-Content-Encoding") == "gzip" && len(text) > 5 {
		// The end of a stream is a packed frame.
		if unpacked, wrong := gzip.NewReader(bytes.NewReader(text[5:])); wrong == nil {
			text, err = io.ReadAll(unpacked)
		}
	}
	answer := fmt.Sprint(response.StatusCode, " ", response.Header, string(text), response.Trailer, err)
	leaktest.Note(leaktest.Error, answer)
	return answer
}

var transported sync.Map

// transports are kept: a connection for each message is another attack.
func transports(protocols *http.Protocols) http.RoundTripper {
	one, _ := transported.LoadOrStore(*protocols, &http.Transport{Protocols: protocols})
	return one.(http.RoundTripper)
}

// frames is how many malformed messages each protocol gets; make soak sends a hundred
// thousand.
func frames() int { return testkit.Times("SOAK_FRAMES", 250) }

// Messages that are truncated, changed, wrongly compressed or of a wrong length change nothing,
// never cause an internal error, and do not affect the answers to other callers, in every protocol.
func TestMalformedFrames(t *testing.T) {
	f := testkit.NewFixture(t)
	// Never a good report, whatever of it is changed: no request has this id.
	text := testkit.Report(map[string]any{"requestId": "x"})
	message := &concernv1.SubmitConcernRequest{RequestId: "x", Description: strings.Repeat("x", 200)}
	binaryBody := testkit.Must(proto.Marshal(message))
	framed := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(binaryBody))), binaryBody...)
	random := rand.New(rand.NewPCG(1, 2))
	protocols := bothHTTP()
	for name, test := range map[string]struct {
		protocol, kind string
		body           []byte
		header         map[string]string
	}{
		"Connect JSON":    {"HTTP/1.1", "application/json", []byte(text), nil},
		"Connect binary":  {"HTTP/2", "application/proto", binaryBody, nil},
		"Connect packed":  {"HTTP/2", "application/proto", binaryBody, map[string]string{"Content-Encoding": "gzip"}},
		"Connect streams": {"HTTP/2", "application/connect+proto", framed, nil},
		"gRPC":            {"HTTP/2", "application/grpc", framed, map[string]string{"Grpc-Encoding": "gzip"}},
		"gRPC-Web":        {"HTTP/1.1", "application/grpc-web+proto", framed, nil},
	} {
		began := time.Now()
		for range frames() {
			body := mangled(random, test.body)
			answer := raw(f, protocols[test.protocol], testkit.SubmitCall, test.kind, body, test.header)
			for _, own := range []string{`"code":"internal"`, `"code":"unknown"`, "Grpc-Status:[13]", "Grpc-Status:[2]", "grpc-status: 13", "grpc-status: 2\r", "goroutine", "panic"} {
				if strings.HasPrefix(answer, "500") || strings.Contains(answer, own) {
					t.Fatalf("%s: %.20q of %q: %.400s", name, own, body, answer)
				}
			}
		}
		t.Logf("%s: %d messages, %d a second", name, frames(), int(float64(frames())/time.Since(began).Seconds()))
		if _, err := f.Call(f.Tokens["county"], testkit.ConcernService+"ListConcerns", `{}`); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	if heads, err := f.Koppi.Store("concern").Positions(t.Context()); err != nil || len(heads) != 0 {
		t.Errorf("something was stored: %v %v", heads, err)
	}
}

// mangled is a message that something happened to.
func mangled(random *rand.Rand, body []byte) []byte {
	body = bytes.Clone(body)
	switch random.IntN(4) {
	case 0:
		return body[:random.IntN(len(body))]
	case 1:
		for range 1 + random.IntN(8) {
			body[random.IntN(len(body))] = byte(random.Uint32())
		}
		return body
	case 2:
		// What says how long, and of what kind, it is.
		for i := range min(5, len(body)) {
			body[i] = byte(random.Uint32())
		}
		return body
	default:
		some := make([]byte, random.IntN(64))
		for i := range some {
			some[i] = byte(random.Uint32())
		}
		at := random.IntN(len(body))
		return slices.Concat(body[:at], some, body[at:])
	}
}
