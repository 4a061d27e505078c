package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
)

// Attributes of spans, beside OpenTelemetry's conventions for RPC, databases and messaging. Nothing else of a
// message is in a span: the name of a subject is random, and the outcome of a person's matter is left out.
const (
	// KeyService is the service to which the matter belongs, such as "concern".
	KeyService = attribute.Key("koppi.service")
	// KeySubject is the matter, such as "concerns/0194…".
	KeySubject = attribute.Key("koppi.subject")
	// KeyAgency is the agency that acted or that receives the message.
	KeyAgency = attribute.Key("koppi.agency")
	// KeyPhase is the phase of the matter after the command, such as "LOOP_PHASE_TAKEN".
	KeyPhase = attribute.Key("koppi.phase")
	// KeyOutcome is the outcome of the command: "recorded", "repeated", "nothing", or the reason of its
	// refusal.
	KeyOutcome = attribute.Key("koppi.outcome")
	// KeyEvent is the full name of the recorded event's message type.
	KeyEvent = attribute.Key("koppi.event")
	// KeyUrgency is the urgency of the matter, such as "URGENCY_EMERGENCY".
	KeyUrgency = attribute.Key("koppi.urgency")
	// KeyGround is the key of a row of the table of grounds, such as "shl-35-2", and KeyReviewed says
	// whether a lawyer had accepted the row.
	KeyGround   = attribute.Key("koppi.ground")
	KeyReviewed = attribute.Key("koppi.reviewed")
	// KeyWaitingOn is the agency whose turn it is.
	KeyWaitingOn = attribute.Key("koppi.waiting_on")

	// KeyReader is the kind of reader of an agency's mailbox: ReaderCallback or another. The agency's own
	// name for the reader is left out.
	KeyReader = attribute.Key("koppi.reader")
	// KeyReason is the reason of a refusal.
	KeyReason = attribute.Key("koppi.reason")

	keyBroken = attribute.Key("koppi.broken")
)

// EventNotify is the span event that marks the notification of readers of a mailbox.
const EventNotify = "wake"

// broken marks traces of matters in which something is overdue. They are always kept.
var broken = keyBroken.Bool(true)

// message returns the attributes of a message by OpenTelemetry's conventions for messaging; a mailbox is a
// destination.
func message(operation string, kind attribute.KeyValue, mailbox, id, subject string) trace.SpanStartOption {
	return trace.WithAttributes(
		semconv.MessagingSystemKey.String("koppi"), semconv.MessagingOperationName(operation), kind,
		semconv.MessagingDestinationName(mailbox), semconv.MessagingMessageID(id), KeySubject.String(subject), KeyAgency.String(mailbox),
	)
}

// Sending returns the name and attributes of the span in which a message is put into a mailbox.
func Sending(mailbox, id, subject string) (string, []trace.SpanStartOption) {
	return "send " + mailbox, []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindProducer), message("send", semconv.MessagingOperationTypeSend, mailbox, id, subject),
	}
}

// Delivering returns those of the span in which a message is delivered to a reader of the mailbox.
func Delivering(mailbox, id, subject string) (string, []trace.SpanStartOption) {
	return "deliver " + mailbox, []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindConsumer), message("deliver", semconv.MessagingOperationTypeReceive, mailbox, id, subject),
	}
}

// CallingBack returns those of the span in which messages are delivered to an agency's endpoint.
func CallingBack(mailbox string, messages int) (string, []trace.SpanStartOption) {
	return "callback " + mailbox, []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			semconv.MessagingSystemKey.String("koppi"), semconv.MessagingOperationName("callback"), semconv.MessagingOperationTypeProcess,
			semconv.MessagingDestinationName(mailbox), semconv.MessagingBatchMessageCount(messages), KeyAgency.String(mailbox),
		),
	}
}
