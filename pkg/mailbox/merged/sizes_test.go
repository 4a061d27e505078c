package merged_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// mostInAnAnswer is what a gRPC client takes by default.
const mostInAnAnswer = 4 << 20

// Whatever the sizes of messages and pages, each message of each service arrives exactly
// once and in order, by pages and by the stream, and none of the services waits for
// another's to be read to the end.
func TestPagesOfAllSizes(t *testing.T) {
	b := newBench(t)
	behind, cursor := map[string]uint64{}, ""
	rapid.Check(t, func(t *rapid.T) {
		heads := map[string]uint64{}
		for _, service := range []*fakeService{b.concern, b.referral} {
			for range rapid.IntRange(0, 4).Draw(t, service.name) {
				// The last is larger than a message may be: a tombstone of its own size comes.
				service.tellLong(rapid.SampledFrom([]int{0, 1000, 40_000, matter.MaxRecord - 1000, matter.MaxRecord + 1000}).Draw(t, "size"))
			}
			heads[service.name] = uint64(service.told)
		}
		size, records := rapid.Int32Range(2, 1000).Draw(t, "page"), rapid.Bool().Draw(t, "records")
		read, at := map[string]uint64{"concern": behind["concern"], "referral": behind["referral"]}, cursor
		for read["concern"] < heads["concern"] || read["referral"] < heads["referral"] {
			page, err := b.client.ListMessages(b.ctx, &exchangev1.ListMessagesRequest{Cursor: at, PageSize: size, WithRecords: records})
			if err != nil {
				t.Fatal(err)
			}
			if proto.Size(page) > mostInAnAnswer {
				t.Fatalf("a page of %d bytes", proto.Size(page))
			}
			came := map[string]bool{}
			for _, message := range page.GetMessages() {
				if message.GetSequence() != read[message.GetService()]+1 {
					t.Fatalf("%s %d comes behind %d", message.GetService(), message.GetSequence(), read[message.GetService()])
				}
				read[message.GetService()], came[message.GetService()] = message.GetSequence(), true
			}
			left := heads["concern"] - read["concern"] + heads["referral"] - read["referral"]
			if page.GetBacklog() != left {
				t.Fatalf("%d wait, and %d are said to", left, page.GetBacklog())
			}
			for service, head := range heads {
				if read[service] < head && !came[service] {
					t.Fatalf("%s waits for the other", service)
				}
			}
			at = page.GetNextCursor()
		}
		ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
		defer cancel()
		s, err := b.client.Exchange(ctx)
		if err != nil {
			t.Fatal(err)
		}
		open := &exchangev1.ExchangeRequest_Open{Cursor: cursor, WithRecords: records, Window: 10_000}
		if cursor == "" {
			open.Consumer = "fresh"
		}
		if err := s.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: open}}); err != nil {
			t.Fatal(err)
		}
		for behind["concern"] < heads["concern"] || behind["referral"] < heads["referral"] {
			response, err := s.Recv()
			if err != nil {
				t.Fatal(err)
			}
			message := response.GetDelivery().GetMessage()
			if message == nil {
				continue
			}
			if message.GetSequence() != behind[message.GetService()]+1 {
				t.Fatalf("%s %d comes behind %d", message.GetService(), message.GetSequence(), behind[message.GetService()])
			}
			behind[message.GetService()] = message.GetSequence()
		}
		cursor = at
	})
}
