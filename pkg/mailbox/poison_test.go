package mailbox_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// maxAnswer is the largest answer that a gRPC client takes by default.
const maxAnswer = 4 << 20

// records are what a mailbox may hold, by kind, with the rule of the tombstone that replaces the message. The rule
// is empty for a message that is delivered. Size is that of the text in the message.
var records = map[string]struct {
	rule   string
	record func(message *exchangev1.CaseMessage, size int) []byte
}{
	"sound": {"", func(message *exchangev1.CaseMessage, size int) []byte {
		message.Event = packed(&concernv1.ConcernClosed{Feedback: strings.Repeat("ä", size/2)})
		return marshalled(message)
	}},
	"too large": {mailbox.RuleTooLarge, func(message *exchangev1.CaseMessage, size int) []byte {
		message.Event = packed(&concernv1.ConcernClosed{Feedback: strings.Repeat("ä", matter.MaxRecord+size)})
		return marshalled(message)
	}},
	"nothing that is known": {mailbox.RuleUnreadable, func(message *exchangev1.CaseMessage, size int) []byte {
		message.Event = &anypb.Any{TypeUrl: "type.googleapis.com/koppi.concern.v2.Unknown", Value: make([]byte, size)}
		return marshalled(message)
	}},
	"a torn event": {mailbox.RuleUnreadable, func(message *exchangev1.CaseMessage, _ int) []byte {
		message.Event = packed(&concernv1.ConcernClosed{Feedback: "x"})
		message.Event.Value = []byte{0xff}
		return marshalled(message)
	}},
	"no text": {mailbox.RuleUnreadable, func(message *exchangev1.CaseMessage, _ int) []byte {
		message.Event = packed(&concernv1.ConcernClosed{Feedback: "xx"})
		message.Event.Value = bytes.ReplaceAll(message.Event.Value, []byte("xx"), []byte{0xff, 0xfe})
		return marshalled(message)
	}},
	"no time": {mailbox.RuleUnreadable, func(message *exchangev1.CaseMessage, _ int) []byte {
		message.Event = packed(&concernv1.InformationRequested{DueAt: &timestamppb.Timestamp{Seconds: 1 << 60}})
		return marshalled(message)
	}},
	"of another service": {mailbox.RuleUnreadable, func(message *exchangev1.CaseMessage, _ int) []byte {
		message.Service = "plan"
		return marshalled(message)
	}},
	"rubbish": {mailbox.RuleUnreadable, func(_ *exchangev1.CaseMessage, size int) []byte { return bytes.Repeat([]byte{0xff}, size+1) }},
}

func packed(event proto.Message) *anypb.Any {
	packed, err := anypb.New(event)
	if err != nil {
		panic(err)
	}
	return packed
}

func marshalled(message *exchangev1.CaseMessage) []byte {
	record, err := proto.Marshal(message)
	if err != nil {
		panic(err)
	}
	return record
}

// put puts one record into Kela's mailbox, without a check.
func (f *fixture) put(kind string, size int) {
	f.t.Helper()
	batch := journal.Batch{Expected: map[string]uint64{}}
	f.add(&batch, fmt.Sprintf("concerns/%d", f.next), 0)
	last := &batch.Deliveries[0]
	message := &exchangev1.CaseMessage{MessageId: last.ID, Service: "concern", Mailbox: "kela", Subject: last.Subject, SubjectVersion: last.SubjectVersion}
	last.Record = records[kind].record(message, size)
	appended, err := f.store.Append(context.Background(), batch)
	if err != nil {
		f.t.Fatal(err)
	}
	f.hub.Notify("kela", appended.Positions["kela"])
}

// checkDelivered checks that a message is delivered as it was put in: whole, or as a tombstone with its rule.
func checkDelivered(t interface{ Fatalf(string, ...any) }, message *exchangev1.CaseMessage, sequence uint64, kind string) {
	if message.GetSequence() != sequence {
		t.Fatalf("message %d comes where %d should", message.GetSequence(), sequence)
	}
	rule := ""
	if len(message.GetWithheld()) > 0 {
		rule = message.GetWithheld()[0].GetRule()
	}
	if rule != records[kind].rule || (rule != "") != (message.GetEvent() == nil && message.GetRecord() == nil) {
		t.Fatalf("%q comes with the rule %q: %d bytes", kind, rule, proto.Size(message))
	}
	if len(message.GetChainHash()) != 32 || len(message.GetContentHash()) != 32 {
		t.Fatalf("%q comes without its hashes", kind)
	}
}

