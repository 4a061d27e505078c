package gateway_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"koppi.internal/gateway"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/serve"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// backend is a service that passes on what reached it.
type backend struct {
	concernv1.UnimplementedConcernServiceServer
	exchangev1.UnimplementedExchangeServiceServer

	calls chan context.Context
	ended chan error
}

func (b *backend) GetConcern(ctx context.Context, r *concernv1.GetConcernRequest) (*concernv1.GetConcernResponse, error) {
	b.calls <- ctx
	switch r.GetConcernId() {
	case "refused":
		return nil, fault.New(fault.IllegalStep, "not now").With("allowed_steps", "TakeConcern").Field("concern_id", "no")
	case "fast":
		return nil, fault.New(fault.Busy, "too fast").RetryAfter(1200 * time.Millisecond)
	case "waits":
		<-ctx.Done()
		return nil, ctx.Err()
	case "breaks":
		return nil, errors.New("row 010594Y9032")
	case "long":
		return &concernv1.GetConcernResponse{Concern: &concernv1.Concern{Description: strings.Repeat("Pitkä asia. ", 1000)}}, nil
	}
	return &concernv1.GetConcernResponse{Concern: &concernv1.Concern{ConcernId: r.GetConcernId()}}, nil
}

// Exchange answers each request with a heartbeat, and passes on how the stream ended.
func (b *backend) Exchange(stream exchangev1.ExchangeService_ExchangeServer) error {
	for {
		if _, err := stream.Recv(); err != nil {
			b.ended <- err
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := stream.Send(&exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Heartbeat_{Heartbeat: &exchangev1.ExchangeResponse_Heartbeat{}}}); err != nil {
			return err
		}
	}
}

func start(t *testing.T) (*backend, *httptest.Server, *grpc.ClientConn) {
	t.Helper()
	b := &backend{calls: make(chan context.Context, 16), ended: make(chan error, 16)}
	listener := serve.Memory()
	server := grpc.NewServer()
	concernv1.RegisterConcernServiceServer(server, b)
	exchangev1.RegisterExchangeServiceServer(server, b)
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	handler, err := gateway.New(gateway.Config{
		Services: map[string]grpc.ClientConnInterface{"koppi.concern.v1.ConcernService": conn, "koppi.exchange.v1.ExchangeService": conn},
		Pages:    http.NotFoundHandler(), Origins: []string{"https://friend.test"},
		Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(handler)
	web.Config.Protocols = new(http.Protocols)
	web.Config.Protocols.SetHTTP1(true)
	web.Config.Protocols.SetUnencryptedHTTP2(true)
	web.Start()
	client, err := grpc.NewClient(web.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		web.Close()
		_ = conn.Close()
		server.Stop()
	})
	return b, web, client
}

const (
	getConcern = "/koppi.concern.v1.ConcernService/GetConcern"
	submit     = "/koppi.concern.v1.ConcernService/SubmitConcern"
)

// An answer is compressed if it is long.
func TestLongAnswersAreCompressed(t *testing.T) {
	_, web, _ := start(t)
	for id, want := range map[string]string{"short": "", "long": "gzip"} {
		code, text, header := post(t, web.URL+getConcern, "application/json", fmt.Appendf(nil, `{"concernId":%q}`, id), map[string]string{"Accept-Encoding": "gzip"})
		if code != http.StatusOK || header.Get("Content-Encoding") != want {
			t.Errorf("%s: %d, %q, %d bytes", id, code, header.Get("Content-Encoding"), len(text))
		}
	}
}

func post(t *testing.T, url, contentType string, body []byte, header map[string]string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	for key, value := range header {
		request.Header.Set(key, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

// Connect in JSON and binary, gRPC-Web and gRPC get the same answer.
func TestEveryProtocolGetsTheSameAnswer(t *testing.T) {
	b, web, client := start(t)
	binaryBody, _ := proto.Marshal(&concernv1.GetConcernRequest{ConcernId: "one"})
	framed := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(binaryBody))), binaryBody...)
	if code, text, _ := post(t, web.URL+getConcern, "application/json", []byte(`{"concernId":"one"}`), nil); code != 200 || !strings.Contains(text, `"concernId":"one"`) {
		t.Errorf("JSON: %d %s", code, text)
	}
	if code, text, _ := post(t, web.URL+getConcern, "application/proto", binaryBody, nil); code != 200 || !strings.Contains(text, "one") {
		t.Errorf("binary: %d %q", code, text)
	}
	if code, text, _ := post(t, web.URL+getConcern, "application/grpc-web+proto", framed, nil); code != 200 || !strings.Contains(text, "one") || !strings.Contains(text, "grpc-status: 0") {
		t.Errorf("gRPC-Web: %d %q", code, text)
	}
	got, err := concernv1.NewConcernServiceClient(client).GetConcern(t.Context(), &concernv1.GetConcernRequest{ConcernId: "one"})
	if err != nil || got.GetConcern().GetConcernId() != "one" {
		t.Errorf("gRPC: %v %v", got, err)
	}
	if len(b.calls) != 4 {
		t.Errorf("%d calls reached the service", len(b.calls))
	}
}

// A refusal of a service reaches the caller with its details, and an internal error without its text.
func TestRefusalsKeepTheirDetails(t *testing.T) {
	_, web, client := start(t)
	_, err := concernv1.NewConcernServiceClient(client).GetConcern(t.Context(), &concernv1.GetConcernRequest{ConcernId: "refused"})
	if status.Code(err) != codes.FailedPrecondition || fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("%v", err)
	}
	var info *errdetails.ErrorInfo
	var fields *errdetails.BadRequest
	for _, detail := range status.Convert(err).Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.BadRequest:
			fields = d
		}
	}
	if info.GetMetadata()["allowed_steps"] != "TakeConcern" || len(fields.GetFieldViolations()) != 1 {
		t.Errorf("%v %v", info, fields)
	}
	if code, text, _ := post(t, web.URL+getConcern, "application/json", []byte(`{"concernId":"refused"}`), nil); code != 400 || !strings.Contains(text, "ErrorInfo") || !strings.Contains(text, "failed_precondition") {
		t.Errorf("%d %s", code, text)
	}
	if code, text, _ := post(t, web.URL+getConcern, "application/json", []byte(`{"concernId":"breaks"}`), nil); code != 500 || strings.Contains(text, "010594Y9032") {
		t.Errorf("%d %s", code, text)
	}
}

