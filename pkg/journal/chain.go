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

// Genesis is what stands before the first event of a subject and the first
// message of a mailbox: 32 zero bytes.
func Genesis() []byte { return make([]byte, HashSize) }

// SealedEvent is an event as it is stored: its payload under the key of a class.
type SealedEvent struct {
	Event
	Sealed []byte
}

// EventHash chains an event to the one before it in its subject. It is SHA-256
// over, in this order and each preceded by its length as 8 bytes big-endian: the
// previous hash, subject, id, type, client, case, by, basis, trace, class and
// sealed payload; then version and time (microseconds since 1970) as 8 bytes
// each. These bytes never change: a history must verify as long as it is kept.
func EventHash(prev []byte, e SealedEvent) []byte {
	var buffer []byte
	for _, part := range [][]byte{
		prev, []byte(e.Subject), []byte(e.ID), []byte(e.Type), []byte(e.Client), []byte(e.Case),
		e.By, e.Basis, []byte(e.Trace), []byte(e.Class), e.Sealed,
	} {
		buffer = binary.BigEndian.AppendUint64(buffer, uint64(len(part)))
		buffer = append(buffer, part...)
	}
	buffer = binary.BigEndian.AppendUint64(buffer, e.Version)
	buffer = binary.BigEndian.AppendUint64(buffer, uint64(e.At.UnixMicro()))
	sum := sha256.Sum256(buffer)
	return sum[:]
}

// ContentHash is SHA-256 over nonce and record.
func ContentHash(nonce, record []byte) []byte { return hashOf(nonce, record) }

// ChainHash is SHA-256 over the chain hash before and this content hash.
func ChainHash(prev, content []byte) []byte { return hashOf(prev, content) }

func hashOf(first, second []byte) []byte {
	hash := sha256.New()
	hash.Write(first)
	hash.Write(second)
	return hash.Sum(nil)
}

// sequenceField is the number of CaseMessage.sequence.
const sequenceField = 4

// Stamp gives a record its sequence, as one more field of the serialized message:
// what is stored is what was hashed, never marshalled again.
func Stamp(record []byte, sequence uint64) []byte {
	stamped := make([]byte, 0, len(record)+12)
	stamped = append(stamped, record...)
	stamped = protowire.AppendTag(stamped, sequenceField, protowire.VarintType)
	return protowire.AppendVarint(stamped, sequence)
}
