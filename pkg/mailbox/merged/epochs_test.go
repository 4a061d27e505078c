package merged_test

import (
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// A reader that opens a consumer takes it over in all services, also in one that was down at the time.
func TestTakeoverInAllServices(t *testing.T) {
	f := newFixture(t)
	f.concern.append()
	f.referral.append()
	older, first := f.open(&exchangev1.ExchangeRequest_Open{})
	cursor := f.take(older, map[string]uint64{}, 2)
	f.referral.stop()
	younger, second := f.open(&exchangev1.ExchangeRequest_Open{Cursor: cursor})
	if _, err := older.Recv(); fault.ReasonOf(err) != fault.TakenOver {
		t.Errorf("the older stream ends with %v", err)
	}
	if second.GetTakeover() <= first.GetTakeover() {
		t.Errorf("%d after %d", second.GetTakeover(), first.GetTakeover())
	}
	f.referral.start()
	f.referral.append()
	acknowledge(t, younger, f.take(younger, map[string]uint64{"concern": 1, "referral": 1}, 1))
	_, err := f.client.AcknowledgeMessages(f.ctx, &exchangev1.AcknowledgeMessagesRequest{Cursor: cursor, Takeover: first.GetTakeover()})
	if fault.ReasonOf(err) != fault.TakenOver {
		t.Errorf("the older stream acknowledges: %v", err)
	}
	polled, err := f.client.OpenConsumer(f.ctx, &exchangev1.OpenConsumerRequest{Cursor: cursor})
	if err != nil || polled.GetBacklog() != 1 {
		t.Errorf("%v %v", polled, err)
	}
}

// A reader that opens a consumer at another gateway takes it over: the older stream ends within 20 s, although no
// message comes on it, and whichever service knows the new epoch.
func TestTakeoverAtAnotherGateway(t *testing.T) {
	t.Run("the other service is down", func(t *testing.T) {
		takenOverElsewhere(t, func(f *fixture) *fakeService { return f.referral }, func(f *fixture) *fakeService { return f.concern })
	})
	t.Run("the other service knows the older epoch", func(t *testing.T) {
		takenOverElsewhere(t, func(f *fixture) *fakeService { return f.concern }, nil)
	})
}

// takenOverElsewhere opens a consumer in one service, as another gateway does, while another service
// may be down.
func takenOverElsewhere(t *testing.T, knows, down func(*fixture) *fakeService) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		older, opened := f.open(&exchangev1.ExchangeRequest_Open{})
		same, _ := f.open(&exchangev1.ExchangeRequest_Open{Consumer: "same"})
		if down != nil {
			down(f).stop()
		}
		if _, err := knows(f).store.Advance(t.Context(), journal.Advance{
			Agency: "kela", Consumer: "default", TakeOver: true, Epoch: opened.GetTakeover() + 1, At: time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for {
			response, err := older.Recv()
			if response.GetHeartbeat() != nil {
				continue
			}
			if fault.ReasonOf(err) != fault.TakenOver || time.Since(began) > 20*time.Second {
				t.Errorf("after %v: %v %v", time.Since(began), response, err)
			}
			break
		}
		if down != nil {
			down(f).start()
		}
		f.concern.append()
		f.take(same, map[string]uint64{}, 1)
	})
}
