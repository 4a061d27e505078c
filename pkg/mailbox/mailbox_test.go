package mailbox_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/notify"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

type open = exchangev1.ExchangeRequest_Open

// Everything comes once, in order, as it happens; what was acknowledged stays so,
// and a reader goes on where it was.
func TestDeliveries(t *testing.T) {
	b := newBench(t, never)
	b.tell(70, "")
	s := b.open(&open{Window: 1000, WithRecords: true})
	if s.opened.GetBacklog() != 70 || s.opened.GetTakeover() != 1 {
		t.Errorf("%v", s.opened)
	}
	s.deliveries(1, 70)
	b.tell(1, "")
	delivery := s.recv().GetDelivery()
	message := delivery.GetMessage()
	if message.GetSequence() != 71 || string(journal.ContentHash(message.GetNonce(), message.GetRecord())) != string(message.GetContentHash()) {
		t.Errorf("%v", message)
	}
	s.acknowledge(delivery.GetCursor())
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := s.ended(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	b.tell(2, "")
	again := b.open(&open{})
	if again.opened.GetCursor() != delivery.GetCursor() || again.opened.GetBacklog() != 2 {
		t.Errorf("%v, wanted to go on behind %s", again.opened, delivery.GetCursor())
	}
	again.deliveries(72, 73)
	if other := b.open(&open{Consumer: "other", Cursor: delivery.GetCursor()}); other.opened.GetTakeover() != 1 || other.opened.GetBacklog() != 2 {
		t.Errorf("%v", other.opened)
	}
}

// No more than the window is in flight, and each acknowledgement lets as many go.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, never)
		b.tell(200, "")
		s := b.open(&open{Window: 3})
		cursor := s.deliveries(1, 3)
		for at := uint64(3); at < 30; at += 3 {
			// Nothing comes but heartbeats until the acknowledgement.
			if more := s.recv(); more.GetHeartbeat() == nil {
				t.Fatalf("past the window: %v", more)
			}
			s.acknowledge(cursor)
			cursor = s.deliveries(at+1, at+3)
		}
		synctest.Wait()
		if got := b.consumer("default").Sequence; got != 27 {
			t.Errorf("acknowledged %d", got)
		}
	})
}

// A message whose wake was lost comes within a second or so.
func TestLostWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, never)
		s := b.open(&open{})
		synctest.Wait()
		began := time.Now()
		b.hub = &notify.Hub{} // where nobody listens
		b.tell(1, "")
		s.deliveries(1, 1)
		if late := time.Since(began); late > time.Second {
			t.Errorf("it came after %v", late)
		}
	})
}

// A quiet stream is heard every 20 s and ends by itself within the hour; one whose
// token expires ends then, and says so.
func TestHeartbeatsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, never)
		s := b.open(&open{})
		began := time.Now()
		for i := range 10 {
			if s.recv().GetHeartbeat() == nil || time.Since(began) != time.Duration(i+1)*20*time.Second {
				t.Fatalf("heartbeat %d came after %v", i+1, time.Since(began))
			}
		}
		if err := s.ended(); !errors.Is(err, io.EOF) || time.Since(began) > time.Hour || time.Since(began) < 50*time.Minute {
			t.Errorf("ended after %v with %v", time.Since(began), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		b := newBench(t, func() time.Time { return began.Add(10 * time.Minute) })
		s := b.open(&open{})
		if err := s.ended(); fault.ReasonOf(err) != fault.TokenExpired || time.Since(began) > 10*time.Minute+time.Second {
			t.Errorf("ended after %v with %v", time.Since(began), err)
		}
	})
}

// Who opens a consumer again has it: the older stream ends with ABORTED, here at
// once and in another process at the next heartbeat, and acknowledges no more.
func TestTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, never)
		b.tell(1, "")
		older := b.open(&open{})
		cursor := older.deliveries(1, 1)
		younger := b.open(&open{})
		if err := older.ended(); status.Code(err) != codes.Aborted || fault.ReasonOf(err) != fault.TakenOver {
			t.Errorf("the older one ends with %v", err)
		}
		if younger.opened.GetTakeover() != 2 {
			t.Errorf("%v", younger.opened)
		}
		_, err := b.client.AcknowledgeMessages(b.as("kela"), &exchangev1.AcknowledgeMessagesRequest{Cursor: cursor, Takeover: 1})
		if fault.ReasonOf(err) != fault.TakenOver || b.consumer("default").Sequence != 0 {
			t.Errorf("the older one acknowledges: %v", err)
		}
		if _, err := b.store.Advance(t.Context(), journal.Advance{Agency: "kela", Consumer: "default", TakeOver: true, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := younger.ended(); fault.ReasonOf(err) != fault.TakenOver || time.Since(began) > 20*time.Second {
			t.Errorf("taken over elsewhere, it ends after %v with %v", time.Since(began), err)
		}
	})
}

