package partner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// readRequest reads a body of Connect JSON. What a message says is read of its record, which is
// what was hashed: a kind of event, a field or a value of an enum that came with a later
// version of Koppi than this kit is in it as it was sent, and the message can be taken, proven
// and handed on. Its readable form is for people and for others.
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
		if len(message.GetRecord()) == 0 {
			continue
		}
		recorded := &exchangev1.CaseMessage{}
		if err := proto.Unmarshal(message.GetRecord(), recorded); err != nil {
			return nil, errors.New("partner: a record cannot be read")
		}
		recorded.Record, recorded.Nonce, recorded.ContentHash, recorded.ChainHash = message.GetRecord(), message.GetNonce(), message.GetContentHash(), message.GetChainHash()
		recorded.Redelivered, recorded.Traceparent = message.GetRedelivered(), message.GetTraceparent()
		if recorded.GetSequence() != message.GetSequence() || recorded.GetService() != message.GetService() || recorded.GetMailbox() != message.GetMailbox() {
			return nil, errors.New("partner: a message is not its record")
		}
		request.Messages[i] = recorded
	}
	return request, nil
}

// withoutEvents is a body without the readable form of the events that a record holds too: JSON
// writes an event by its fields, and a kind that is not known cannot be read.
func withoutEvents(body []byte) ([]byte, error) {
	var request map[string]json.RawMessage
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, fmt.Errorf("partner: %w", err)
	}
	var messages []map[string]json.RawMessage
	if err := json.Unmarshal(request["messages"], &messages); err != nil || messages == nil {
		// It holds none, or is refused by whoever reads it whole.
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
