package mailbox_test

import (
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/fault"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// The first acknowledgement is made durable at once, and those of the next second together. An acknowledgement is
// durable after the stream ended, however it ended.
func TestAcknowledgementsSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, never)
		f.append(40, "")
		s := f.open(&open{Window: 2})
		synctest.Wait()
		opening := f.store.advances.Load()
		for at := uint64(1); at <= 29; at += 2 {
			// The window is free as soon as they are acknowledged.
			s.acknowledge(s.deliveries(at, at+1))
			synctest.Wait()
			time.Sleep(30 * time.Millisecond) // synctest's clock
		}
		if got := f.consumer("default").Sequence; got != 2 {
			t.Errorf("at once %d is durable", got)
		}
		time.Sleep(550 * time.Millisecond) // synctest's clock
		synctest.Wait()
		if got, writes := f.consumer("default").Sequence, f.store.advances.Load()-opening; got != 30 || writes != 2 {
			t.Errorf("within a second %d is durable, by %d writes", got, writes)
		}
		s.acknowledge(s.deliveries(31, 32))
		synctest.Wait()
		s.acknowledge(s.deliveries(33, 34))
		synctest.Wait()
		s.cancel()
		synctest.Wait()
		if got := f.consumer("default").Sequence; got != 34 {
			t.Errorf("cut off, %d is durable", got)
		}
	})
}

// A page says how many messages are behind it, and a reader that was taken over gets none.
func TestPages(t *testing.T) {
	f := newFixture(t, never)
	f.append(5, "")
	f.append(1, "concerns/other")
	opened, err := f.client.OpenConsumer(f.as("kela"), &exchangev1.OpenConsumerRequest{})
	if err != nil {
		t.Fatal(err)
	}
	list := func(cursor, subject string, epoch uint64) *exchangev1.ListMessagesResponse {
		t.Helper()
		page, err := f.client.ListMessages(f.as("kela"), &exchangev1.ListMessagesRequest{Cursor: cursor, PageSize: 2, Subject: subject, Takeover: epoch})
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	var cursor string
	for at, behind := range []uint64{4, 2, 0, 0} {
		page := list(cursor, "", opened.GetTakeover())
		if len(page.GetMessages()) != min(2, 6-2*at) || page.GetBacklog() != behind {
			t.Errorf("page %d: %d messages, %d behind", at, len(page.GetMessages()), page.GetBacklog())
		}
		for i, message := range page.GetMessages() {
			if message.GetSequence() != uint64(2*at+i+1) {
				t.Errorf("page %d: message %d is %d", at, i, message.GetSequence())
			}
		}
		if at == 0 {
			if one := list(page.GetNextCursor(), "concerns/other", 0); len(one.GetMessages()) != 1 || one.GetMessages()[0].GetSequence() != 6 || one.GetBacklog() != 0 {
				t.Errorf("of one subject: %v", one)
			}
		}
		cursor = page.GetNextCursor()
	}
	if _, err := f.client.OpenConsumer(f.as("kela"), &exchangev1.OpenConsumerRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.client.ListMessages(f.as("kela"), &exchangev1.ListMessagesRequest{Takeover: opened.GetTakeover()}); fault.ReasonOf(err) != fault.TakenOver {
		t.Errorf("taken over: %v", err)
	}
}
