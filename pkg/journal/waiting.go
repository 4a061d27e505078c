package journal

import (
	"context"
	"time"
)

// Notices reads which matters wait for units, and records which notices the units were sent.
type Notices interface {
	// Waiting returns matters that wait for units and of which the units have not been notified as
	// often as they must be. Matters of which a unit is notified twice come first, so that nothing
	// delays them, then those with the earliest due time.
	Waiting(ctx context.Context, query WaitingQuery) ([]Waiting, error)
	// MarkNotified records one more notice for each, sent at the given time.
	MarkNotified(ctx context.Context, notified []Waiting, at time.Time) error
}

// WaitingKind is why a matter waits. Its numbers are stored.
type WaitingKind int32

const (
	// WaitingNew says that it became the agency's turn, or that a participant was shown the matter
	// for the first time.
	WaitingNew WaitingKind = 1
	// WaitingOverdue says that it is the agency's turn and the due time is past.
	WaitingOverdue WaitingKind = 2
	// WaitingOnCall says that the unit is on call for the matter, which another unit or worker holds. Its due
	// time is when the matter came to the unit.
	WaitingOnCall WaitingKind = 3
)

// WaitingQuery selects waiting matters. All fields are required.
type WaitingQuery struct {
	// Units are the agencies and units to read; an empty unit stands for matters that are with the
	// agency but with no unit.
	Units []AgencyUnit
	// Phases are those in which a turn that came to the agency is new.
	Phases []int32
	// Twice is the urgency of the new matters of which a unit gets two notices.
	Twice int32
	// Limit is the most rows returned.
	Limit int
}

// AgencyUnit is a unit of an agency.
type AgencyUnit struct{ Agency, Unit string }

// Waiting is a matter that waits for a unit.
type Waiting struct {
	AgencyUnit
	Subject string
	Kind    WaitingKind
	Urgency int32
	// DueAt is zero where there is no due time. A matter with another due time gets notices of its
	// own.
	DueAt time.Time
	// Told is the number of notices sent for this kind and due time, ToldAt the time of the last.
	Told   int32
	ToldAt time.Time
}

// NotifiedAs returns the name under which notices are recorded: the unit on call gets notices of its own beside
// those of the unit that holds the matter. It is stored.
func (w Waiting) NotifiedAs() string {
	if w.Kind == WaitingOnCall {
		return w.Agency + " on call"
	}
	return w.Agency
}
