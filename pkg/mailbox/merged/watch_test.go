package merged_test

import (
	"testing"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// A page gets one heartbeat once all services watch, then the changes of all services, and it connects again
// when the stream of one service ends.
func TestWatch(t *testing.T) {
	f := newFixture(t)
	stream, err := f.client.Watch(f.ctx, &exchangev1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	next := func() *exchangev1.WatchResponse {
		t.Helper()
		response, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	if response := next(); response.GetHeartbeat() == nil {
		t.Errorf("begins with %v", response)
	}
	for subject, service := range map[string]*fakeService{"concerns/1": f.concern, "referrals/1": f.referral} {
		service.append()
		if response := next(); response.GetChanged().GetSubject() != subject {
			t.Errorf("%v, want a change of %s", response, subject)
		}
	}
	f.referral.stop()
	if response, err := stream.Recv(); err == nil {
		t.Errorf("after a service stopped: %v", response)
	}
	f.referral.start()
}
