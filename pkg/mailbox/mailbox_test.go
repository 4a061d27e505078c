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

// Each message comes once, in order, when it is appended. Acknowledged messages do not come again, and a reader
// that opens a new stream continues where it was.
func TestDeliveries(t *testing.T) {
	f := newFixture(t, never)
	f.append(70, "")
	s := f.open(&open{Window: 1000, WithRecords: true})
	if s.opened.GetBacklog() != 70 || s.opened.GetTakeover() != 1 {
		t.Errorf("%v", s.opened)
	}
	s.deliveries(1, 70)
	f.append(1, "")
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
	f.append(2, "")
	again := f.open(&open{})
	if again.opened.GetCursor() != delivery.GetCursor() || again.opened.GetBacklog() != 2 {
		t.Errorf("%v, want it to continue after %s", again.opened, delivery.GetCursor())
	}
	again.deliveries(72, 73)
	if other := f.open(&open{Consumer: "other", Cursor: delivery.GetCursor()}); other.opened.GetTakeover() != 1 || other.opened.GetBacklog() != 2 {
		t.Errorf("%v", other.opened)
	}
}

// At most the window is in flight, and each acknowledgement lets as many further messages go.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, never)
		f.append(200, "")
		s := f.open(&open{Window: 3})
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
		if got := f.consumer("default").Sequence; got != 27 {
			t.Errorf("acknowledged %d", got)
		}
	})
}

// A message whose notification was lost comes within a second.
func TestLostNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, never)
		s := f.open(&open{})
		synctest.Wait()
		began := time.Now()
		f.hub = &notify.Hub{} // to which no reader listens
		f.append(1, "")
		s.deliveries(1, 1)
		if late := time.Since(began); late > time.Second {
			t.Errorf("it came after %v", late)
		}
	})
}

// A stream without messages sends a heartbeat every 20 s and ends by itself within an hour. A stream whose token
// expires ends then, with TOKEN_EXPIRED.
func TestHeartbeatsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, never)
		s := f.open(&open{})
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
		f := newFixture(t, func() time.Time { return began.Add(10 * time.Minute) })
		s := f.open(&open{})
		if err := s.ended(); fault.ReasonOf(err) != fault.TokenExpired || time.Since(began) > 10*time.Minute+time.Second {
			t.Errorf("ended after %v with %v", time.Since(began), err)
		}
	})
}

// A reader that opens a consumer takes it over. The older stream ends with ABORTED, in this process at once and in
// another process at the next heartbeat, and its acknowledgements are refused.
func TestTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, never)
		f.append(1, "")
		older := f.open(&open{})
		cursor := older.deliveries(1, 1)
		younger := f.open(&open{})
		if err := older.ended(); status.Code(err) != codes.Aborted || fault.ReasonOf(err) != fault.TakenOver {
			t.Errorf("the older one ends with %v", err)
		}
		if younger.opened.GetTakeover() != 2 {
			t.Errorf("%v", younger.opened)
		}
		_, err := f.client.AcknowledgeMessages(f.as("kela"), &exchangev1.AcknowledgeMessagesRequest{Cursor: cursor, Takeover: 1})
		if fault.ReasonOf(err) != fault.TakenOver || f.consumer("default").Sequence != 0 {
			t.Errorf("the older one acknowledges: %v", err)
		}
		if _, err := f.store.Advance(t.Context(), journal.Advance{Agency: "kela", Consumer: "default", TakeOver: true, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := younger.ended(); fault.ReasonOf(err) != fault.TakenOver || time.Since(began) > 20*time.Second {
			t.Errorf("taken over elsewhere, it ends after %v with %v", time.Since(began), err)
		}
	})
}

