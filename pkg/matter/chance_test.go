package matter

import (
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// Derived ids stand in stored histories: they are ids of version 5 in the space of the matter's, however they are
// computed.
func TestPropertyDerivedIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, name := rapid.String().Draw(t, "id"), rapid.String().Draw(t, "name")
		want := uuid.NewSHA1(uuid.NewSHA1(uuid.Nil, []byte(id)), []byte(name)).String()
		if got := DerivedID(id, name); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}