// Every message of a mailbox, of any kind and size, arrives exactly once and in order, by pages of any size and by
// the stream, and no answer is larger than a client takes.
func TestMessagesOfAnyKindAndSizeArrive(t *testing.T) {
	f := newFixture(t, never)
	kinds := make([]string, 0, len(records))
	for kind := range records {
		kinds = append(kinds, kind)
	}
	var behind string
	read := uint64(0)
	rapid.Check(t, func(t *rapid.T) {
		put := map[uint64]string{}
		for range rapid.IntRange(1, 6).Draw(t, "messages") {
			kind := "sound"
			if rapid.IntRange(0, 3).Draw(t, "odd") == 0 {
				kind = rapid.SampledFrom(kinds).Draw(t, "kind")
			}
			size := rapid.SampledFrom([]int{0, 1000, 40_000, 200_000, matter.MaxRecord - 1000}).Draw(t, "size")
			f.put(kind, size)
			put[read+uint64(len(put))+1] = kind
		}
		head, from := read+uint64(len(put)), behind
		size := rapid.Int32Range(1, 1000).Draw(t, "page")
		records := rapid.Bool().Draw(t, "records")
		for next := read + 1; next <= head; {
			page, err := f.client.ListMessages(f.as("kela"), &exchangev1.ListMessagesRequest{Cursor: from, PageSize: size, WithRecords: records})
			if err != nil {
				t.Fatal(err)
			}
			isTooLarge := proto.Size(page) > maxAnswer || len(page.GetMessages()) > 1 && proto.Size(page) > matter.MaxAnswer+1024
			if len(page.GetMessages()) == 0 || len(page.GetMessages()) > int(size) || isTooLarge {
				t.Fatalf("a page of %d messages and %d bytes, behind %d of %d", len(page.GetMessages()), proto.Size(page), next-1, head)
			}
			for _, message := range page.GetMessages() {
				checkDelivered(t, message, next, put[next])
				next++
			}
			if page.GetBacklog() != head-(next-1) {
				t.Fatalf("%d wait behind %d of %d", page.GetBacklog(), next-1, head)
			}
			from = page.GetNextCursor()
		}
		s := f.open(&open{Cursor: behind, Window: rapid.Uint32Range(1, 100).Draw(t, "window"), WithRecords: records, Consumer: "stream"})
		for next := read + 1; next <= head; next++ {
			delivery := s.recv().GetDelivery()
			checkDelivered(t, delivery.GetMessage(), next, put[next])
			s.acknowledge(delivery.GetCursor())
		}
		s.cancel()
		read, behind = head, from
	})
}

// A page that watches is notified that a subject changed although the message cannot be delivered, and of the
// changes after it.
func TestWatchOfUndeliverableMessages(t *testing.T) {
	f := newFixture(t, never)
	ctx, cancel := context.WithTimeout(f.as("kela"), 10*time.Second)
	defer cancel()
	watch, err := f.client.Watch(ctx, &exchangev1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if first, err := watch.Recv(); err != nil || first.GetHeartbeat() == nil {
		t.Fatalf("%v %v", first, err)
	}
	for kind := range records {
		f.put(kind, 10)
		changed, err := watch.Recv()
		if err != nil || changed.GetChanged().GetSubject() != fmt.Sprintf("concerns/%d", f.next-1) {
			t.Errorf("%s: %v %v", kind, changed, err)
		}
	}
}

// A row that does not open with its key does not delay the messages after it.
func TestDamagedRowDelaysNothing(t *testing.T) {
	folder := t.TempDir()
	f := newFixtureAt(t, folder, never)
	f.append(3, "")
	raw, err := sql.Open("sqlite", filepath.Join(folder, "c.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"DROP TRIGGER deliveries_update", "UPDATE deliveries SET sealed = CAST(sealed || x'00' AS BLOB) WHERE sequence = 2"} {
		if _, err := raw.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	page, err := f.client.ListMessages(f.as("kela"), &exchangev1.ListMessagesRequest{WithRecords: true})
	if err != nil || len(page.GetMessages()) != 3 {
		t.Fatalf("%v %v", page, err)
	}
	for i, message := range page.GetMessages() {
		if damaged := len(message.GetWithheld()) == 1 && message.GetWithheld()[0].GetRule() == mailbox.RuleUnreadable; damaged != (i == 1) {
			t.Errorf("%v", message)
		}
	}
	// Reading continues after it, and over it.
	one, err := f.client.ListMessages(f.as("kela"), &exchangev1.ListMessagesRequest{Cursor: mailbox.Cursor{mailbox.Behind(page.GetMessages()[1])}.String(), PageSize: 1})
	if err != nil || len(one.GetMessages()) != 1 || one.GetMessages()[0].GetSequence() != 3 {
		t.Errorf("%v %v", one, err)
	}
	f.open(&open{}).deliveries(1, 3)
}