// A cursor that is not in the history of this mailbox is refused in each request that takes one.
func TestDivergedHistories(t *testing.T) {
	f, other := newFixture(t, never), newFixture(t, never)
	f.append(3, "")
	other.append(5, "")
	foreign := other.open(&open{}).deliveries(1, 2)
	beyond := other.open(&open{}).deliveries(1, 5)
	for cursor, want := range map[string]fault.Reason{foreign: fault.HistoryDiverged, beyond: fault.HistoryDiverged, "salainen": fault.InvalidCursor} {
		s, err := f.client.Exchange(f.as("kela"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &open{Cursor: cursor}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(); fault.ReasonOf(err) != want {
			t.Errorf("%s opens: %v", cursor, err)
		}
		opened := f.open(&open{})
		opened.acknowledge(cursor)
		if err := opened.ended(); fault.ReasonOf(err) != want {
			t.Errorf("%s acknowledges: %v", cursor, err)
		}
		if _, err := f.client.ListMessages(f.as("kela"), &exchangev1.ListMessagesRequest{Cursor: cursor}); fault.ReasonOf(err) != want {
			t.Errorf("%s lists: %v", cursor, err)
		}
		if _, err := f.client.AcknowledgeMessages(f.as("kela"), &exchangev1.AcknowledgeMessagesRequest{Cursor: cursor}); fault.ReasonOf(err) != want {
			t.Errorf("%s is acknowledged: %v", cursor, err)
		}
	}
	if got := f.consumer("default").Sequence; got != 0 {
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

// Requests about one subject run in order, and requests about different subjects in parallel. They run in the
// caller's name, and each gets its receipt.
func TestSendsAreInOrderPerSubject(t *testing.T) {
	f := newFixture(t, never)
	s := f.open(&open{})
	s.send(take("one", "1"))
	s.send(take("one", "2"))
	s.send(take("two", "3"))
	begun := map[string]bool{<-f.steps.begun: true, <-f.steps.begun: true}
	if !begun["one 1 kela"] || !begun["two 3 kela"] {
		t.Errorf("begun: %v", begun)
	}
	answered := map[string]bool{}
	for range 3 {
		f.steps.let <- struct{}{}
		r := s.recv().GetReceipt()
		response := &concernv1.TakeConcernResponse{}
		if err := r.GetResponse().UnmarshalTo(response); err != nil {
			t.Fatal(r, err)
		}
		answered[r.GetRequestId()+response.GetConcern().GetConcernId()] = true
	}
	if got := <-f.steps.begun; got != "one 2 kela" || !answered["1one"] || !answered["2one"] || !answered["3two"] {
		t.Errorf("then %s; answered %v", got, answered)
	}
}

// More than 64 pending sends are refused, while acknowledgements are still taken.
func TestTooManySends(t *testing.T) {
	f := newFixture(t, never)
	f.append(1, "")
	s := f.open(&open{})
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
	close(f.steps.let)
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
	if got := f.consumer("default").Sequence; got != 1 {
		t.Errorf("acknowledged %d", got)
	}
}

// A request that cannot be sent is refused in its receipt, and the stream stays open.
func TestRefusedSends(t *testing.T) {
	f := newFixture(t, never)
	close(f.steps.let)
	s := f.open(&open{})
	broken := take("one", "b")
	broken.GetSend().Request.Value = []byte("\x0a\xff")
	named := take("one", "n")
	named.GetSend().OnBehalfOf = "kela-17;a;benefit_handler"
	for name, test := range map[string]struct {
		request *exchangev1.ExchangeRequest
		reason  fault.Reason
	}{
		"another request_id": {sending("a", &concernv1.TakeConcernRequest{ConcernId: "one", RequestId: "z"}), fault.InvalidField},
		"no request":         {sending("a", &concernv1.TakeConcernResponse{}), fault.InvalidField},
		"a stream":           {sending("a", &exchangev1.ExchangeRequest{}), fault.InvalidField},
		"another service":    {sending("a", &exchangev1.ListMessagesRequest{}), fault.InvalidField},
		"broken":             {broken, fault.InvalidField},
		"a worker besides":   {named, fault.InvalidField},
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

// A client that has closed its sending side still gets its receipts.
func TestHalfClosed(t *testing.T) {
	f := newFixture(t, never)
	s := f.open(&open{})
	s.send(take("one", "1"))
	<-f.steps.begun
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	f.steps.let <- struct{}{}
	if r := s.recv().GetReceipt(); r.GetResponse() == nil {
		t.Errorf("%v", r)
	}
	if err := s.ended(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// A stream that is not opened once, and first, ends with INVALID_FIELD.
func TestFormOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, never)
		for name, requests := range map[string][]*exchangev1.ExchangeRequest{
			"not opened": {take("one", uuid.NewString())}, "never opened": nil, "empty": {{}},
		} {
			s, err := f.client.Exchange(f.as("kela"))
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
		twice := f.open(&open{})
		twice.send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &open{}}})
		if err := twice.ended(); fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("opened twice: %v", err)
		}
	})
}

// A message is delivered only after its reading is recorded in the access log.
func TestStreamsFailClosed(t *testing.T) {
	f := newFixture(t, never)
	f.append(2, "")
	s := f.open(&open{Cursor: mailbox.Cursor{}.String()})
	s.deliveries(1, 2)
	var purposes []string
	for access, err := range f.store.RawAccesses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		purposes = append(purposes, access.Method+" "+access.Purpose)
	}
	if len(purposes) != 1 || !strings.HasSuffix(purposes[0], "/Exchange mailbox from 1 on") {
		t.Error(purposes)
	}
	f.store.broken.Store(true)
	unrecorded, err := f.client.Exchange(f.as("kela"))
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

// A drain ends open streams without an error, so that their readers open them again.
func TestDrain(t *testing.T) {
	f := newFixture(t, never)
	s := f.open(&open{})
	f.drain()
	if err := s.ended(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