// A cursor that this history does not hold is refused, wherever it comes in.
func TestDivergedHistories(t *testing.T) {
	b, other := newBench(t, never), newBench(t, never)
	b.tell(3, "")
	other.tell(5, "")
	foreign := other.open(&open{}).deliveries(1, 2)
	beyond := other.open(&open{}).deliveries(1, 5)
	for cursor, want := range map[string]fault.Reason{foreign: fault.HistoryDiverged, beyond: fault.HistoryDiverged, "salainen": fault.InvalidCursor} {
		s, err := b.client.Exchange(b.as("kela"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &open{Cursor: cursor}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(); fault.ReasonOf(err) != want {
			t.Errorf("%s opens: %v", cursor, err)
		}
		opened := b.open(&open{})
		opened.acknowledge(cursor)
		if err := opened.ended(); fault.ReasonOf(err) != want {
			t.Errorf("%s acknowledges: %v", cursor, err)
		}
		if _, err := b.client.ListMessages(b.as("kela"), &exchangev1.ListMessagesRequest{Cursor: cursor}); fault.ReasonOf(err) != want {
			t.Errorf("%s lists: %v", cursor, err)
		}
		if _, err := b.client.AcknowledgeMessages(b.as("kela"), &exchangev1.AcknowledgeMessagesRequest{Cursor: cursor}); fault.ReasonOf(err) != want {
			t.Errorf("%s is acknowledged: %v", cursor, err)
		}
	}
	if got := b.consumer("default").Sequence; got != 0 {
		t.Errorf("refused, and yet acknowledged %d", got)
	}
}

func take(concern, requestID string) *exchangev1.ExchangeRequest {
	return sending(requestID, &concernv1.TakeConcernRequest{ConcernId: concern})
}

func sending(requestID string, request proto.Message) *exchangev1.ExchangeRequest {
	packed, err := anypb.New(request)
	if err != nil {
		panic(err)
	}
	return &exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Send_{Send: &exchangev1.ExchangeRequest_Send{RequestId: requestID, Request: packed}}}
}

// What is sent runs in order per subject and side by side otherwise, in the
// caller's own name, and each gets its receipt.
func TestSendsAreInOrderPerSubject(t *testing.T) {
	b := newBench(t, never)
	s := b.open(&open{})
	s.send(take("one", "1"))
	s.send(take("one", "2"))
	s.send(take("two", "3"))
	begun := map[string]bool{<-b.steps.begun: true, <-b.steps.begun: true}
	if !begun["one 1 kela"] || !begun["two 3 kela"] {
		t.Errorf("begun: %v", begun)
	}
	answered := map[string]bool{}
	for range 3 {
		b.steps.let <- struct{}{}
		r := s.recv().GetReceipt()
		response := &concernv1.TakeConcernResponse{}
		if err := r.GetResponse().UnmarshalTo(response); err != nil {
			t.Fatal(r, err)
		}
		answered[r.GetRequestId()+response.GetConcern().GetConcernId()] = true
	}
	if got := <-b.steps.begun; got != "one 2 kela" || !answered["1one"] || !answered["2one"] || !answered["3two"] {
		t.Errorf("then %s; answered %v", got, answered)
	}
}

// Past 64 pending sends further ones are refused, while acknowledgements still count.
func TestTooManySends(t *testing.T) {
	b := newBench(t, never)
	b.tell(1, "")
	s := b.open(&open{})
	cursor := s.deliveries(1, 1)
	for i := range 70 {
		s.send(take("one", fmt.Sprint(i)))
	}
	s.acknowledge(cursor)
	for i := 64; i < 70; i++ {
		r := s.recv().GetReceipt()
		if r.GetRequestId() != fmt.Sprint(i) || fault.ReasonOf(status.ErrorProto(r.GetError())) != fault.Busy {
			t.Errorf("%v", r)
		}
	}
	close(b.steps.let)
	for i := range 64 {
		if r := s.recv().GetReceipt(); r.GetRequestId() != fmt.Sprint(i) || r.GetResponse() == nil {
			t.Errorf("send %d: %v", i, r)
		}
	}
	s.send(take("one", "more"))
	if r := s.recv().GetReceipt(); r.GetRequestId() != "more" || r.GetResponse() == nil {
		t.Errorf("%v", r)
	}
	// The stream ends once the acknowledgement is durable.
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := s.ended(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if got := b.consumer("default").Sequence; got != 1 {
		t.Errorf("acknowledged %d", got)
	}
}

// What cannot be sent is refused in its receipt, and the stream stays.
func TestRefusedSends(t *testing.T) {
	b := newBench(t, never)
	close(b.steps.let)
	s := b.open(&open{})
	broken := take("one", "b")
	broken.GetSend().Request.Value = []byte("\x0a\xff")
	for name, test := range map[string]struct {
		request *exchangev1.ExchangeRequest
		reason  fault.Reason
	}{
		"another request_id": {sending("a", &concernv1.TakeConcernRequest{ConcernId: "one", RequestId: "z"}), fault.InvalidField},
		"no request":         {sending("a", &concernv1.TakeConcernResponse{}), fault.InvalidField},
		"a stream":           {sending("a", &exchangev1.ExchangeRequest{}), fault.InvalidField},
		"another service":    {sending("a", &exchangev1.ListMessagesRequest{}), fault.InvalidField},
		"broken":             {broken, fault.InvalidField},
		"not served":         {sending("a", &concernv1.GetConcernRequest{}), fault.Unavailable},
		"the same twice":     {sending("a", &concernv1.TakeConcernRequest{ConcernId: "one", RequestId: "a"}), ""},
	} {
		s.send(test.request)
		r := s.recv().GetReceipt()
		if got := fault.ReasonOf(status.ErrorProto(r.GetError())); got != test.reason || r.GetRequestId() != test.request.GetSend().GetRequestId() {
			t.Errorf("%s: %v", name, r)
		}
	}
}

// A client that says that it sends no more still gets its receipts.
func TestHalfClosed(t *testing.T) {
	b := newBench(t, never)
	s := b.open(&open{})
	s.send(take("one", "1"))
	<-b.steps.begun
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	b.steps.let <- struct{}{}
	if r := s.recv().GetReceipt(); r.GetResponse() == nil {
		t.Errorf("%v", r)
	}
	if err := s.ended(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestFormOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, never)
		for name, requests := range map[string][]*exchangev1.ExchangeRequest{
			"not opened": {take("one", uuid.NewString())}, "never opened": nil, "empty": {{}},
		} {
			s, err := b.client.Exchange(b.as("kela"))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range requests {
				if err := s.Send(r); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Recv(); fault.ReasonOf(err) != fault.InvalidField {
				t.Errorf("%s: %v", name, err)
			}
		}
		twice := b.open(&open{})
		twice.send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &open{}}})
		if err := twice.ended(); fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("opened twice: %v", err)
		}
	})
}

// Nothing is delivered before its reading is on record.
func TestStreamsFailClosed(t *testing.T) {
	b := newBench(t, never)
	b.tell(2, "")
	s := b.open(&open{Cursor: mailbox.Cursor{}.String()})
	s.deliveries(1, 2)
	var purposes []string
	for access, err := range b.store.RawAccesses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		purposes = append(purposes, access.Method+" "+access.Purpose)
	}
	if len(purposes) != 1 || !strings.HasSuffix(purposes[0], "/Exchange mailbox from 1 on") {
		t.Error(purposes)
	}
	b.store.broken.Store(true)
	unrecorded, err := b.client.Exchange(b.as("kela"))
	if err != nil {
		t.Fatal(err)
	}
	if err := unrecorded.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &open{}}}); err != nil {
		t.Fatal(err)
	}
	if got, err := unrecorded.Recv(); err == nil {
		t.Errorf("unrecorded: %v", got)
	}
}

// A drain ends standing streams without an error, so that they are opened anew.
func TestDrain(t *testing.T) {
	b := newBench(t, never)
	s := b.open(&open{})
	b.drain()
	if err := s.ended(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
