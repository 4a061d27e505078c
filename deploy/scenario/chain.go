package scenario

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Chain follows one mailbox as a partner would, with nothing of Koppi's own: it
// proves that the mailbox is complete, in order and unchanged.
type Chain struct {
	sequence uint64
	hash     []byte
}

// Verify takes the next message, which must come with its record.
func (c *Chain) Verify(message *exchangev1.CaseMessage) error {
	if c.hash == nil {
		c.hash = make([]byte, sha256.Size)
	}
	if message.GetSequence() != c.sequence+1 {
		return fmt.Errorf("message %d comes after %d", message.GetSequence(), c.sequence)
	}
	content := sha256.Sum256(append(bytes.Clone(message.GetNonce()), message.GetRecord()...))
	if !bytes.Equal(content[:], message.GetContentHash()) {
		return fmt.Errorf("message %d is not what was hashed", message.GetSequence())
	}
	link := sha256.Sum256(append(bytes.Clone(c.hash), content[:]...))
	if !bytes.Equal(link[:], message.GetChainHash()) {
		return fmt.Errorf("message %d breaks the chain", message.GetSequence())
	}
	recorded := &exchangev1.CaseMessage{}
	if err := proto.Unmarshal(message.GetRecord(), recorded); err != nil {
		return err
	}
	bare := proto.CloneOf(message)
	bare.Record, bare.Nonce, bare.ContentHash, bare.ChainHash, bare.Redelivered, bare.Traceparent = nil, nil, nil, nil, false, ""
	if !proto.Equal(bare, recorded) {
		return errors.New("a message is not its record")
	}
	c.sequence, c.hash = message.GetSequence(), link[:]
	return nil
}
