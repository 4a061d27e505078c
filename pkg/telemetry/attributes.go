package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
)

// What spans say of loops, beside OpenTelemetry's conventions for RPC, databases and
// messaging. Nothing else of a message is in a span: a subject's name is a random one, and
// what became of a person's matter is not told.
const (
	// KeyService is the service that keeps the loop, such as "concern".
	KeyService = attribute.Key("koppi.service")
	// KeySubject is the loop, such as "concerns/0194…".
	KeySubject = attribute.Key("koppi.subject")
	// KeyAgency is who acted, or who is told.
	KeyAgency = attribute.Key("koppi.agency")
	// KeyPhase is the loop's phase after, such as "LOOP_PHASE_TAKEN".
	KeyPhase = attribute.Key("koppi.phase")
	// KeyOutcome is what became of the command: "recorded", "repeated", "nothing", or the
	// reason of its refusal.
	KeyOutcome = attribute.Key("koppi.outcome")
	// KeyEvent is what was recorded, by its message's full name.
	KeyEvent = attribute.Key("koppi.event")
	// KeyUrgency is how urgent it is, such as "URGENCY_EMERGENCY".
	KeyUrgency = attribute.Key("koppi.urgency")
	// KeyWaitingOn is the agency whose turn it is.
	KeyWaitingOn = attribute.Key("koppi.waiting_on")

	// KeyReader is which of an agency's readers of its mailbox: ReaderCallback or another.
	// What an agency calls its own is not told.
	KeyReader = attribute.Key("koppi.reader")
	// KeyReason is why something was refused.
	KeyReason = attribute.Key("koppi.reason")

	keyBroken = attribute.Key("koppi.broken")
)

// EventNotify is the event of a span in which readers of a mailbox are woken.
const EventNotify = "wake"

// broken is said of loops in which something is past due. Such are always kept.
var broken = keyBroken.Bool(true)

// message are a message's attributes by the conventions for messaging; a mailbox is a
// destination.
func message(operation string, kind attribute.KeyValue, mailbox, id, subject string) trace.SpanStartOption {
	return trace.WithAttributes(
		semconv.MessagingSystemKey.String("koppi"), semconv.MessagingOperationName(operation), kind,
		semconv.MessagingDestinationName(mailbox), semconv.MessagingMessageID(id), KeySubject.String(subject), KeyAgency.String(mailbox),
	)
}

// Sending are the name and attributes of the span of a message that is put into a mailbox.
func Sending(mailbox, id, subject string) (string, []trace.SpanStartOption) {
	return "send " + mailbox, []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindProducer), message("send", semconv.MessagingOperationTypeSend, mailbox, id, subject),
	}
}

// Delivering are those of one that is handed to a reader of the mailbox.
func Delivering(mailbox, id, subject string) (string, []trace.SpanStartOption) {
	return "deliver " + mailbox, []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindConsumer), message("deliver", semconv.MessagingOperationTypeReceive, mailbox, id, subject),
	}
}

// CallingBack are those of several that are brought to an agency's endpoint.
func CallingBack(mailbox string, messages int) (string, []trace.SpanStartOption) {
	return "callback " + mailbox, []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			semconv.MessagingSystemKey.String("koppi"), semconv.MessagingOperationName("callback"), semconv.MessagingOperationTypeProcess,
			semconv.MessagingDestinationName(mailbox), semconv.MessagingBatchMessageCount(messages), KeyAgency.String(mailbox),
		),
	}
}
