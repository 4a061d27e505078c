package consultation

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/mailbox"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	"koppi.internal/services/consultation/internal/rules"
)

const (
	// announceEvery is the interval at which a stream announces its worker again. A stream that was
	// not heard for presenceLasts has left, or its process has died.
	announceEvery = 5 * time.Second
	presenceLasts = 3 * announceEvery
	// rereadAfter is the delay after which a conversation is read again when the mailbox advances,
	// in case a signal was lost.
	rereadAfter = time.Second
	// heartbeatEvery is the interval of heartbeats, which show the caller that the connection
	// works.
	heartbeatEvery = 20 * time.Second
	// typingEvery is the shortest interval at which typing is passed on.
	typingEvery = time.Second
)

type (
	stream = grpc.BidiStreamingServer[consultationv1.ConverseRequest, consultationv1.ConverseResponse]
	update = consultationv1.ConverseResponse
)

// Converse is the live form of a consultation. A message is posted as by PostMessage and shown from
// the journal: the signals between replicas say only when to read. Presence and typing are passed
// on and not stored.
func (s *Service) Converse(in stream) error {
	who, err := caller.Of(in.Context())
	if err != nil {
		return err
	}
	first, err := in.Recv()
	if err != nil {
		return err
	}
	join := first.GetJoin()
	if join == nil {
		return fault.New(fault.InvalidField, "the first message must join a conversation").Field("join", "required in the first message")
	}
	c := s.conversation(who, join.GetConsultationId(), in.Send)
	c.requests, c.broken = receive(in.Context(), in)
	return c.live(in.Context(), join.GetAfterMessageId(), "join.after_message_id")
}

// sentUntil returns how many messages a caller already has that names the last one it got. It
// refuses with fault.InvalidField if the conversation has no such message.
func sentUntil(state rules.Consultation, after, field string) (int, error) {
	if after == "" {
		return 0, nil
	}
	at := state.Message(after)
	if at < 0 {
		return 0, fault.New(fault.InvalidField, "the conversation has no such message").Field(field, "a message of this conversation")
	}
	return at + 1, nil
}

// conversation is one stream. Only run may use its fields while it runs.
type conversation struct {
	service *Service
	who     identity.Caller
	id      string
	// send sends a message to the caller.
	send func(*update) error
	// requests are what the caller sends, if it can send; broken receives the reason when that
	// ends.
	requests <-chan *consultationv1.ConverseRequest
	broken   <-chan error
	// stream is the id that distinguishes this stream from others of the same worker.
	stream string
	// sent is the number of messages that were shown. over says that no more will follow.
	sent int
	over bool
	// others are the other streams of the conversation that are present, by id.
	others map[string]other
	typed  time.Time
}

func (s *Service) conversation(who identity.Caller, id string, send func(*update) error) *conversation {
	return &conversation{service: s, who: who, id: id, stream: s.NewID(), send: send, others: map[string]other{}}
}

// live serves the conversation from the first message that the caller lacks until the stream ends.
// The access log has one entry for the whole stream.
func (c *conversation) live(ctx context.Context, after, field string) error {
	if err := c.service.Matters.CheckParty(ctx, c.who, c.id); err != nil {
		return err
	}
	signals, leave := c.service.Signals.Listen(c.id)
	defer leave()
	woken, cancel := c.service.Notify.Subscribe(c.who.Agency)
	defer cancel()
	shown, err := c.service.Matters.Show(ctx, c.id)
	if err != nil {
		return err
	}
	if c.sent, err = sentUntil(shown.State, after, field); err != nil {
		return err
	}
	if err := c.show(shown.State); err != nil {
		return err
	}
	if err := c.heartbeat(); err != nil {
		return err
	}
	defer c.announce(false)
	c.announce(true)
	return c.run(ctx, signals, woken)
}

