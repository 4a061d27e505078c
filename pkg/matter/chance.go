package matter

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"
)

// DerivedID returns an id that depends on the id of a matter and a name in it alone. A reader that does not
// know both cannot compute it.
func DerivedID(id, name string) string {
	return uuid.NewSHA1(uuid.NewSHA1(uuid.Nil, []byte(id)), []byte(name)).String()
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
