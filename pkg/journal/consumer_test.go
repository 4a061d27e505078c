package journal_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/journal"
)

// The time of a consumer is that of its last acknowledgement: opening it again, as after a restart, acknowledges nothing.
func TestConsumerTime(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	consumer := journal.Consumer{At: time.UnixMicro(0)}
	for i, step := range []struct {
		advance journal.Advance
		want    time.Time
	}{
		{journal.Advance{TakeOver: true, At: noon}, noon},
		{journal.Advance{TakeOver: true, At: noon.Add(time.Hour)}, noon.Add(time.Hour)},
		{journal.Advance{Sequence: 2, At: noon.Add(2 * time.Hour)}, noon.Add(2 * time.Hour)},
		{journal.Advance{Sequence: 1, At: noon.Add(3 * time.Hour)}, noon.Add(2 * time.Hour)},
		{journal.Advance{TakeOver: true, At: noon.Add(4 * time.Hour)}, noon.Add(2 * time.Hour)},
		{journal.Advance{TakeOver: true, Sequence: 3, At: noon.Add(5 * time.Hour)}, noon.Add(5 * time.Hour)},
	} {
		moved, err := consumer.Moved(step.advance, 3)
		if err != nil || !moved.At.Equal(step.want) {
			t.Errorf("%d: %v, want %v (%v)", i, moved.At, step.want, err)
		}
		consumer = moved
	}
}
