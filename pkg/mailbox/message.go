package mailbox

import (
	"cmp"
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Rules that say why a tombstone takes the place of a message: its key is destroyed; the stored record cannot
// be read, or cannot be written in every format in which it is delivered; the message exceeds the size limit.
const (
	RuleErased     = "erased"
	RuleUnreadable = "unreadable"
	RuleTooLarge   = "too-large"
)

var undeliverable = telemetry.Counter("koppi.messages.undeliverable", "{message}", "Messages read from mailboxes that cannot be delivered: a tombstone stands in their place.")

// Message returns a stored delivery as its reader gets it. With withRecord it includes the bytes over which
// the hashes are computed, for a reader that verifies them. A message that cannot be delivered is replaced by
// a tombstone, so that it does not block the messages after it.
func Message(service string, delivery journal.Delivery, withRecord bool) *exchangev1.CaseMessage {
	message, rule := opened(service, delivery)
	if rule != "" {
		message = &exchangev1.CaseMessage{
			MessageId: delivery.ID, Service: service, Mailbox: delivery.Agency, Sequence: delivery.Sequence,
			Subject: delivery.Subject, SubjectVersion: delivery.SubjectVersion,
			Withheld: withheld(rule),
		}
	} else if withRecord {
		message.Record, message.Nonce = delivery.Record, delivery.Nonce
	}
	message.ContentHash, message.ChainHash = delivery.ContentHash, delivery.ChainHash
	return message
}

func withheld(rule string) []*exchangev1.Withheld {
	return []*exchangev1.Withheld{{Field: "event", Rule: rule}}
}

// Bounded returns a message that was not read from a mailbox, without its event if the message is larger than
// matter.MaxRecord.
func Bounded(message *exchangev1.CaseMessage) *exchangev1.CaseMessage {
	if proto.Size(message) <= matter.MaxRecord {
		return message
	}
	return &exchangev1.CaseMessage{
		MessageId: message.GetMessageId(), Service: message.GetService(), Mailbox: message.GetMailbox(), Subject: message.GetSubject(),
		SubjectVersion: message.GetSubjectVersion(), OccurredAt: message.GetOccurredAt(), Withheld: withheld(RuleTooLarge),
	}
}

// opened parses a record. If the record cannot be delivered, rule says why.
func opened(service string, delivery journal.Delivery) (message *exchangev1.CaseMessage, rule string) {
	switch {
	case delivery.Unreadable:
		return nil, RuleUnreadable
	case delivery.Tombstone:
		return nil, RuleErased
	case len(delivery.Record) > matter.MaxRecord:
		return nil, RuleTooLarge
	}
	message = &exchangev1.CaseMessage{}
	isOther := func() bool { return message.GetService() != service || message.GetSequence() != delivery.Sequence }
	if proto.Unmarshal(delivery.Record, message) != nil || isOther() || !canBeWritten(message) {
		return nil, RuleUnreadable
	}
	return message, ""
}

// canBeWritten reports whether a message can also be written as JSON: the type of its event is known, the
// event can be parsed, and all times are valid.
func canBeWritten(message *exchangev1.CaseMessage) bool {
	if !sound(message.ProtoReflect()) {
		return false
	}
	if message.GetEvent() == nil {
		return true
	}
	event, err := message.GetEvent().UnmarshalNew()
	return err == nil && sound(event.ProtoReflect())
}

// sound reports whether all timestamps and durations in a message are valid.
func sound(message protoreflect.Message) bool {
	switch known := message.Interface().(type) {
	case *timestamppb.Timestamp:
		return known.CheckValid() == nil
	case *durationpb.Duration:
		return known.CheckValid() == nil
	}
	well := true
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			for i := 0; well && i < value.List().Len(); i++ {
				well = sound(value.List().Get(i).Message())
			}
		default:
			well = sound(value.Message())
		}
		return well
	})
	return well
}

