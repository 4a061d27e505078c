package merged_test

import (
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Who opens a consumer again has it in all services, also in one that was down then.
func TestTakeoverInAllServices(t *testing.T) {
	b := newBench(t)
	b.concern.tell()
	b.referral.tell()
	older, first := b.open(&exchangev1.ExchangeRequest_Open{})
	cursor := b.take(older, map[string]uint64{}, 2)
	b.referral.stop()
	younger, second := b.open(&exchangev1.ExchangeRequest_Open{Cursor: cursor})
	if _, err := older.Recv(); fault.ReasonOf(err) != fault.TakenOver {
		t.Errorf("the older one ends with %v", err)
	}
	if second.GetTakeover() <= first.GetTakeover() {
		t.Errorf("%d after %d", second.GetTakeover(), first.GetTakeover())
	}
	b.referral.start()
	b.referral.tell()
	acknowledge(t, younger, b.take(younger, map[string]uint64{"concern": 1, "referral": 1}, 1))
	_, err := b.client.AcknowledgeMessages(b.ctx, &exchangev1.AcknowledgeMessagesRequest{Cursor: cursor, Takeover: first.GetTakeover()})
	if fault.ReasonOf(err) != fault.TakenOver {
		t.Errorf("the older one acknowledges: %v", err)
	}
	polled, err := b.client.OpenConsumer(b.ctx, &exchangev1.OpenConsumerRequest{Cursor: cursor})
	if err != nil || polled.GetBacklog() != 1 {
		t.Errorf("%v %v", polled, err)
	}
}

// Who opens a consumer at another gateway has it there: the older stream ends within 20 s,
// though nothing comes on it, and whichever service knows of it.
func TestTakeoverAtAnotherGateway(t *testing.T) {
	t.Run("the other service is down", func(t *testing.T) {
		takenOverElsewhere(t, func(b *bench) *fakeService { return b.referral }, func(b *bench) *fakeService { return b.concern })
	})
	t.Run("the other service knows the older epoch", func(t *testing.T) {
		takenOverElsewhere(t, func(b *bench) *fakeService { return b.concern }, nil)
	})
}

// takenOverElsewhere opens a consumer in one service, as another gateway does, while another service
// may be down.
func takenOverElsewhere(t *testing.T, knows, down func(*bench) *fakeService) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		older, opened := b.open(&exchangev1.ExchangeRequest_Open{})
		same, _ := b.open(&exchangev1.ExchangeRequest_Open{Consumer: "same"})
		if down != nil {
			down(b).stop()
		}
		if _, err := knows(b).store.Advance(t.Context(), journal.Advance{
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
			down(b).start()
		}
		b.concern.tell()
		b.take(same, map[string]uint64{}, 1)
	})
}
