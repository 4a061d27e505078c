package journal

import (
	"crypto/sha256"
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// HashSize is the length of every hash here: SHA-256.
const HashSize = sha256.Size

// NonceSize is the length of a delivery's nonce.
const NonceSize = 32

// Genesis is the previous hash of the first event of a subject and of the first message of a
// mailbox: 32 zero bytes.
func Genesis() []byte { return make([]byte, HashSize) }

// SealedEvent is an event as it is stored: Sealed is its payload, encrypted with the key of its
// class.
type SealedEvent struct {
	Event
	Sealed []byte
}

// EventHash links an event to the event before it in its subject. It is SHA-256 over, in this order
// and each preceded by its length as 8 bytes big-endian: the previous hash, subject, id, type,
// client, case, by, basis, trace, class and sealed payload; then version and time (microseconds
// since 1970) as 8 bytes each. This encoding never changes, because a history must verify for as
// long as it is kept.
func EventHash(prev []byte, e SealedEvent) []byte {
	buffer := appendParts(make([]byte, 0, 1024+len(e.Sealed)), prev)
	buffer = appendParts(buffer, e.Subject, e.ID, e.Type, e.Client, e.Case)
	buffer = appendParts(buffer, e.By, e.Basis)
	buffer = appendParts(buffer, e.Trace, string(e.Class))
	buffer = appendParts(buffer, e.Sealed)
	buffer = binary.BigEndian.AppendUint64(buffer, e.Version)
	buffer = binary.BigEndian.AppendUint64(buffer, uint64(e.At.UnixMicro()))
	sum := sha256.Sum256(buffer)
	return sum[:]
}

func appendParts[T string | []byte](buffer []byte, parts ...T) []byte {
	for _, part := range parts {
		buffer = binary.BigEndian.AppendUint64(buffer, uint64(len(part)))
		buffer = append(buffer, part...)
	}
	return buffer
}

// ContentHash is SHA-256 over the nonce followed by the record.
func ContentHash(nonce, record []byte) []byte { return hashOf(nonce, record) }

// ChainHash is SHA-256 over the previous chain hash followed by the content hash of this message.
func ChainHash(prev, content []byte) []byte { return hashOf(prev, content) }

func hashOf(first, second []byte) []byte {
	hash := sha256.New()
	hash.Write(first)
	hash.Write(second)
	return hash.Sum(nil)
}

// sequenceField is the field number of CaseMessage.sequence.
const sequenceField = 4

// Stamp appends the sequence to a record, as one more field of the serialized message. The record
// is not marshalled again, so that the stored bytes are the hashed bytes.
func Stamp(record []byte, sequence uint64) []byte {
	stamped := make([]byte, 0, len(record)+12)
	stamped = append(stamped, record...)
	stamped = protowire.AppendTag(stamped, sequenceField, protowire.VarintType)
	return protowire.AppendVarint(stamped, sequence)
}
