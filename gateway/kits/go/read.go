package partner

import (
	"bytes"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// readRequest parses a Connect JSON body. It takes each message from its record, over which the hash is
// computed. The record keeps event types, fields and enum values that a later version of Koppi sends and this
// kit does not know, so such a message can still be stored, verified and passed on. The readable JSON form is
// for people and other programs.
func readRequest(body []byte) (*exchangev1.DeliverRequest, error) {
	known, err := withoutEvents(body)
	if err != nil {
		return nil, err
	}
	request := &exchangev1.DeliverRequest{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(known, request); err != nil {
		return nil, fmt.Errorf("partner: %w", err)
	}
	for i, message := range request.GetMessages() {
		request.Messages[i] = fromRecord(message)
	}
	return request, nil
}

// ParseMessages reads the messages of a body in JSON: of a DeliverRequest, or of a ListMessagesResponse with records.
// What each says is taken from its record. It verifies nothing: Follow and Intact do.
func ParseMessages(body []byte) ([]*exchangev1.CaseMessage, error) {
	request, err := readRequest(body)
	return request.GetMessages(), err
}

// fromRecord returns a message as its record says it. If the record cannot be read or belongs in another place, it
// returns the message as it is, which then fails verification.
func fromRecord(message *exchangev1.CaseMessage) *exchangev1.CaseMessage {
	recorded := &exchangev1.CaseMessage{}
	if len(message.GetRecord()) == 0 || proto.Unmarshal(message.GetRecord(), recorded) != nil {
		return message
	}
	if recorded.GetSequence() != message.GetSequence() || recorded.GetService() != message.GetService() || recorded.GetMailbox() != message.GetMailbox() {
		return message
	}
	recorded.Record, recorded.Nonce, recorded.ContentHash, recorded.ChainHash = message.GetRecord(), message.GetNonce(), message.GetContentHash(), message.GetChainHash()
	recorded.Redelivered, recorded.Traceparent = message.GetRedelivered(), message.GetTraceparent()
	return recorded
}

// withoutEvents removes from a body the readable form of events whose messages include a record. JSON writes
// an event by its fields, so an unknown event type could not be parsed.
func withoutEvents(body []byte) ([]byte, error) {
	var request map[string]json.RawMessage
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, fmt.Errorf("partner: %w", err)
	}
	var messages []map[string]json.RawMessage
	if err := json.Unmarshal(request["messages"], &messages); err != nil || messages == nil {
		// It holds no messages, or the full parse refuses it.
		return body, nil //nolint:nilerr // as said
	}
	for _, message := range messages {
		if record := message["record"]; len(record) > 0 && !bytes.Equal(record, []byte(`""`)) {
			delete(message, "event")
		}
	}
	again, err := json.Marshal(messages)
	if err != nil {
		return nil, fmt.Errorf("partner: %w", err)
	}
	request["messages"] = again
	return json.Marshal(request)
}
