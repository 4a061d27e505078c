package callback

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/exchange"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

var (
	attempts  = telemetry.Counter("koppi.callback.attempts", "{call}", "Calls of agencies' endpoints.")
	failures  = telemetry.Counter("koppi.callback.failures", "{call}", "Calls of agencies' endpoints that failed.")
	parkings  = telemetry.Counter("koppi.callback.parked", "{message}", "Messages that an endpoint refused for good: an alarm.")
	delivered = telemetry.Counter("koppi.callback.delivered", "{message}", "Messages that endpoints took.")
)

// fatal are the codes with which an endpoint refuses a message for good.
var fatal = []codes.Code{codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented}

// outcome is what an endpoint made of a call.
type outcome struct {
	taken   int
	refused codes.Code
	err     error
}

// call calls the endpoint once with messages and the cursor behind them. What is no
// sensible answer is none. A message that cannot be written is refused for good, as by
// the endpoint: it is parked, and may be tried again later.
func (c *caller) call(ctx context.Context, messages []*exchangev1.CaseMessage, behind func([]*exchangev1.CaseMessage) exchange.Cursor) outcome {
	can := sendable(messages)
	if can == 0 {
		return outcome{refused: codes.Unimplemented}
	}
	o := c.send(ctx, messages[:can], behind(messages[:can]))
	if !o.failed(can) && can < len(messages) {
		o.refused = codes.Unimplemented
	}
	return o
}

func (c *caller) send(ctx context.Context, messages []*exchangev1.CaseMessage, cursor exchange.Cursor) outcome {
	limited, cancel := context.WithTimeout(ctx, c.config.Timing.Answer)
	defer cancel()
	links := make([]string, 0, len(messages))
	for _, message := range messages {
		links = append(links, message.GetTraceparent())
	}
	name, options := telemetry.CallingBack(c.agency, len(messages))
	limited, span := telemetry.Linked(limited, name, links, options...)
	defer span.End()
	attempts.Add(ctx, 1, c.about())
	response, err := c.endpoint.deliver(limited, &exchangev1.DeliverRequest{Messages: messages, Cursor: cursor.String()})
	o := outcome{taken: int(response.GetAccepted()), refused: codes.Code(response.GetRefused().GetCode()), err: err} //nolint:gosec // a code
	switch {
	case err == nil && o.taken > len(messages):
		return outcome{refused: codes.Unknown}
	case err == nil && o.taken < len(messages) && o.refused == codes.OK:
		o.refused = codes.Unknown
	}
	return o
}

// sendable is how many of the messages, from the first, can be written as JSON. A service
// that knows more than this gateway may have told of something that the gateway cannot name.
func sendable(messages []*exchangev1.CaseMessage) int {
	for i, message := range messages {
		if event := message.GetEvent(); event != nil {
			if _, err := event.UnmarshalNew(); err != nil {
				return i
			}
		}
	}
	return len(messages)
}

// about says in metrics whom it calls.
func (c *caller) about() metric.MeasurementOption {
	return metric.WithAttributes(telemetry.KeyAgency.String(c.agency))
}

func (o outcome) failed(messages int) bool { return o.err != nil || o.taken < messages }

// deliver calls the endpoint with messages in order, and returns how many are done
// with. An error ends the session.
func (c *caller) deliver(ctx context.Context, batch []*exchangev1.CaseMessage) (int, error) {
	batch = sized(batch)
	messages, err := c.dressed(ctx, batch[:min(len(batch), c.most)])
	if err != nil {
		return 0, c.soon(ctx, err)
	}
	o := c.call(ctx, messages, c.behind)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if o.taken > 0 {
		delivered.Add(ctx, int64(o.taken), c.about())
		c.cursor = c.behind(messages[:o.taken])
		for _, message := range messages[:o.taken] {
			c.unacknowledged = moved(c.unacknowledged, message)
		}
		c.waits.Reset()
		c.again = time.Time{}
	}
	if err := c.acknowledge(ctx); err != nil {
		return o.taken, err
	}
	if !o.failed(len(messages)) {
		c.most = min(maxBatch, 2*c.most)
		return o.taken, nil
	}
	if o.err != nil && len(messages) > 1 {
		// What is too much for it, or is not understood, is found by calling with less.
		c.most = len(messages) / 2
		if misread(o.err) {
			c.most = 1
			return 0, nil
		}
	}
	refused := batch[o.taken]
	if o.err != nil && len(messages) == 1 && misread(o.err) {
		// A partner's program of before may answer so to a kind of message that it does not know. The
		// message is kept for it, apart, and holds up none behind it.
		o.refused, o.err = codes.InvalidArgument, nil
	}
	if o.err != nil || !slices.Contains(fatal, o.refused) || c.parkedAt(refused) != nil {
		c.later(ctx, o)
		return o.taken, nil
	}
	if err := c.park(ctx, refused, o.refused); err != nil {
		return o.taken, c.soon(ctx, err)
	}
	return o.taken, nil
}

