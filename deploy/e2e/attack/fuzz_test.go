package attack

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	front "koppi.internal/gateway/suite"
	"koppi.internal/pkg/directory"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// FuzzHTTP sends arbitrary bytes to any method in any protocol through the real handler. It must
// not panic, and no answer may be an internal error.
func FuzzHTTP(f *testing.F) {
	agencies, err := directory.Parse(config.Directory)
	if err != nil {
		f.Fatal(err)
	}
	koppi, err := allinone.Open(f.Context(), allinone.Config{
		Data: f.TempDir(), Directory: agencies, Dev: true, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	})
	if err != nil {
		f.Fatal(err)
	}
	go func() { _ = koppi.Serve(f.Context()) }()
	issued := &devv1.IssueTokenResponse{}
	if err := koppi.Backend().Invoke(f.Context(), devv1.DevService_IssueToken_FullMethodName, &devv1.IssueTokenRequest{
		Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler",
	}, issued); err != nil {
		f.Fatal(err)
	}
	token := issued.GetToken()
	methods := []string{"koppi.exchange.v1.ExchangeService/ListMessages", "koppi.dev.v1.DevService/IssueToken", "nothing/here"}
	for _, name := range suite.Names() {
		service := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(front.Services[name]))).(protoreflect.ServiceDescriptor)
		for i := range service.Methods().Len() {
			if method := service.Methods().Get(i); !method.IsStreamingClient() && !method.IsStreamingServer() {
				methods = append(methods, fmt.Sprintf("%s/%s", service.FullName(), method.Name()))
			}
		}
	}
	types := []string{"application/json", "application/proto", "application/grpc", "application/grpc-web+proto", "application/connect+json", "text/plain"}
	f.Add(uint8(3), uint8(0), true, []byte(testkit.Report(nil)))
	f.Add(uint8(3), uint8(1), true, []byte("\x0a\x24"))
	f.Add(uint8(5), uint8(2), false, []byte("\x00\x00\x00\x00\x02\x0a\x00"))
	f.Add(uint8(9), uint8(3), true, []byte("\x01\x00\x00\x00\x02\x0a\x00"))
	f.Fuzz(func(t *testing.T, method, kind uint8, signed bool, body []byte) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/"+methods[int(method)%len(methods)], bytes.NewReader(body))
		request.Header.Set("Content-Type", types[int(kind)%len(types)])
		request.ProtoMajor, request.ProtoMinor = 2, 0
		if signed {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer := httptest.NewRecorder()
		koppi.Handler().ServeHTTP(answer, request)
		text := answer.Body.String() + answer.Header().Get("Grpc-Message") + answer.Result().Trailer.Get("Grpc-Message")
		status := answer.Result().Trailer.Get("Grpc-Status") + answer.Header().Get("Grpc-Status")
		if answer.Code == http.StatusInternalServerError || strings.Contains(text, `"code":"internal"`) || strings.Contains(text, `"code":"unknown"`) || status == "13" || status == "2" {
			t.Fatalf("HTTP %d, status %s: %s", answer.Code, status, text)
		}
	})
}
