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

// maxAnswer is the largest answer that a gRPC client takes by default.
const maxAnswer = 4 << 20

// Messages of any size arrive by pages of any size and by the stream, each exactly once, and those of each service in
// order. No service waits until another is read to its end.
func TestPagesOfAllSizes(t *testing.T) {
	f := newFixture(t)
	behind, cursor := map[string]uint64{}, ""
	rapid.Check(t, func(t *rapid.T) {
		heads := map[string]uint64{}
		for _, service := range []*fakeService{f.concern, f.referral} {
			for range rapid.IntRange(0, 4).Draw(t, service.name) {
				// The last size is larger than a message may be: a tombstone comes in its place.
				service.appendLong(rapid.SampledFrom([]int{0, 1000, 40_000, matter.MaxRecord - 1000, matter.MaxRecord + 1000}).Draw(t, "size"))
			}
			heads[service.name] = uint64(service.appended)
		}
		size, records := rapid.Int32Range(2, 1000).Draw(t, "page"), rapid.Bool().Draw(t, "records")
		read, at := map[string]uint64{"concern": behind["concern"], "referral": behind["referral"]}, cursor
		for read["concern"] < heads["concern"] || read["referral"] < heads["referral"] {
			page, err := f.client.ListMessages(f.ctx, &exchangev1.ListMessagesRequest{Cursor: at, PageSize: size, WithRecords: records})
			if err != nil {
				t.Fatal(err)
			}
			if proto.Size(page) > maxAnswer {
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
				t.Fatalf("%d wait, and the backlog is %d", left, page.GetBacklog())
			}
			for service, head := range heads {
				if read[service] < head && !came[service] {
					t.Fatalf("%s waits for the other", service)
				}
			}
			at = page.GetNextCursor()
		}
		ctx, cancel := context.WithTimeout(f.ctx, 20*time.Second)
		defer cancel()
		s, err := f.client.Exchange(ctx)
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
