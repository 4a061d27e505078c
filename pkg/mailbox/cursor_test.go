package mailbox_test

import (
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/mailbox"
)

// A cursor that is written and parsed is the same cursor.
func TestCursorsAreParsedAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cursor mailbox.Cursor
		for _, service := range rapid.SliceOfDistinct(rapid.StringMatching(`[a-z]{1,20}`), func(s string) string { return s }).Draw(t, "services") {
			if len(cursor) == 16 {
				break
			}
			position := mailbox.Position{Service: service, Sequence: rapid.Uint64Min(1).Draw(t, "sequence")}
			copy(position.Chain[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "chain"))
			cursor = append(cursor, position)
		}
		parsed, err := mailbox.ParseCursor(cursor.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, position := range cursor {
			if parsed.At(position.Service) != position {
				t.Fatalf("%+v is parsed as %+v", position, parsed.At(position.Service))
			}
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("AQdjb25jZXJuAQAAAAAAAAAA")
	f.Add(mailbox.Cursor{{Service: "concern", Sequence: 300}, {Service: "plan", Sequence: 1}}.String())
	f.Fuzz(func(t *testing.T, text string) {
		cursor, err := mailbox.ParseCursor(text)
		if err == nil && len(cursor) > 0 && cursor.String() != text {
			t.Fatalf("%q is read as %q", text, cursor.String())
		}
	})
}
