package matter

import (
	"crypto/sha256"
	"encoding/binary"
)

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
