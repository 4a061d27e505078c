package matter

import (
	"time"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Event is one fact of a matter, decided or recorded.
type Event struct {
	Subject string
	// Message is the service's typed event. It is never changed: code that needs a different one
	// clones it.
	Message proto.Message
	// By is the party that acted; nil if the clock caused the event.
	By    *commonv1.Party
	Basis *commonv1.LegalBasis
	At    time.Time
	// Client and Case are internal ids, the same in every event of a matter.
	Client, Case string
	// ID is the id of the message; empty until the event is recorded.
	ID string
	// Trace is the W3C traceparent of the command that caused the event; empty until the event is
	// recorded, and if the command had none. No rule depends on it.
	Trace string
}

// ByClock returns an event that results from no party's step but from the passing of time.
func ByClock(h Head, at time.Time, message proto.Message) Event {
	return Event{Subject: h.Subject, Message: message, Basis: h.Basis, At: at, Client: h.Client, Case: h.Case}
}

// NameOf returns the name of an event's message without its package.
func NameOf(message proto.Message) string { return string(message.ProtoReflect().Descriptor().Name()) }
