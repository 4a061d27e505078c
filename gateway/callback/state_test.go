package callback

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// closable is an endpoint that fails with an error while it has one.
type closable struct {
	taking

	err error
}

func (e *closable) deliver(ctx context.Context, request *exchangev1.DeliverRequest) (*exchangev1.DeliverResponse, error) {
	if e.err != nil {
		return nil, e.err
	}
	return e.taking.deliver(ctx, request)
}

var closed = &refusal{code: codes.Unavailable, status: 503}

// newStated is a caller of an endpoint, with nothing parked.
func newStated(at endpoint) (*States, *caller) {
	states := &States{}
	c := newCaller(Config{
		States: states, Exchange: &ending{}, Timing: Timing{}.withDefaults(), Logger: slog.New(slog.DiscardHandler),
	}, "kela", at)
	c.parked = map[string]map[string]*parked{"concern": {}}
	return states, c
}

func concernMessage(sequence uint64) *exchangev1.CaseMessage {
	return &exchangev1.CaseMessage{Service: "concern", Sequence: sequence, Subject: fmt.Sprint("concerns/", sequence)}
}

// The state of an endpoint says since when it fails, with which code, and when it last took a message. A process that
// no longer calls the endpoint says nothing of it.
func TestState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := &closable{err: closed}
		states, c := newStated(at)
		c.state.lead(true)
		deliver := func(sequence uint64) *operatorv1.Endpoint {
			t.Helper()
			if _, err := c.deliver(t.Context(), []*exchangev1.CaseMessage{concernMessage(sequence)}); err != nil {
				t.Fatal(err)
			}
			return states.List()[0]
		}
		begun := time.Now()
		deliver(1)
		time.Sleep(time.Minute) // synctest's clock
		got := deliver(1)
		if !got.GetFailingSince().AsTime().Equal(begun) || got.GetLastCode() != int32(codes.Unavailable) || got.GetLastHttpStatus() != 503 ||
			got.GetLastSuccessAt() != nil || !got.GetAgainAt().AsTime().Equal(c.again) {
			t.Errorf("after failures: %v", got)
		}
		at.err = nil
		got = deliver(1)
		if got.GetFailingSince() != nil || got.GetLastCode() != 0 || got.GetLastHttpStatus() != 0 || got.GetAgainAt() != nil ||
			!got.GetLastSuccessAt().AsTime().Equal(begun.Add(time.Minute)) {
			t.Errorf("after a success: %v", got)
		}
		c.state.lead(false)
		if got = states.List()[0]; got.GetAgency() != "kela" || got.GetLastSuccessAt() != nil {
			t.Errorf("another process leads: %v", got)
		}
	})
}

// The code says whether the endpoint answered late, could not be reached, or gave an answer that was not understood.
func TestStateCodes(t *testing.T) {
	for name, test := range map[string]struct {
		o    outcome
		want codes.Code
	}{
		"late":                  {outcome{err: fmt.Errorf("callback: %w", &url.Error{Op: "Post", Err: context.DeadlineExceeded})}, codes.DeadlineExceeded},
		"not reached":           {outcome{err: fmt.Errorf("callback: %w", &url.Error{Op: "Post", Err: &net.OpError{Op: "dial", Err: io.EOF}})}, codes.Unavailable},
		"not understood":        {outcome{err: io.ErrUnexpectedEOF}, codes.Unknown},
		"refused for a while":   {outcome{refused: codes.ResourceExhausted}, codes.ResourceExhausted},
		"refused without words": {outcome{refused: codes.Unknown}, codes.Unknown},
	} {
		one := &state{now: make(chan struct{}, 1)}
		one.failed(test.o, time.Now())
		if got := codes.Code(one.message("kela").GetLastCode()); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// An endpoint that failed for a day is called only once an hour; after it is asked for, it is called at once. Only the
// process that calls it can be asked.
func TestCallNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := &closable{err: closed}
		states, c := newStated(at)
		if known, leads := states.CallNow("kela"); !known || leads {
			t.Errorf("before it leads: %v %v", known, leads)
		}
		if known, _ := states.CallNow("hva"); known {
			t.Error("an agency without an endpoint is known")
		}
		c.state.lead(true)
		ctx, end := context.WithCancel(t.Context())
		defer end()
		stream := &grpc.GenericClientStream[exchangev1.ExchangeRequest, exchangev1.ExchangeResponse]{ClientStream: &endingStream{ctx: ctx}}
		deliveries := make(chan *exchangev1.CaseMessage, 1)
		deliveries <- concernMessage(1)
		go func() { _ = c.work(ctx, stream, deliveries) }()
		time.Sleep(24 * time.Hour) // synctest's clock
		synctest.Wait()
		at.err = nil
		time.Sleep(10 * time.Second) // synctest's clock
		synctest.Wait()
		if len(at.got) != 0 {
			t.Fatal("the endpoint is called all the time")
		}
		if known, leads := states.CallNow("kela"); !known || !leads {
			t.Errorf("%v %v", known, leads)
		}
		synctest.Wait()
		if len(at.got) != 1 {
			t.Errorf("%v were delivered", at.got)
		}
	})
}