// A caller that exceeds a rate limit gets 429 and the time to wait, as a header and in the details.
func TestRateLimited(t *testing.T) {
	_, web, client := start(t)
	code, text, header := post(t, web.URL+getConcern, "application/json", []byte(`{"concernId":"fast"}`), map[string]string{"Origin": "https://friend.test"})
	if code != http.StatusTooManyRequests || header.Get("Retry-After") != "2" || !strings.Contains(text, "google.rpc.RetryInfo") || !strings.Contains(text, "BUSY") {
		t.Errorf("%d %v %s", code, header, text)
	}
	if !strings.Contains(header.Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Errorf("a page of another site may not read the header: %v", header)
	}
	_, err := concernv1.NewConcernServiceClient(client).GetConcern(t.Context(), &concernv1.GetConcernRequest{ConcernId: "fast"})
	if status.Code(err) != codes.ResourceExhausted || fault.RetryAfterOf(err) != 1200*time.Millisecond {
		t.Errorf("%v: %v", err, fault.RetryAfterOf(err))
	}
	if _, _, header := post(t, web.URL+getConcern, "application/json", []byte(`{"concernId":"refused"}`), nil); header.Get("Retry-After") != "" {
		t.Errorf("another refusal has a time to wait: %v", header)
	}
}

// Only the listed headers are forwarded to a service.
func TestForwardedHeaders(t *testing.T) {
	b, web, _ := start(t)
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	post(t, web.URL+getConcern, "application/json", []byte(`{"concernId":"one"}`), map[string]string{
		"Authorization": "Bearer x", "Traceparent": trace, "Koppi-On-Behalf-Of": "w;u;r", "X-Evil": "y", "Cookie": "z",
	})
	passed, _ := metadata.FromIncomingContext(<-b.calls)
	if passed.Get("authorization")[0] != "Bearer x" || passed.Get("traceparent")[0] != trace || passed.Get("koppi-on-behalf-of")[0] != "w;u;r" {
		t.Errorf("%v", passed)
	}
	if len(passed.Get("x-evil")) > 0 || len(passed.Get("cookie")) > 0 {
		t.Errorf("other headers were forwarded: %v", passed)
	}
}

