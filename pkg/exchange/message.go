package exchange

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// RuleErased names why a tombstone stands where a message stood: its key is gone.
const RuleErased = "erased"

// Message is a stored delivery as its reader gets it. With records it brings the
// bytes that the hashes are over, for a reader that verifies.
func Message(service string, delivery journal.Delivery, withRecord bool) (*exchangev1.CaseMessage, error) {
	message := &exchangev1.CaseMessage{}
	if delivery.Tombstone {
		message = &exchangev1.CaseMessage{
			MessageId: delivery.ID, Service: service, Mailbox: delivery.Agency, Sequence: delivery.Sequence,
			Subject: delivery.Subject, SubjectVersion: delivery.SubjectVersion,
			Withheld: []*exchangev1.Withheld{{Field: "event", Rule: RuleErased}},
		}
	} else if err := proto.Unmarshal(delivery.Record, message); err != nil {
		return nil, fmt.Errorf("exchange: stored message %d of a mailbox: %w", delivery.Sequence, err)
	}
	message.ContentHash, message.ChainHash = delivery.ContentHash, delivery.ChainHash
	if withRecord && !delivery.Tombstone {
		message.Record, message.Nonce = delivery.Record, delivery.Nonce
	}
	return message, nil
}

// delivering is the trace in which a message is handed to its reader: one of its own, of
// which the command's is no part; empty where none is made.
func delivering(ctx context.Context, service string, delivery journal.Delivery) string {
	name, options := telemetry.Delivering(delivery.Agency, delivery.ID, delivery.Subject)
	named := telemetry.Delivery{Mailbox: delivery.Agency, Subject: delivery.Subject, ID: delivery.ID}
	return named.Delivered(ctx, name, delivery.Trace, append(options, trace.WithAttributes(telemetry.KeyService.String(service)))...)
}
