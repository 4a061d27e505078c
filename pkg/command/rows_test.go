package command

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// state is a subject of which the status is given.
type state struct {
	matter.Head
	turn string
	due  time.Time
	late bool
}

func (s state) Common() matter.Head { return s.Head }

// A row that waits for a word about a copy waits no later for what is the agency's own turn
// anyway, and is no call for help where that has ended.
func TestARowThatWaitsForAWord(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	notice := noon.Add(3 * time.Hour)
	rules := Rules[state]{
		WorklistEntry: func(state, matter.Reader) matter.WorklistEntry { return matter.WorklistEntry{} },
		Status: func(s state, _ matter.Reader) *commonv1.LoopStatus {
			status := &commonv1.LoopStatus{Phase: s.Phase, Overdue: s.late, WaitingOn: &commonv1.Party{Agency: s.turn}}
			if !s.due.IsZero() {
				status.DueAt = timestamppb.New(s.due)
			}
			return status
		},
	}
	for name, test := range map[string]struct {
		state          state
		due            time.Time
		overdue, touch bool
	}{
		"its turn before":      {state{turn: "hva", due: noon}, noon, false, false},
		"its turn, late":       {state{turn: "hva", due: noon, late: true}, noon, true, false},
		"its turn after":       {state{turn: "hva", due: notice.Add(time.Hour)}, notice, false, false},
		"its turn, some time":  {state{turn: "hva"}, notice, false, false},
		"another's turn, late": {state{turn: "kela", due: noon, late: true}, notice, false, false},
		"ended":                {state{Head: matter.Head{Phase: commonv1.LoopPhase_LOOP_PHASE_CLOSED}}, notice, false, true},
	} {
		head := test.state.Head
		head.Withdrawal = matter.Notice{At: noon, Due: notice, Holders: []string{"hva"}}
		row := entry(rules, head, matter.View[state]{Reader: matter.Reader{Agency: "hva", Role: matter.RoleReceiver}, State: test.state})
		if row.Ended || row.WaitingOn != "hva" || !row.DueAt.Equal(test.due) || row.Overdue != test.overdue || row.Touched != test.touch {
			t.Errorf("%s: %+v", name, row)
		}
	}
}
