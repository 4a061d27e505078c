package command_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/command"
)

// An id tells in which second it was made, and neither when within it nor which other ids
// were made beside it.
func TestAnIDTellsTheSecondAlone(t *testing.T) {
	before := time.Now().Truncate(time.Second)
	seen, rises := map[string]bool{}, 0
	last := uuid.Nil
	for range 1000 {
		id := uuid.MustParse(command.NewID())
		if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("%s is no UUIDv7", id)
		}
		made := time.UnixMilli(int64(binary.BigEndian.Uint64(append([]byte{0, 0}, id[:6]...))))
		if !made.Equal(made.Truncate(time.Second)) || made.Before(before) || made.After(time.Now()) {
			t.Fatalf("%s was made at %s", id, made)
		}
		if seen[id.String()] {
			t.Fatalf("%s came twice", id)
		}
		seen[id.String()] = true
		if id.String() > last.String() {
			rises++
		}
		last = id
	}
	if rises < 400 || rises > 600 {
		t.Errorf("%d of 1000 ids come after the one before: they are in order", rises)
	}
}
