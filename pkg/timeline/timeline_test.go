package timeline

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/mailbox"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Messages of one subject are ordered by its versions, also at the same time, when their ids have
// no order. A page token leads to exactly the messages that follow it.
func TestByTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begun := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
		var all []*exchangev1.CaseMessage
		for _, subject := range []string{"concerns/b", "concerns/a", "plans/c"} {
			at := begun
			for version := range uint64(rapid.IntRange(0, 4).Draw(t, "messages")) {
				at = at.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "later")))
				all = append(all, &exchangev1.CaseMessage{MessageId: command.NewID(), Subject: subject, SubjectVersion: version + 1, OccurredAt: timestamppb.New(at)})
			}
		}
		slices.SortFunc(all, mailbox.ByTime)
		last := map[string]uint64{}
		for i, message := range all {
			if last[message.GetSubject()]++; message.GetSubjectVersion() != last[message.GetSubject()] {
				t.Fatalf("version %d of %s comes before %d", message.GetSubjectVersion(), message.GetSubject(), last[message.GetSubject()])
			}
			place := &caseworkv1.ReadHistoryRequest{
				After: message.GetOccurredAt(), AfterMessageId: message.GetMessageId(), AfterSubject: message.GetSubject(), AfterVersion: message.GetSubjectVersion(),
			}
			for j, other := range all {
				if behind(other, place) != (j > i) {
					t.Fatalf("after message %d, message %d is read otherwise than in order", i, j)
				}
			}
		}
	})
}
