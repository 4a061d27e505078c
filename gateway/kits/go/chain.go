package partner

import (
	"bytes"
	"crypto/sha256"
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
	// Check that it fails.
	Check   Check
	Problem string
}

// Check is one of the checks that a message must pass. The test vectors of the contract name them so.
type Check string

const (
	// CheckSequence fails where a message does not have the sequence after the one before it.
	CheckSequence Check = "sequence"
	// CheckRecord fails where the record is not what was hashed.
	CheckRecord Check = "record"
	// CheckView fails where the readable fields are not those of the record.
	CheckView Check = "view"
	// CheckChain fails where the chain hash does not follow from the one before it.
	CheckChain Check = "chain"
	// CheckHistory fails where the inbox holds another message with the same sequence.
	CheckHistory Check = "history"
)

func chainError(message *exchangev1.CaseMessage, check Check, format string, args ...any) *ChainError {
	return &ChainError{message.GetMailbox(), message.GetService(), message.GetSequence(), check, fmt.Sprintf(format, args...)}
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
	if message.GetSequence() != head.Sequence+1 {
		return p, chainError(message, CheckSequence, "%s", after(head.Sequence))
	}
	if err := Intact(message); err != nil {
		return p, err
	}
	link := sha256.Sum256(append(bytes.Clone(head.ChainHash), message.GetContentHash()...))
	if !bytes.Equal(link[:], message.GetChainHash()) {
		return p, chainError(message, CheckChain, "it does not follow the message before it")
	}
	behind := Position{Cursor: cursor, Heads: maps.Clone(p.Heads)}
	if behind.Heads == nil {
		behind.Heads = map[string]Head{}
	}
	behind.Heads[message.GetService()] = Head{Sequence: message.GetSequence(), ChainHash: link[:]}
	return behind, nil
}

// after says which message was the last one of a service, and what to do if there was none.
func after(last uint64) string {
	said := fmt.Sprintf("it comes after message %d", last)
	if last == 0 {
		said += ": an empty inbox needs a consumer of its own, or a rewound endpoint"
	}
	return said
}

// Intact verifies that a message matches its content hash, and its readable fields its record. A tombstone has no
// content to verify. It is for messages outside the chain, which are redelivered; Follow includes it. A failure is a
// *ChainError.
func Intact(message *exchangev1.CaseMessage) error {
	if Tombstone(message) {
		return nil
	}
	if sum := sha256.Sum256(append(bytes.Clone(message.GetNonce()), message.GetRecord()...)); !bytes.Equal(sum[:], message.GetContentHash()) {
		return chainError(message, CheckRecord, "its record is not what was hashed")
	}
	if !isItsRecord(message) {
		return chainError(message, CheckView, "it is not its record")
	}
	return nil
}

// Tombstone reports whether the content of a message was withdrawn, erased or parked before it was delivered.
func Tombstone(message *exchangev1.CaseMessage) bool {
	return len(message.GetRecord()) == 0 && message.GetEvent() == nil && len(message.GetWithheld()) > 0
}

// isItsRecord reports whether the readable fields of a message equal those of its record, over which the hash is
// computed. A field beside the record that this kit does not know, because a later version of Koppi adds it to each
// delivery, proves nothing and is not compared. Fields of the record that it does not know are.
func isItsRecord(message *exchangev1.CaseMessage) bool {
	recorded := &exchangev1.CaseMessage{}
	if proto.Unmarshal(message.GetRecord(), recorded) != nil {
		return false
	}
	bare := proto.CloneOf(message)
	bare.Record, bare.Nonce, bare.ContentHash, bare.ChainHash, bare.Redelivered, bare.Traceparent = nil, nil, nil, nil, false, ""
	bare.ProtoReflect().SetUnknown(nil)
	recorded.ProtoReflect().SetUnknown(nil)
	return proto.Equal(bare, recorded)
}
