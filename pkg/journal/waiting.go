package journal

import (
	"context"
	"time"
)

// Notices reads what waits for units, and keeps whether they were told of it.
type Notices interface {
	// Waiting returns what waits for units and was not told them as often as it must
	// be: what is told twice first, so that nothing holds it up, then the soonest due.
	Waiting(ctx context.Context, query WaitingQuery) ([]Waiting, error)
	// MarkNotified counts each as told once more, at a time.
	MarkNotified(ctx context.Context, told []Waiting, at time.Time) error
}

// WaitingKind is why something waits. Stored.
type WaitingKind int32

const (
	// WaitingNew is a turn that came to the agency, or the first that a participant is
	// told.
	WaitingNew WaitingKind = 1
	// WaitingOverdue is the agency's turn past its due time.
	WaitingOverdue WaitingKind = 2
)

// WaitingQuery selects what waits. All fields are required.
type WaitingQuery struct {
	// Units asked about: agency and unit, which is empty for what is at the agency alone.
	Units []AgencyUnit
	// Phases in which a turn that came is something new.
	Phases []int32
	// Twice is the urgency of which is told twice that it is new.
	Twice int32
	// Limit is the most rows returned.
	Limit int
}

// AgencyUnit is a unit of an agency.
type AgencyUnit struct{ Agency, Unit string }

// Waiting is a subject that waits for a unit.
type Waiting struct {
	AgencyUnit
	Subject string
	Kind    WaitingKind
	Urgency int32
	// DueAt is zero where none is. What is due at another time is told anew.
	DueAt time.Time
	// Told is how often it was, in this kind and with this due time, and last ToldAt.
	Told   int32
	ToldAt time.Time
}
