package callback

import (
	"context"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/mailbox"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// parked is a parked subject, as its service knows it.
type parked struct {
	*exchangev1.Parked
	// again is when the next delivery may be tried.
	again time.Time
	waits *backoff.ExponentialBackOff
}

func (c *caller) parkedAt(message *exchangev1.CaseMessage) *parked {
	return c.parked[message.GetService()][message.GetSubject()]
}

// readParked reads the parked subjects of a service.
func (c *caller) readParked(ctx context.Context, service string) error {
	listed, err := c.parking.ListParked(ctx, &exchangev1.ListParkedRequest{Service: service})
	if err != nil {
		return err
	}
	now := map[string]*parked{}
	for _, one := range listed.GetParked() {
		if one.GetConsumer() != Consumer {
			continue
		}
		known := c.parked[service][one.GetSubject()]
		if known == nil || !one.GetRetry() {
			known = &parked{waits: newBackoff(c.config.Timing.FirstRetry, c.config.Timing.LastRetry)}
		}
		known.Parked = one
		now[one.GetSubject()] = known
	}
	c.parked[service] = now
	return nil
}

// readAllParked reads the parked subjects again, in the services that the cursor names. An error ends the
// session.
func (c *caller) readAllParked(ctx context.Context) error {
	for _, at := range c.cursor {
		if err := c.readParked(ctx, at.Service); err != nil {
			c.logger.WarnContext(ctx, "read parked subjects", slog.String("service", at.Service), slog.String("error", err.Error()))
			if err := sessionError(ctx, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// park parks a message's subject, and raises the alarm: the metric koppi.callback.parked and an
// error in the log.
func (c *caller) park(ctx context.Context, message *exchangev1.CaseMessage, code codes.Code) error {
	err := c.changeParked(ctx, message.GetService(), message.GetSubject(), &exchangev1.ChangeParkedRequest{Change: &exchangev1.ChangeParkedRequest_Refused_{
		Refused: &exchangev1.ChangeParkedRequest_Refused{Sequence: message.GetSequence(), Code: int32(code)}, //nolint:gosec // a code
	}})
	if err != nil {
		return err
	}
	parkings.Add(ctx, 1, c.about())
	c.state.answered(false)
	c.logger.ErrorContext(ctx, "callback parked: koppi callbacks list shows it", slog.String("service", message.GetService()),
		slog.String("subject", message.GetSubject()), slog.Uint64("sequence", message.GetSequence()), slog.String("code", code.String()))
	return c.readParked(ctx, message.GetService())
}

func (c *caller) changeParked(ctx context.Context, service, subject string, change *exchangev1.ChangeParkedRequest) error {
	change.Service, change.Subject, change.Consumer, change.Takeover = service, subject, Consumer, c.epoch
	_, err := c.parking.ChangeParked(ctx, change)
	return err
}

// due is a parked subject that is to be retried now; nil if there is none.
func (c *caller) due() *parked {
	for _, subjects := range c.parked {
		for _, one := range subjects {
			if one.GetRetry() && time.Now().After(one.again) { //nolint:forbidigo // waits are of the wall clock
				return one
			}
		}
	}
	return nil
}

// redeliver tries to deliver a page of a parked subject's messages. When no message is left, the
// subject is released. An error ends the session.
func (c *caller) redeliver(ctx context.Context, one *parked) error {
	messages, err := c.page(ctx, one)
	if err != nil {
		c.retryLater(ctx, one, outcome{err: err})
		return sessionError(ctx, err)
	}
	if len(messages) == 0 {
		err := c.changeParked(ctx, one.GetService(), one.GetSubject(), &exchangev1.ChangeParkedRequest{
			Change: &exchangev1.ChangeParkedRequest_Released_{Released: &exchangev1.ChangeParkedRequest_Released{}},
		})
		if err != nil {
			c.retryLater(ctx, one, outcome{err: err})
			return sessionError(ctx, err)
		}
		c.logger.InfoContext(ctx, "callback no longer parked", slog.String("service", one.GetService()), slog.String("subject", one.GetSubject()))
		delete(c.parked[one.GetService()], one.GetSubject())
		return nil
	}
	o := c.call(ctx, messages, func([]*exchangev1.CaseMessage) mailbox.Cursor { return c.cursor })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if o.taken > 0 {
		last := messages[o.taken-1]
		one.Cursor, one.Sequence = mailbox.Cursor{mailbox.Behind(last)}.String(), last.GetSequence()+1
		err := c.changeParked(ctx, one.GetService(), one.GetSubject(), &exchangev1.ChangeParkedRequest{
			Change: &exchangev1.ChangeParkedRequest_AdvancedTo{AdvancedTo: one.GetSequence()},
		})
		if err := sessionError(ctx, err); err != nil {
			return err
		}
		one.waits.Reset()
		c.state.answered(true)
	}
	switch {
	case !o.failed(len(messages)):
		return nil
	case o.err == nil && Permanent(o.refused):
		if err := c.park(ctx, messages[o.taken], o.refused); err != nil {
			c.retryLater(ctx, one, outcome{err: err})
			return sessionError(ctx, err)
		}
	default:
		c.retryLater(ctx, one, o)
		c.state.failed(o, one.again)
	}
	return nil
}

// page is the next page of a parked subject's messages, up to those whose tombstones have been
// delivered.
func (c *caller) page(ctx context.Context, one *parked) ([]*exchangev1.CaseMessage, error) {
	cursor := one.GetCursor()
	if at, err := mailbox.ParseCursor(cursor); err != nil || len(at) == 0 {
		// Begin with the first message. The cursor names no position; it differs from an empty
		// string.
		cursor = mailbox.Cursor{}.String()
	}
	listed, err := c.client.ListMessages(ctx, &exchangev1.ListMessagesRequest{
		Cursor: cursor, Consumer: Consumer, Service: one.GetService(), Subject: one.GetSubject(), PageSize: maxBatch, WithRecords: true,
	})
	if err != nil {
		return nil, err
	}
	var messages []*exchangev1.CaseMessage
	for _, message := range sized(listed.GetMessages()) {
		if message.GetSequence() > c.cursor.At(one.GetService()).Sequence {
			break
		}
		message = proto.CloneOf(message)
		message.Redelivered = true
		messages = append(messages, message)
	}
	return messages, nil
}

func (c *caller) retryLater(ctx context.Context, one *parked, o outcome) {
	pause := one.waits.NextBackOff()
	one.again = time.Now().Add(pause) //nolint:forbidigo // waits are of the wall clock
	c.logger.WarnContext(ctx, "callback failed again", slog.String("subject", one.GetSubject()), slog.String("code", o.refused.String()),
		slog.String("error", errorText(o.err)), slog.Duration("again_in", pause))
}
