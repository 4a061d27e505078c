package overview

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/journal"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// reading is a journal in which only mailboxes are read.
type reading struct {
	journal.Overviews

	readers []journal.ReaderLag
}

func (reading) OpenMatters(context.Context, time.Time) ([]journal.OpenMatters, error) {
	return nil, nil
}

func (reading) Silent(context.Context, time.Time, int) ([]journal.Silent, error) { return nil, nil }

func (r reading) Readers(context.Context) ([]journal.ReaderLag, error) { return r.readers, nil }

type fixed struct{ time.Time }

func (f fixed) Now() time.Time { return f.Time }

// A reader that has acknowledged nothing is behind from its first message on, and has no time of an acknowledgement:
// its opening is none.
func TestReaderWithoutAcknowledgement(t *testing.T) {
	noon, id := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), uuid.Must(uuid.NewV7())
	o := &Overview{Service: "concern", Grounds: ground.Hold(&ground.Table{}), Clock: fixed{noon}, Overviews: reading{readers: []journal.ReaderLag{
		{Agency: "kela", Consumer: "callback", Head: 3, At: noon, Next: id.String()},
		{Agency: "hva", Consumer: "default", Head: 3, Acknowledged: 3, At: noon},
	}}}
	got, err := o.Oversee(t.Context(), &caseworkv1.OverseeRequest{})
	if err != nil || len(got.GetReaders()) != 2 {
		t.Fatalf("%v %v", got, err)
	}
	if one := got.GetReaders()[0]; one.GetBehind() != 3 || one.GetAcknowledgedAt() != nil || !one.GetWaitingSince().AsTime().Equal(madeAt(id.String())) {
		t.Errorf("one that has acknowledged nothing: %v", one)
	}
	if one := got.GetReaders()[1]; one.GetBehind() != 0 || !one.GetAcknowledgedAt().AsTime().Equal(noon) || one.GetWaitingSince() != nil {
		t.Errorf("one that has acknowledged all: %v", one)
	}
}
