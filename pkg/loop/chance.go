package loop

import (
	"crypto/sha256"
	"encoding/binary"
)

// Chance is a number from 0 up to 1 that names alone decide, the same each time. Nobody can
// foretell it who does not know all of them: the id of a subject holds 74 random bits.
func Chance(names ...string) float64 {
	digest := sha256.New()
	for _, name := range names {
		_, _ = digest.Write(append([]byte(name), 0))
	}
	return float64(binary.BigEndian.Uint32(digest.Sum(nil))) / (1 << 32)
}