func (c *conversation) run(ctx context.Context, signals <-chan []byte, woken <-chan struct{}) error {
	pulse := mailbox.NewPulse(heartbeatEvery, c.who.Expires)
	defer pulse.Stop()
	announce := time.NewTicker(announceEvery)
	defer announce.Stop()
	reread, waits := time.NewTimer(0), true
	defer reread.Stop()
	for !c.over {
		var err error
		select {
		case request := <-c.requests:
			err = c.take(ctx, request)
		case err := <-c.broken:
			return err
		case signal := <-signals:
			err = c.handleSignal(ctx, signal)
		case <-woken:
			if !waits {
				waits = true
				reread.Reset(rereadAfter)
			}
		case <-reread.C:
			waits = false
			err = c.catchUp(ctx)
		case <-announce.C:
			c.announce(true)
			err = c.expire()
		case <-pulse.C:
			if !pulse.Beat() {
				return pulse.Farewell
			}
			err = c.heartbeat()
		case <-c.service.drained:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// receive passes on the caller's requests until the stream breaks or the caller closes its side,
// which means that it has left.
func receive(ctx context.Context, in stream) (<-chan *consultationv1.ConverseRequest, <-chan error) {
	requests, broken := make(chan *consultationv1.ConverseRequest), make(chan error, 1)
	go func() {
		for {
			request, err := in.Recv()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			if request == nil {
				broken <- err
				return
			}
			select {
			case requests <- request:
			case <-ctx.Done():
				return
			}
		}
	}()
	return requests, broken
}

// take handles one request of the caller.
func (c *conversation) take(ctx context.Context, request *consultationv1.ConverseRequest) error {
	switch kind := request.GetKind().(type) {
	case *consultationv1.ConverseRequest_Post:
		return c.post(ctx, kind.Post)
	case *consultationv1.ConverseRequest_Typing_:
		if now := time.Now(); now.Sub(c.typed) >= typingEvery { //nolint:forbidigo // typing does not follow the domain's clock
			c.typed = now
			c.signal(kindTyping)
		}
		return nil
	default:
		return fault.New(fault.InvalidField, "after the first message, a stream takes only posts and typing").Field("kind", "post or typing")
	}
}

// post stores a message as PostMessage does and answers with a receipt. A refusal is also sent as a
// receipt, so that the conversation goes on.
func (c *conversation) post(ctx context.Context, r *consultationv1.PostMessageRequest) error {
	receipt := &consultationv1.ConverseResponse_Receipt{RequestId: r.GetRequestId()}
	posted := &consultationv1.PostMessageResponse{}
	err := c.refuseElsewhere(r)
	if err == nil {
		err = c.service.Calls.Invoke(identity.Forward(ctx), consultationv1.ConsultationService_PostMessage_FullMethodName, r, posted)
	}
	if err != nil {
		receipt.Result = &consultationv1.ConverseResponse_Receipt_Error{Error: status.Convert(fault.Scrub(err)).Proto()}
	} else {
		receipt.Result = &consultationv1.ConverseResponse_Receipt_MessageId{MessageId: posted.GetMessage().GetMessageId()}
	}
	return c.send(&update{Kind: &consultationv1.ConverseResponse_Receipt_{Receipt: receipt}})
}

func (c *conversation) refuseElsewhere(r *consultationv1.PostMessageRequest) error {
	if r.GetConsultationId() != c.id {
		return fault.New(fault.InvalidField, "this stream has joined another consultation").Field("post.consultation_id", "the consultation that was joined")
	}
	return nil
}

// catchUp shows the messages that were posted since the last one shown.
func (c *conversation) catchUp(ctx context.Context) error {
	state, err := c.service.Matters.Related(ctx, c.who, c.id)
	if err != nil {
		return err
	}
	return c.show(state)
}

func (c *conversation) show(state rules.Consultation) error {
	messages := state.Consultation.GetMessages()
	for ; c.sent < len(messages); c.sent++ {
		if err := c.send(&update{Kind: &consultationv1.ConverseResponse_Message{Message: messages[c.sent]}}); err != nil {
			return err
		}
	}
	c.over = state.Ended()
	return nil
}

func (c *conversation) heartbeat() error {
	return c.send(&update{Kind: &consultationv1.ConverseResponse_Heartbeat_{Heartbeat: &consultationv1.ConverseResponse_Heartbeat{}}})
}
