package refusals

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that is wrapped
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// rawCodec sends bytes as they are.
type rawCodec struct{ encoding.CodecV2 }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

// Bytes that are no message, sent directly to the service, are refused like any other malformed
// request, after the token was verified, and never as an internal error.
func TestMalformedMessagesToTheService(t *testing.T) {
	f := testkit.NewFixture(t)
	codec := grpc.ForceCodecV2(rawCodec{encoding.GetCodecV2("proto")})
	for _, body := range []string{"\x0a\xff", "\xff\xff\xff", "\x0a\x02\xff\xfe", "\x52\x01"} {
		for token, want := range map[string]fault.Reason{"": fault.TokenRequired, f.Tokens["kela"]: fault.InvalidField} {
			ctx := t.Context()
			if token != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
			}
			err := f.Koppi.Backend().Invoke(ctx, concernv1.ConcernService_GetConcern_FullMethodName, []byte(body), &concernv1.GetConcernResponse{}, codec)
			if fault.ReasonOf(err) != want || status.Code(err) == codes.Internal {
				t.Errorf("%q: %v, want %s", body, err, want)
			}
		}
	}
}

// Health and reflection are served on the one port.
func TestHealthAndReflection(t *testing.T) {
	i := testkit.Start(t, allinone.Config{})
	conn, err := grpc.NewClient(i.Address[len("http://"):], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, service := range allinone.Served() {
		got, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
		if err != nil || got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("%s: %v %v", service, got, err)
		}
	}
	stream, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	listed, err := stream.Recv()
	if err != nil || len(listed.GetListServicesResponse().GetService()) < len(allinone.Served()) {
		t.Errorf("%v %v", listed, err)
	}
}

// Timestamps that do not exist are refused before any handler reads them.
func TestImpossibleTimes(t *testing.T) {
	f := testkit.NewFixture(t)
	_, err := f.Call(f.Tokens["kela"], testkit.SubmitCall, testkit.Report(map[string]any{"basis": map[string]any{
		"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "1301/2014 § 35.1", "consentedAt": "2026-02-31T00:00:00Z",
	}}))
	f.CheckRefusal("31 February", err, "invalid_argument", "INVALID_FIELD")
}