// messages returns deliveries as their reader gets them, as many as fit into a page but at least one, and
// whether all of them fitted.
func (s *Server) messages(ctx context.Context, deliveries []journal.Delivery, withRecords bool) (messages []*exchangev1.CaseMessage, all bool) {
	page := Page{}
	defer func() { s.addErasures(ctx, deliveries, messages) }()
	for _, delivery := range deliveries {
		message := Message(s.config.Service, delivery, withRecords)
		if !page.Takes(message) {
			return messages, false
		}
		s.report(ctx, message)
		message.Traceparent = traceparent(ctx, s.config.Service, delivery)
		messages = append(messages, message)
	}
	return messages, true
}

// addErasures adds to each tombstone the reason for which its key was destroyed.
func (s *Server) addErasures(ctx context.Context, deliveries []journal.Delivery, messages []*exchangev1.CaseMessage) {
	if s.config.Erasures == nil {
		return
	}
	var gone []journal.Delivery
	var erased []*exchangev1.Withheld
	for i, message := range messages {
		if withheld := message.GetWithheld(); message.GetEvent() == nil && len(withheld) == 1 && withheld[0].GetRule() == RuleErased {
			gone, erased = append(gone, deliveries[i]), append(erased, withheld[0])
		}
	}
	if len(gone) == 0 {
		return
	}
	for i, why := range s.config.Erasures(ctx, gone) {
		erased[i].Erasure = why
	}
}

// report counts and logs a message that cannot be delivered, so that an alert fires.
func (s *Server) report(ctx context.Context, message *exchangev1.CaseMessage) {
	if message.GetEvent() != nil || len(message.GetWithheld()) != 1 {
		return
	}
	switch rule := message.GetWithheld()[0].GetRule(); rule {
	case RuleUnreadable, RuleTooLarge:
		undeliverable.Add(ctx, 1, metric.WithAttributes(telemetry.KeyService.String(s.config.Service), telemetry.KeyReason.String(rule)))
		s.config.Logger.ErrorContext(ctx, "a message cannot be delivered", slog.String("service", s.config.Service), slog.String("agency", message.GetMailbox()),
			slog.Uint64("sequence", message.GetSequence()), slog.String("rule", rule))
	}
}

// Page counts the messages of one answer and their size.
type Page struct{ size, count int }

// eachInPage is an upper bound, in bytes, of what an answer adds to each message, including its traceparent.
const eachInPage = 80

// Takes reports whether a message fits into an answer after those already taken, and counts it if it does.
// The first message always fits, because no message is larger than an answer may be.
func (p *Page) Takes(message proto.Message) bool { return p.Within(matter.MaxAnswer, message) }

// Within is Takes with a smaller limit, in bytes, for a part of an answer.
func (p *Page) Within(most int, message proto.Message) bool {
	size := p.size + proto.Size(message) + eachInPage
	if p.count > 0 && size > most {
		return false
	}
	p.size, p.count = size, p.count+1
	return true
}

// traceparent returns the traceparent of a delivery's own trace, of which the trace of the command is not a
// part; empty if this process makes no traces.
func traceparent(ctx context.Context, service string, delivery journal.Delivery) string {
	if !telemetry.Delivers() {
		return ""
	}
	name, options := telemetry.Delivering(delivery.Agency, delivery.ID, delivery.Subject)
	named := telemetry.Delivery{Mailbox: delivery.Agency, Subject: delivery.Subject, ID: delivery.ID}
	return named.Delivered(ctx, name, delivery.Trace, append(options, trace.WithAttributes(telemetry.KeyService.String(service)))...)
}

// ByTime orders messages by the time of the event; at the same time by subject, then by subject
// version. Ids give no order: they are random within a second.
func ByTime(a, b *exchangev1.CaseMessage) int {
	return cmp.Or(
		a.GetOccurredAt().AsTime().Compare(b.GetOccurredAt().AsTime()),
		cmp.Compare(a.GetSubject(), b.GetSubject()),
		cmp.Compare(a.GetSubjectVersion(), b.GetSubjectVersion()),
	)
}