// A deadline, a cancellation and the end of a stream reach the service.
func TestDeadlinesAndCancellationsReachTheService(t *testing.T) {
	b, web, client := start(t)
	if code, text, _ := post(t, web.URL+getConcern, "application/json", []byte(`{"concernId":"waits"}`), map[string]string{"Connect-Timeout-Ms": "50"}); code != http.StatusGatewayTimeout {
		t.Errorf("%d %s", code, text)
	}
	if deadline, ok := (<-b.calls).Deadline(); !ok || time.Until(deadline) > time.Second {
		t.Error("the deadline was not forwarded")
	}
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := exchangev1.NewExchangeServiceClient(client).Exchange(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := stream.Send(&exchangev1.ExchangeRequest{}); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-b.ended; status.Code(err) != codes.Canceled {
		t.Errorf("the service saw %v", err)
	}
	whole, err := exchangev1.NewExchangeServiceClient(client).Exchange(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := whole.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := whole.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("a closed stream ends with %v", err)
	}
	if err := <-b.ended; !errors.Is(err, io.EOF) {
		t.Errorf("the service saw %v", err)
	}
}

// The gateway refuses requests that it cannot read, without repeating them, and does not forward them.
func TestMalformedRequestsAreRefused(t *testing.T) {
	b, web, _ := start(t)
	var bomb bytes.Buffer
	packed := gzip.NewWriter(&bomb)
	_, _ = packed.Write(bytes.Repeat([]byte(" "), 64<<20))
	_ = packed.Close()
	for name, test := range map[string]struct {
		path, contentType string
		body              []byte
		header            map[string]string
		code              int
		says              string
	}{
		"unknown field":   {getConcern, "application/json", []byte(`{"concernid":"salainen"}`), nil, 400, "concernid: koppi.concern.v1.GetConcernRequest has no such field"},
		"code as a field": {getConcern, "application/json", []byte(`{"s010594Y9032":"salainen"}`), nil, 400, "has no field of a name that is given here"},
		"text as a field": {getConcern, "application/json", []byte(`{"salainen asia":"x"}`), nil, 400, "has no field of a name that is given here"},
		"nested field":    {submit, "application/json", []byte(`{"client":{"details":{"phone":"salainen"}}}`), nil, 400, "client.details.phone: koppi.common.v1.ClientDetails has no such field"},
		"unknown value":   {submit, "application/json", []byte(`{"topics":["TOPIC_OTHER","salainen"]}`), nil, 400, "topics[1]: no value of koppi.concern.v1.Topic"},
		"another kind":    {submit, "application/json", []byte(`{"client":{"details":{"nonDisclosure":"salainen"}}}`), nil, 400, "client.details.non_disclosure: no bool"},
		"no time":         {submit, "application/json", []byte(`{"basis":{"consentedAt":"salainen"}}`), nil, 400, "basis.consented_at: no google.protobuf.Timestamp"},
		"no list":         {submit, "application/json", []byte(`{"topics":"salainen"}`), nil, 400, "topics: no value of koppi.concern.v1.Topic"},
		"malformed JSON":  {getConcern, "application/json", []byte(`{"concernId":"salainen`), nil, 400, "invalid_argument"},
		"malformed proto": {getConcern, "application/proto", []byte("\x0a\xff"), nil, 400, "invalid_argument"},
		"too large":       {getConcern, "application/json", []byte(`{"concernId":"` + strings.Repeat("x", 5<<20) + `"}`), nil, 429, "resource_exhausted"},
		"bomb":            {getConcern, "application/json", bomb.Bytes(), map[string]string{"Content-Encoding": "gzip"}, 429, "resource_exhausted"},
		"unknown method":  {"/koppi.concern.v1.ConcernService/Nothing", "application/json", []byte(`{}`), nil, 501, "unimplemented"},
		"unknown service": {"/koppi.plan.v1.PlanService/GetPlan", "application/json", []byte(`{}`), nil, 501, "unimplemented"},
	} {
		code, text, _ := post(t, web.URL+test.path, test.contentType, test.body, test.header)
		if code != test.code || !strings.Contains(text, test.says) || strings.Contains(text, "salainen") || strings.Contains(text, "010594") {
			t.Errorf("%s: %d %.300s", name, code, text)
		}
	}
	if len(b.calls) != 0 {
		t.Errorf("%d bad requests reached the service", len(b.calls))
	}
}

// Only pages of the configured origins may call.
func TestOrigins(t *testing.T) {
	_, web, _ := start(t)
	for origin, allowed := range map[string]bool{"https://friend.test": true, "https://evil.test": false} {
		_, _, header := post(t, web.URL+getConcern, "application/json", []byte(`{"concernId":"one"}`), map[string]string{"Origin": origin})
		if (header.Get("Access-Control-Allow-Origin") == origin) != allowed {
			t.Errorf("%s: %v", origin, header)
		}
	}
}
