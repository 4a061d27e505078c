package callback

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

var (
	attempts  = telemetry.Counter("koppi.callback.attempts", "{call}", "Calls of agencies' endpoints.")
	failures  = telemetry.Counter("koppi.callback.failures", "{call}", "Calls of agencies' endpoints that failed.")
	parkings  = telemetry.Counter("koppi.callback.parked", "{message}", "Messages that an endpoint refused permanently: an alarm.")
	delivered = telemetry.Counter("koppi.callback.delivered", "{message}", "Messages that endpoints accepted.")
)

// permanent are the codes with which an endpoint refuses a message permanently.
var permanent = []codes.Code{codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented}

// Permanent reports whether an endpoint that refuses a message with this code refuses it permanently.
func Permanent(code codes.Code) bool { return slices.Contains(permanent, code) }

// outcome is the result of a call to an endpoint: how many messages it took, and why it did not
// take the next.
type outcome struct {
	taken   int
	refused codes.Code
	err     error
}

// call calls the endpoint once with messages and the cursor after them. An answer that contradicts
// itself counts as a failed call. A message that cannot be written as JSON counts as refused
// permanently by the endpoint: it is parked, and can be delivered later.
func (c *caller) call(ctx context.Context, messages []*exchangev1.CaseMessage, behind func([]*exchangev1.CaseMessage) mailbox.Cursor) outcome {
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

func (c *caller) send(ctx context.Context, messages []*exchangev1.CaseMessage, cursor mailbox.Cursor) outcome {
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
	began := time.Now() //nolint:forbidigo // the wire's time
	response, err := c.endpoint.deliver(limited, &exchangev1.DeliverRequest{Messages: messages, Cursor: cursor.String()})
	o := outcome{taken: int(response.GetAccepted()), refused: codes.Code(response.GetRefused().GetCode()), err: err} //nolint:gosec // a code
	switch {
	case err == nil && o.taken > len(messages):
		o = outcome{refused: codes.Unknown}
	case err == nil && o.taken < len(messages) && o.refused == codes.OK:
		o.refused = codes.Unknown
	}
	kind := exchangev1.EndpointCallKind_ENDPOINT_CALL_KIND_DELIVERY
	if len(messages) > 0 && messages[0].GetRedelivered() {
		kind = exchangev1.EndpointCallKind_ENDPOINT_CALL_KIND_REDELIVERY
	}
	c.state.called(callOf(kind, began, len(messages), o))
	return o
}

// sendable is how many of the messages, from the first, can be written as JSON. A service of a
// newer version than this gateway may send an event of a type that the gateway does not know.
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

// about is the metrics attribute that names the agency.
func (c *caller) about() metric.MeasurementOption {
	return metric.WithAttributes(telemetry.KeyAgency.String(c.agency))
}

func (o outcome) failed(messages int) bool { return o.err != nil || o.taken < messages }

// deliver calls the endpoint with messages in order, and returns how many of them are finished
// with. An error ends the session.
func (c *caller) deliver(ctx context.Context, batch []*exchangev1.CaseMessage) (int, error) {
	batch = sized(batch)
	messages, err := c.withTombstones(ctx, batch[:min(len(batch), c.most)])
	if err != nil {
		return 0, c.delayForService(ctx, err)
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
		c.state.answered(true)
	}
	if err := c.acknowledge(ctx); err != nil {
		return o.taken, err
	}
	if !o.failed(len(messages)) {
		c.most = min(maxBatch, 2*c.most)
		return o.taken, nil
	}
	if o.err != nil && len(messages) > 1 {
		// Smaller calls find the message that is too large for the endpoint, or that it does not
		// understand.
		c.most = len(messages) / 2
		if isNotUnderstood(o.err) {
			c.most = 1
			return 0, nil
		}
	}
	refused := batch[o.taken]
	if o.err != nil && len(messages) == 1 && isNotUnderstood(o.err) {
		// An older version of a partner's program may answer so to a kind of message that it does
		// not know. The message is parked for it, and does not delay the messages after it.
		o.refused, o.err = codes.InvalidArgument, nil
	}
	if o.err != nil || !Permanent(o.refused) || c.parkedAt(refused) != nil {
		c.delay(ctx, o)
		return o.taken, nil
	}
	if err := c.park(ctx, refused, o.refused); err != nil {
		return o.taken, c.delayForService(ctx, err)
	}
	return o.taken, nil
}

// isNotUnderstood reports whether an endpoint answered that it did not understand the call.
func isNotUnderstood(err error) bool { return Permanent(refusalOf(err).code) }

// delayForService delays the next call by the first retry interval, where a service of Koppi does not answer.
// It returns the error if that ends the session.
func (c *caller) delayForService(ctx context.Context, err error) error {
	c.again = time.Now().Add(c.config.Timing.FirstRetry) //nolint:forbidigo // waits are of the wall clock
	c.logger.WarnContext(ctx, "callback delayed: a service does not answer", slog.String("error", err.Error()))
	return sessionError(ctx, err)
}

// delay delays the next call after a failure: by the endpoint's own retry time, limited to the
// configured interval, or else by the next backoff.
func (c *caller) delay(ctx context.Context, o outcome) {
	failures.Add(ctx, 1, c.about())
	pause, code := c.waits.NextBackOff(), o.refused
	if o.err != nil {
		refused := refusalOf(o.err)
		if code = refused.code; refused.after > 0 {
			pause = min(max(refused.after, c.config.Timing.FirstRetry), c.config.Timing.LastRetry)
		}
	}
	c.again = time.Now().Add(pause) //nolint:forbidigo // waits are of the wall clock
	c.state.failed(o, c.again)
	c.logger.WarnContext(ctx, "callback failed", slog.String("code", code.String()), slog.String("error", errorText(o.err)), slog.String("again_in", pause.Round(time.Millisecond).String()))
}

// callNow ends the waits after failures: what waits, and what is parked and to be retried, is delivered at once.
func (c *caller) callNow(ctx context.Context) {
	c.again = time.Time{}
	c.waits.Reset()
	for _, subjects := range c.parked {
		for _, one := range subjects {
			one.again = time.Time{}
			one.waits.Reset()
		}
	}
	c.logger.InfoContext(ctx, "callback asked for by an operator")
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// sessionError is the error if it ends the session: the context has ended, or another gateway has
// opened the mailbox. Otherwise it is nil.
func sessionError(ctx context.Context, err error) error {
	if ctx.Err() != nil || fault.ReasonOf(err) == fault.TakenOver {
		return err
	}
	return nil
}

// sized is the part of a batch that fits into one call: at most maxBytes, but at least one message.
func sized(batch []*exchangev1.CaseMessage) []*exchangev1.CaseMessage {
	size := 0
	for i, message := range batch {
		if size += proto.Size(message); i > 0 && size > maxBytes {
			return batch[:i]
		}
	}
	return batch
}

// withTombstones are the messages as the endpoint gets them: messages of parked subjects become
// tombstones. A repeated message has the same form as before.
func (c *caller) withTombstones(ctx context.Context, batch []*exchangev1.CaseMessage) ([]*exchangev1.CaseMessage, error) {
	replaced := make([]*exchangev1.CaseMessage, 0, len(batch))
	for _, message := range batch {
		if c.parked[message.GetService()] == nil {
			if err := c.readParked(ctx, message.GetService()); err != nil {
				return nil, err
			}
		}
		if c.parkedAt(message) != nil {
			message = Tombstone(message)
		}
		replaced = append(replaced, message)
	}
	return replaced, nil
}

// behind is the cursor after the given messages.
func (c *caller) behind(messages []*exchangev1.CaseMessage) mailbox.Cursor {
	cursor := slices.Clone(c.cursor)
	for _, message := range messages {
		cursor = moved(cursor, message)
	}
	return cursor
}

// moved is a cursor with the position of one service after a message.
func moved(cursor mailbox.Cursor, message *exchangev1.CaseMessage) mailbox.Cursor {
	at := mailbox.Behind(message)
	for i := range cursor {
		if cursor[i].Service == at.Service {
			cursor[i] = at
			return cursor
		}
	}
	return append(cursor, at)
}

// acknowledge records, before the next call, what the endpoint has taken. A service that does not
// answer gets the acknowledgement later; if another gateway takes over before that, it repeats
// these messages.
func (c *caller) acknowledge(ctx context.Context) error {
	if len(c.unacknowledged) == 0 {
		return nil
	}
	_, err := c.client.AcknowledgeMessages(ctx, &exchangev1.AcknowledgeMessagesRequest{
		Cursor: c.unacknowledged.String(), Consumer: Consumer, Takeover: c.epoch,
	})
	if err != nil {
		c.logger.WarnContext(ctx, "callback not acknowledged", slog.String("error", err.Error()))
		return sessionError(ctx, err)
	}
	c.unacknowledged = nil
	return nil
}
