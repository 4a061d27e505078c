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

// Position is how far a reader has come: the cursor that Koppi gave, and the end
// of the chain of each service's mailbox, by which the reader proves for itself
// that nothing is missing, moved or changed. Its zero value is the beginning; its
// JSON form may be kept.
type Position struct {
	Cursor string          `json:"cursor,omitempty"`
	Heads  map[string]Head `json:"heads,omitempty"`
}

// Head is the end of one service's mailbox as far as it was read.
type Head struct {
	Sequence  uint64 `json:"sequence"`
	ChainHash []byte `json:"chain_hash"`
}

// ChainError says where a mailbox is not what it was: never to be tried again,
// always to be looked into by a person.
type ChainError struct {
	Mailbox, Service string
	// Sequence of the first message that does not fit.
	Sequence uint64
	Problem  string
}

func (e *ChainError) Error() string {
	return fmt.Sprintf("message %d of the %s mailbox of %s: %s", e.Sequence, e.Service, e.Mailbox, e.Problem)
}

// Follow verifies the next message, which must come with its record, and returns
// the position behind it. A tombstone follows by its hashes alone.
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

// intact tells whether a message is what was hashed; a tombstone has nothing to show.
func intact(message *exchangev1.CaseMessage) error {
	if Tombstone(message) {
		return nil
	}
	if sum := sha256.Sum256(append(bytes.Clone(message.GetNonce()), message.GetRecord()...)); !bytes.Equal(sum[:], message.GetContentHash()) {
		return errors.New("its record is not what was hashed")
	}
	return isItsRecord(message)
}

// Tombstone tells a message whose content was withdrawn, erased or parked before
// it was delivered.
func Tombstone(message *exchangev1.CaseMessage) bool {
	return len(message.GetRecord()) == 0 && message.GetEvent() == nil && len(message.GetWithheld()) > 0
}

// isItsRecord holds what is read in a message against what was hashed of it.
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
