package partner_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"koppi.internal/partner"
)

// vector is a file of proto/vectors, whose README describes it.
type vector struct {
	Messages json.RawMessage
	Expect   struct {
		HandedOn []struct {
			MessageID, Subject, Type string
			Value                    []byte
			Tombstone, Redelivered   bool
		}
		Heads map[string]struct {
			Sequence  uint64
			ChainHash []byte
		}
		Fails *struct {
			At    int
			Check partner.Check
		}
	}
}

// The kit makes of each test vector of the contract what the vector says: it hands on what the records say, and finds
// each fault at its message.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob("../../../proto/vectors/*.json")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d vectors: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var v vector
			if err := json.Unmarshal(must(os.ReadFile(file)), &v); err != nil {
				t.Fatal(err)
			}
			v.check(t)
		})
	}
}

func (v vector) check(t *testing.T) {
	messages, err := partner.ParseMessages(around(`{"messages":`, v.Messages, `}`))
	if err != nil {
		t.Fatal(err)
	}
	var position partner.Position
	read := 0
	for _, message := range messages {
		if message.GetRedelivered() {
			err = partner.Intact(message)
		} else {
			position, err = position.Follow(message, "")
		}
		if err != nil {
			break
		}
		want := v.Expect.HandedOn[read]
		if message.GetMessageId() != want.MessageID || message.GetSubject() != want.Subject || message.GetEvent().GetTypeUrl() != want.Type ||
			!bytes.Equal(message.GetEvent().GetValue(), want.Value) || partner.Tombstone(message) != want.Tombstone || message.GetRedelivered() != want.Redelivered {
			t.Errorf("message %d is handed on as %v, want %+v", read, message, want)
		}
		read++
	}
	if read != len(v.Expect.HandedOn) || len(position.Heads) != len(v.Expect.Heads) {
		t.Errorf("%d messages are handed on, want %d; %d chains", read, len(v.Expect.HandedOn), len(position.Heads))
	}
	for service, head := range v.Expect.Heads {
		if got := position.Heads[service]; got.Sequence != head.Sequence || !bytes.Equal(got.ChainHash, head.ChainHash) {
			t.Errorf("the %s mailbox is at %d, want %d", service, got.Sequence, head.Sequence)
		}
	}
	var chain *partner.ChainError
	switch failed := errors.As(err, &chain); {
	case failed != (v.Expect.Fails != nil), failed && (read != v.Expect.Fails.At || chain.Check != v.Expect.Fails.Check):
		t.Errorf("after %d messages: %v, want %+v", read, err, v.Expect.Fails)
	}
}

// around joins a JSON text around another.
func around(before string, text []byte, after string) []byte {
	return bytes.Join([][]byte{[]byte(before), text, []byte(after)}, nil)
}
