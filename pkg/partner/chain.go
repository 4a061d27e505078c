package partner

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"

	"google.golang.org/protobuf/proto"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Position is how far a reader has come: Koppi's cursor, and the last message of each service's mailbox. With
// the chain hashes the reader verifies for itself that no message is missing, moved or changed. The zero
// value is the beginning. Its JSON form may be stored.
type Position struct {
	Cursor string          `json:"cursor,omitempty"`
	Heads  map[string]Head `json:"heads,omitempty"`
}

// Head is the last message of one service's mailbox that was read.
type Head struct {
	Sequence  uint64 `json:"sequence"`
	ChainHash []byte `json:"chain_hash"`
}

// ChainError says at which message a mailbox fails verification. Do not retry: a person must investigate.
type ChainError struct {
	Mailbox, Service string
	// Sequence of the first message that fails verification.
	Sequence uint64
	Problem  string
}

func (e *ChainError) Error() string {
	return fmt.Sprintf("message %d of the %s mailbox of %s: %s", e.Sequence, e.Service, e.Mailbox, e.Problem)
}

// Follow verifies the next message, which must include its record, and returns the position after it. Of a
// tombstone it verifies only the chain hash. A failure is a *ChainError.
func (p Position) Follow(message *exchangev1.CaseMessage, cursor string) (Position, error) {
	head := p.Heads[message.GetService()]
	if head.ChainHash == nil {
		head.ChainHash = make([]byte, sha256.Size)
	}
	wrong := func(format string, args ...any) (Position, error) {
		return p, &ChainError{message.GetMailbox(), message.GetService(), message.GetSequence(), fmt.Sprintf(format, args...)}
	}
	if message.GetSequence() != head.Sequence+1 {
		return wrong("it comes after message %d", head.Sequence)
	}
	if err := intact(message); err != nil {
		return wrong("%v", err)
	}
	link := sha256.Sum256(append(bytes.Clone(head.ChainHash), message.GetContentHash()...))
	if !bytes.Equal(link[:], message.GetChainHash()) {
		return wrong("it does not follow the message before it")
	}
	behind := Position{Cursor: cursor, Heads: maps.Clone(p.Heads)}
	if behind.Heads == nil {
		behind.Heads = map[string]Head{}
	}
	behind.Heads[message.GetService()] = Head{Sequence: message.GetSequence(), ChainHash: link[:]}
	return behind, nil
}

// intact verifies that a message matches its content hash. A tombstone has no content to verify.
func intact(message *exchangev1.CaseMessage) error {
	if Tombstone(message) {
		return nil
	}
	if sum := sha256.Sum256(append(bytes.Clone(message.GetNonce()), message.GetRecord()...)); !bytes.Equal(sum[:], message.GetContentHash()) {
		return errors.New("its record is not what was hashed")
	}
	return isItsRecord(message)
}

// Tombstone reports whether the content of a message was withdrawn, erased or parked before it was delivered.
func Tombstone(message *exchangev1.CaseMessage) bool {
	return len(message.GetRecord()) == 0 && message.GetEvent() == nil && len(message.GetWithheld()) > 0
}

// isItsRecord verifies that the readable fields of a message equal those of its record, over which the hash
// is computed.
func isItsRecord(message *exchangev1.CaseMessage) error {
	recorded := &exchangev1.CaseMessage{}
	if err := proto.Unmarshal(message.GetRecord(), recorded); err != nil {
		return fmt.Errorf("its record cannot be read")
	}
	bare := proto.CloneOf(message)
	bare.Record, bare.Nonce, bare.ContentHash, bare.ChainHash, bare.Redelivered, bare.Traceparent = nil, nil, nil, nil, false, ""
	if !proto.Equal(bare, recorded) {
		return fmt.Errorf("it is not its record")
	}
	return nil
}
