package callback

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/pkg/mailbox"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// taking is an endpoint that accepts all messages.
type taking struct{ got []uint64 }

func (e *taking) deliver(_ context.Context, request *exchangev1.DeliverRequest) (*exchangev1.DeliverResponse, error) {
	for _, message := range request.GetMessages() {
		e.got = append(e.got, message.GetSequence())
	}
	return &exchangev1.DeliverResponse{Accepted: uint32(len(request.GetMessages()))}, nil
}

func (e *taking) close() {}

// A message that this gateway cannot write as JSON counts as refused permanently, so that its subject is parked. The
// messages before it are delivered, and it is not retried for ever.
func TestUnwritableMessageIsParked(t *testing.T) {
	known, err := anypb.New(&concernv1.ConcernReceived{})
	if err != nil {
		t.Fatal(err)
	}
	unknown := &anypb.Any{TypeUrl: "type.googleapis.com/koppi.concern.v9.Unheard"}
	message := func(sequence uint64, event *anypb.Any) *exchangev1.CaseMessage {
		return &exchangev1.CaseMessage{Service: "concern", Sequence: sequence, Event: event}
	}
	at := &taking{}
	c := newCaller(Config{States: &States{}, Timing: Timing{Answer: time.Minute}, Logger: slog.New(slog.DiscardHandler)}, "kela", at)
	behind := func([]*exchangev1.CaseMessage) mailbox.Cursor { return nil }
	o := c.call(t.Context(), []*exchangev1.CaseMessage{message(1, known), message(2, nil), message(3, unknown), message(4, known)}, behind)
	if o.taken != 2 || o.refused != codes.Unimplemented || o.err != nil || len(at.got) != 2 {
		t.Errorf("%+v, and %v were delivered", o, at.got)
	}
	if o = c.call(t.Context(), []*exchangev1.CaseMessage{message(3, unknown), message(4, known)}, behind); o.taken != 0 || o.refused != codes.Unimplemented || len(at.got) != 2 {
		t.Errorf("%+v, and %v were delivered", o, at.got)
	}
	if o = c.call(t.Context(), []*exchangev1.CaseMessage{message(4, known)}, behind); o.failed(1) || len(at.got) != 3 {
		t.Errorf("%+v, and %v were delivered", o, at.got)
	}
}
