package e2e

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that is wrapped
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// rawCodec sends bytes as they are.
type rawCodec struct{ encoding.CodecV2 }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

// Bytes that are no message, sent straight to the service: refused like any other
// wrong form, after the token, and never as our own failure.
func TestMalformedMessagesToTheService(t *testing.T) {
	b := newBench(t)
	codec := grpc.ForceCodecV2(rawCodec{encoding.GetCodecV2("proto")})
	for _, body := range []string{"\x0a\xff", "\xff\xff\xff", "\x0a\x02\xff\xfe", "\x52\x01"} {
		for token, want := range map[string]fault.Reason{"": fault.TokenRequired, b.tokens["kela"]: fault.InvalidField} {
			ctx := t.Context()
			if token != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
			}
			err := b.koppi.Backend().Invoke(ctx, concernv1.ConcernService_GetConcern_FullMethodName, []byte(body), &concernv1.GetConcernResponse{}, codec)
			if fault.ReasonOf(err) != want || status.Code(err) == codes.Internal {
				t.Errorf("%q: %v, want %s", body, err, want)
			}
		}
	}
}

// Times that do not exist are refused before anything asks for them.
func TestImpossibleTimes(t *testing.T) {
	b := newBench(t)
	_, err := b.call(b.tokens["kela"], submitCall, report(map[string]any{"basis": map[string]any{
		"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "x", "consentedAt": "2026-02-31T00:00:00Z",
	}}))
	b.refused("31 February", err, "invalid_argument", "INVALID_FIELD")
}