// misread tells that an endpoint did not understand what it was sent.
func misread(err error) bool { return slices.Contains(fatal, refusalOf(err).code) }

// soon puts the next call off a little, where it is Koppi that does not answer. It
// returns the error if that ends the session.
func (c *caller) soon(ctx context.Context, err error) error {
	c.again = time.Now().Add(c.config.Timing.FirstRetry) //nolint:forbidigo // waits are of the wall clock
	c.logger.WarnContext(ctx, "callback waits for a service", slog.String("error", err.Error()))
	return sessionError(ctx, err)
}

// later puts the next call off.
func (c *caller) later(ctx context.Context, o outcome) {
	failures.Add(ctx, 1, c.about())
	pause, code := c.waits.NextBackOff(), o.refused
	if o.err != nil {
		refused := refusalOf(o.err)
		if code = refused.code; refused.after > 0 {
			pause = min(max(refused.after, c.config.Timing.FirstRetry), c.config.Timing.LastRetry)
		}
	}
	c.again = time.Now().Add(pause) //nolint:forbidigo // waits are of the wall clock
	c.logger.WarnContext(ctx, "callback failed", slog.String("code", code.String()), slog.String("error", said(o.err)), slog.String("again_in", pause.Round(time.Millisecond).String()))
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// sessionError is the error if it ends the session: the mailbox is another's now, or
// nobody's.
func sessionError(ctx context.Context, err error) error {
	if ctx.Err() != nil || fault.ReasonOf(err) == fault.TakenOver {
		return err
	}
	return nil
}

// sized is as much of a batch as one call takes.
func sized(batch []*exchangev1.CaseMessage) []*exchangev1.CaseMessage {
	size := 0
	for i, message := range batch {
		if size += proto.Size(message); i > 0 && size > maxBytes {
			return batch[:i]
		}
	}
	return batch
}

// dressed are the messages as the endpoint gets them: those of parked subjects as
// tombstones. The same message has the same dress in a repetition.
func (c *caller) dressed(ctx context.Context, batch []*exchangev1.CaseMessage) ([]*exchangev1.CaseMessage, error) {
	dressed := make([]*exchangev1.CaseMessage, 0, len(batch))
	for _, message := range batch {
		if c.parked[message.GetService()] == nil {
			if err := c.look(ctx, message.GetService()); err != nil {
				return nil, err
			}
		}
		if c.parkedAt(message) != nil {
			message = Tombstone(message)
		}
		dressed = append(dressed, message)
	}
	return dressed, nil
}

// behind is the cursor behind messages.
func (c *caller) behind(messages []*exchangev1.CaseMessage) exchange.Cursor {
	cursor := slices.Clone(c.cursor)
	for _, message := range messages {
		cursor = moved(cursor, message)
	}
	return cursor
}

// moved is a cursor with one service's position behind a message.
func moved(cursor exchange.Cursor, message *exchangev1.CaseMessage) exchange.Cursor {
	at := exchange.Behind(message)
	for i := range cursor {
		if cursor[i].Service == at.Service {
			cursor[i] = at
			return cursor
		}
	}
	return append(cursor, at)
}

// acknowledge makes durable what the endpoint took, before it is called again. A
// service that does not answer is told later; meanwhile a takeover would repeat.
func (c *caller) acknowledge(ctx context.Context) error {
	if len(c.unacknowledged) == 0 {
		return nil
	}
	_, err := c.client.AcknowledgeMessages(ctx, &exchangev1.AcknowledgeMessagesRequest{
		Cursor: c.unacknowledged.String(), Consumer: Consumer, Takeover: c.takeover,
	})
	if err != nil {
		c.logger.WarnContext(ctx, "callback not acknowledged", slog.String("error", err.Error()))
		return sessionError(ctx, err)
	}
	c.unacknowledged = nil
	return nil
}
