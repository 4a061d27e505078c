package matter

import (
	"crypto/sha1" //nolint:gosec // see named
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"
)

// DerivedID returns an id that depends on the id of a matter and a name in it alone. A reader that does not
// know both cannot compute it.
func DerivedID(id, name string) string { return named(named(uuid.Nil, id), name).String() }

// named is uuid.NewSHA1 without its allocations: a command derives many ids.
func named(space uuid.UUID, name string) uuid.UUID {
	var short [128]byte
	sum := sha1.Sum(append(append(short[:0], space[:]...), name...)) //nolint:gosec // an id of version 5 (RFC 9562) is made by SHA-1
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 5<<4
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Chance returns a number from 0 up to, but not including, 1 that depends on the names alone: equal
// names give an equal number. A reader that does not know all names cannot predict it, because the
// id of a matter holds 74 random bits.
func Chance(names ...string) float64 {
	digest := sha256.New()
	for _, name := range names {
		_, _ = digest.Write(append([]byte(name), 0))
	}
	return float64(binary.BigEndian.Uint32(digest.Sum(nil))) / (1 << 32)
}
