package journal_test

import (
	"encoding/hex"
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

// The hashed bytes never change, because a history written today must verify in ten years.
func TestStoredBytes(t *testing.T) {
	event := journal.SealedEvent{
		Event: journal.Event{
			Subject: "concerns/1", Version: 3, ID: "id", Type: "t", Client: "c", Case: "k", By: []byte("by"), Basis: []byte("b"),
			At: time.Unix(1_800_000_000, 123_456_000), Trace: "tr", Class: journal.ClassDocument,
		},
		Sealed: []byte("sealed"),
	}
	for name, test := range map[string]struct {
		got  []byte
		want string
	}{
		"event":   {journal.EventHash(journal.Genesis(), event), "b70c89cf3a23e4c5b6728dd3aab29789c89422115d16ea3fc9e4804e284de875"},
		"content": {journal.ContentHash([]byte("nonce"), []byte("record")), "fba9dedd4593b111d0822c5ae76879e6e07fab0c124dd78fd71f7a183ffb9097"},
		"chain":   {journal.ChainHash(journal.Genesis(), []byte("content")), "2ba37d67ee7789a72c920ce8c98f11937e6887de3a6297042a71388cb813fb3c"},
		"stamp":   {journal.Stamp([]byte("\x0a\x01x"), 300), "0a017820ac02"},
	} {
		if got := hex.EncodeToString(test.got); got != test.want {
			t.Errorf("%s is %s, and must be %s", name, got, test.want)
		}
	}
	moved := event
	moved.Subject, moved.ID = "concerns/", "1id"
	if string(journal.EventHash(journal.Genesis(), moved)) == string(journal.EventHash(journal.Genesis(), event)) {
		t.Error("content can be moved from one field to the next without changing the hash")
	}
}
