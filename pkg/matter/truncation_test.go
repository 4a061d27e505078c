package matter_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// conversation returns a consultation with a random number of messages of random sizes.
func conversation(t *rapid.T) *consultationv1.Consultation {
	c := &consultationv1.Consultation{ConsultationId: "x", Topic: "Lääkitys"}
	for _, size := range rapid.SliceOfN(rapid.IntRange(0, 3000), 0, 40).Draw(t, "sizes") {
		c.Messages = append(c.Messages, &consultationv1.ConsultationMessage{Text: strings.Repeat("x", size), MessageId: string(rune('a' + len(c.GetMessages())))})
	}
	return c
}

// A fitted message is no larger than requested, holds the newest elements, and states how many are
// left out. The original is unchanged, and Refill restores the message from it.
func TestFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, most := conversation(t), rapid.IntRange(200, 20_000).Draw(t, "most")
		known := proto.CloneOf(whole)
		fitted := matter.Fit(proto.CloneOf(whole), most, "messages")
		if size := proto.Size(fitted); size > most {
			t.Fatalf("%d bytes, more than the limit of %d", size, most)
		}
		gone := matter.MissingIn(fitted)["messages"]
		if gone+len(fitted.GetMessages()) != len(whole.GetMessages()) {
			t.Fatalf("%d are kept and %d left out of %d", len(fitted.GetMessages()), gone, len(whole.GetMessages()))
		}
		for i, message := range fitted.GetMessages() {
			if !proto.Equal(message, whole.GetMessages()[gone+i]) {
				t.Fatal("the kept elements are not the newest")
			}
		}
		matter.Refill(fitted, known)
		if !proto.Equal(fitted, whole) || !proto.Equal(known, whole) {
			t.Fatal("a reader that knew the whole message lost a part of it")
		}
	})
}

// A reader that knew a part of what a snapshot leaves out keeps that part, and knows how much is
// missing.
func TestRefillOfAPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := conversation(t)
		earlier := proto.CloneOf(whole)
		earlier.Messages = earlier.GetMessages()[:rapid.IntRange(0, len(whole.GetMessages())).Draw(t, "earlier")]
		known := matter.Fit(earlier, rapid.IntRange(200, 9000).Draw(t, "known"), "messages")
		snapshot := matter.Fit(proto.CloneOf(whole), rapid.IntRange(200, 9000).Draw(t, "snapshot"), "messages")
		matter.Refill(snapshot, known)
		if missing := matter.MissingIn(snapshot)["messages"]; missing+len(snapshot.GetMessages()) != len(whole.GetMessages()) {
			t.Fatalf("%d are kept and %d missing of %d", len(snapshot.GetMessages()), missing, len(whole.GetMessages()))
		}
		last := ""
		for _, message := range snapshot.GetMessages() {
			if message.GetMessageId() <= last && last != "" {
				t.Fatal("the messages are out of order")
			}
			last = message.GetMessageId()
		}
	})
}

// Newest cuts a list whose newest elements come first at its end.
func TestNewest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, most := conversation(t), rapid.IntRange(200, 20_000).Draw(t, "most")
		cut := matter.Newest(proto.CloneOf(whole), most, "messages")
		if size := proto.Size(cut); size > most {
			t.Fatalf("%d bytes, more than the limit of %d", size, most)
		}
		for i, message := range cut.GetMessages() {
			if !proto.Equal(message, whole.GetMessages()[i]) {
				t.Fatal("the kept elements are not the first")
			}
		}
	})
}
