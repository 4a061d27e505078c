package command

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// NewID returns the id of a subject, question or message: a UUIDv7 (RFC 9562) whose time is the
// wall clock to the second and whose other bits are random. Full milliseconds and a counter, which
// version 7 permits, would reveal to a reader how long a command took until it made the id and how
// many ids it made before, and so what it did to subjects that the reader may not know.
func NewID() string {
	id := uuid.New()
	var made [8]byte
	binary.BigEndian.PutUint64(made[:], uint64(time.Now().Unix()*1000)) //nolint:forbidigo,gosec // ids go by the wall clock, which is after 1970
	copy(id[:6], made[2:])
	id[6] = id[6]&0x0f | 0x70
	return id.String()
}
