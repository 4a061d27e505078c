package merged_test

import (
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/pkg/fault"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// A request that names a worker is called with the worker's token, and any other with that of the stream. A
// refused worker ends no stream, and reaches no service.
func TestSendOnBehalfOf(t *testing.T) {
	f := newFixture(t)
	s, _ := f.open(&exchangev1.ExchangeRequest_Open{})
	for _, test := range []struct {
		named, token string
		reason       fault.Reason
	}{
		// The services of this test do not know the worker's token, and have no steps.
		{"w;a;benefit_handler", "Bearer w;a;benefit_handler by " + f.token, fault.TokenInvalid},
		{"", "Bearer " + f.token, fault.NotServed},
		{"stranger", "", fault.OnBehalfNotAllowed},
	} {
		f.concern.sent.Store(nil)
		request, err := anypb.New(&concernv1.TakeConcernRequest{ConcernId: uuid.NewString()})
		if err != nil {
			t.Fatal(err)
		}
		send := &exchangev1.ExchangeRequest_Send{RequestId: uuid.NewString(), Request: request, OnBehalfOf: test.named}
		if err := s.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Send_{Send: send}}); err != nil {
			t.Fatal(err)
		}
		response, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got := fault.ReasonOf(status.ErrorProto(response.GetReceipt().GetError())); got != test.reason {
			t.Errorf("%q: %v", test.named, response)
		}
		shown := f.concern.sent.Load()
		if (shown == nil) != (test.token == "") || shown != nil && (len(*shown) != 1 || (*shown)[0] != test.token) {
			t.Errorf("%q is called with %v", test.named, shown)
		}
	}
}
