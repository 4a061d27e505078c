package partner_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// mailbox is a chain of messages as Koppi makes it; every third one is a tombstone.
func mailbox(count int) []partner.Message { return restored(count, count) }

// restored is a mailbox whose messages differ from those of mailbox after the first so many (same).
func restored(same, count int) []partner.Message {
	var messages []partner.Message
	chain := make([]byte, sha256.Size)
	for i := range count {
		left := &exchangev1.CaseMessage{
			MessageId: fmt.Sprintf("m-%d", i), Service: "concern", Mailbox: "kela", Subject: "concerns/x", SubjectVersion: uint64(i + 1),
		}
		if i >= same {
			left.MessageId = fmt.Sprintf("other-%d", i)
		}
		record, err := proto.Marshal(left)
		if err != nil {
			panic(err)
		}
		record = protowire.AppendVarint(protowire.AppendTag(record, 4, protowire.VarintType), uint64(i+1))
		nonce := bytes.Repeat([]byte{byte(i)}, 32)
		content := sum(nonce, record)
		chain = sum(chain, content)
		left.Sequence, left.ContentHash, left.ChainHash = uint64(i+1), content, chain
		if i%3 == 2 {
			left.Withheld = []*exchangev1.Withheld{{Field: "event", Rule: "erased"}}
		} else {
			left.Record, left.Nonce = record, nonce
		}
		messages = append(messages, &exchangev1.ExchangeResponse_Delivery{Message: left, Cursor: fmt.Sprintf("c-%d", i+1)})
	}
	return messages
}

func follow(messages []partner.Message) (partner.Position, error) {
	var position partner.Position
	for _, message := range messages {
		var err error
		if position, err = position.Follow(message.GetMessage(), message.GetCursor()); err != nil {
			return position, err
		}
	}
	return position, nil
}

// A message that is changed, left out, moved or repeated is found, and at which sequence.
func TestChainFindsEveryChange(t *testing.T) {
	if position, err := follow(mailbox(7)); err != nil || position.Heads["concern"].Sequence != 7 || position.Cursor != "c-7" {
		t.Fatalf("%+v %v", position, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		messages := mailbox(7)
		at := rapid.IntRange(0, 5).Draw(t, "at")
		message := messages[at].GetMessage()
		first := at
		switch rapid.SampledFrom([]string{"bit", "left out", "twice", "swapped", "text"}).Draw(t, "change") {
		case "bit":
			parts := [][]byte{message.GetContentHash(), message.GetChainHash(), message.GetRecord(), message.GetNonce()}
			part := rapid.SampledFrom(parts).Filter(func(b []byte) bool { return len(b) > 0 }).Draw(t, "part")
			bit := rapid.IntRange(0, 8*len(part)-1).Draw(t, "bit")
			part[bit/8] ^= 1 << (bit % 8)
		case "left out":
			messages = append(messages[:at], messages[at+1:]...)
		case "twice":
			messages = append(messages[:at+1], messages[at:]...)
			first = at + 1
		case "swapped":
			messages[at], messages[at+1] = messages[at+1], messages[at]
		case "text":
			// Of a tombstone only the hashes are verified.
			first = at - at%3
			messages[first].GetMessage().Subject = "concerns/y"
		}
		position, err := follow(messages)
		var chain *partner.ChainError
		if !errors.As(err, &chain) || position.Heads["concern"].Sequence != uint64(first) {
			t.Fatalf("found at %d, changed at %d: %v", position.Heads["concern"].Sequence, first, err)
		}
	})
}

// A position that is stored as JSON is the same position.
func TestPositionAsJSON(t *testing.T) {
	position, err := follow(mailbox(3))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(position)
	if err != nil {
		t.Fatal(err)
	}
	var back partner.Position
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	next := mailbox(4)[3]
	if _, err := back.Follow(next.GetMessage(), next.GetCursor()); err != nil {
		t.Error(err)
	}
}

func filled(t testing.TB, count int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inbox", "kela.jsonl")
	file, err := partner.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	messages := mailbox(count)
	for len(messages) > 0 {
		some := messages[:min(2, len(messages))]
		position, _ := file.Position(context.Background())
		for _, message := range some {
			if position, err = position.Follow(message.GetMessage(), message.GetCursor()); err != nil {
				t.Fatal(err)
			}
		}
		if err := file.Take(context.Background(), some, position); err != nil {
			t.Fatal(err)
		}
		messages = messages[len(some):]
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// reopened is the sequence at which a file is opened again.
func reopened(path string) (uint64, error) {
	file, err := partner.OpenFile(path)
	if err != nil {
		return 0, err
	}
	position, _ := file.Position(context.Background())
	return position.Heads["concern"].Sequence, file.Close()
}

// A file that is truncated anywhere continues after its last whole line. One changed bit anywhere in it is found, and
// in which line.
func TestFile(t *testing.T) {
	path := filled(t, 9)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := reopened(path); got != 9 || err != nil {
		t.Fatalf("%d %v", got, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(0, len(whole)).Draw(t, "length")
		if err := os.WriteFile(path, whole[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		want := uint64(bytes.Count(whole[:length], []byte("\n")))
		if got, err := reopened(path); got != want || err != nil {
			t.Fatalf("cut off at %d of %d: %d (%v), want %d", length, len(whole), got, err, want)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		// A line is whole only with its line break; without it the message is delivered again.
		bit := rapid.IntRange(0, 8*len(whole)-9).Draw(t, "bit")
		damaged := bytes.Clone(whole)
		damaged[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		var damage *partner.DamageError
		if _, err := reopened(path); !errors.As(err, &damage) || damage.Line != bytes.Count(whole[:bit/8], []byte("\n"))+1 {
			t.Fatalf("bit %d: %v", bit, err)
		}
	})
}

// Only one process at a time can open a file.
func TestFileIsOpenOnce(t *testing.T) {
	path := filled(t, 1)
	file, err := partner.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := partner.OpenFile(path); !errors.Is(err, partner.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := reopened(path); got != 1 || err != nil {
		t.Errorf("%d %v", got, err)
	}
}

func sum(parts ...[]byte) []byte {
	hash := sha256.Sum256(bytes.Join(parts, nil))
	return hash[:]
}
