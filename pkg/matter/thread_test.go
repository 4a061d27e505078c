package matter_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Of two requests that lapse at one time, the one is named for which the matter waits.
func TestLapsingNamesTheHoldingRequest(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	due := at.Add(time.Hour)
	asked := func(id string) *concernv1.InformationRequested {
		return &concernv1.InformationRequested{InformationRequestId: id, DueAt: timestamppb.New(due), Lapses: true}
	}
	var head matter.Head
	head.Thread, _ = head.Thread.Ask(matter.Event{At: at}, asked("sender's"), matter.RoleSender)
	head.Thread, _ = head.Thread.Ask(matter.Event{At: at}, asked("receiver's"), matter.RoleReceiver)
	if got := head.LapsingAt(due); got != "receiver's" {
		t.Errorf("named: %q", got)
	}
	if held := head.Lapse(due); !held || head.Thread.Holding != "" {
		t.Errorf("held %v, still %q", held, head.Thread.Holding)
	}
	for _, one := range head.Thread.Requests {
		if !one.Lapsed {
			t.Errorf("%s did not lapse", one.ID)
		}
	}
	if got := head.LapsingAt(due); got != "" {
		t.Errorf("lapses again: %q", got)
	}
}

func TestMissingPapers(t *testing.T) {
	sent := []*commonv1.Attachment{{PaperKind: "lease"}, {PaperKind: ""}, {PaperKind: "invoice"}}
	if missing := matter.MissingPapers([]string{"payslip", "lease", "decision"}, sent); !slices.Equal(missing, []string{"payslip", "decision"}) {
		t.Errorf("missing: %v", missing)
	}
}

// The earliest turn is the next; at a tie the one that is named first, and one without a time only if none has one.
func TestNextTurn(t *testing.T) {
	at := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	turn := func(of string, due time.Time) matter.Turn {
		return matter.Turn{Deadline: matter.Agreed(due), Of: &commonv1.Party{Agency: of}}
	}
	for want, turns := range map[string][]matter.Turn{
		"a": {turn("a", at), turn("b", at)},
		"b": {turn("a", at.Add(time.Second)), turn("b", at)},
		"c": {turn("c", time.Time{}), turn("d", time.Time{})},
		"e": {turn("f", time.Time{}), turn("e", at)},
		"g": {turn("g", at), turn("h", time.Time{})},
	} {
		if got := matter.Next(turns...).Of.GetAgency(); got != want {
			t.Errorf("it is %s's turn, want %s's", got, want)
		}
	}
}
