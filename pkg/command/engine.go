package command

import (
	"log/slog"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// Pseudonyms returns the names of a client and a case for one agency. Each agency gets different
// names, so that agencies cannot match them.
type Pseudonyms interface {
	ClientName(agency, internal string) string
	CaseName(agency, internal string) string
	// MatterNumber returns the number of a matter that recorded none. It is the same for everybody,
	// and nobody can compute it from the matter's name.
	MatterNumber(subject string) matter.Number
}

// Engine runs the commands of one service.
type Engine[S matter.State] struct {
	Rules      Rules[S]
	Store      journal.Store
	Pseudonyms Pseudonyms
	// Notify is called for each mailbox that advanced, with its new last sequence.
	Notify func(agency string, sequence uint64)
	// NewID makes message ids: UUIDv7.
	NewID func() string
	// Now returns the domain's time, to the microsecond. Each attempt at a command calls it again.
	Now    func() time.Time
	Logger *slog.Logger
}

// NumberOf returns the number of a matter, given the one that its first event recorded. A matter that
// began before matters had numbers has one that is computed from its name.
func (e *Engine[S]) NumberOf(subject string, recorded matter.Number) matter.Number {
	if recorded == "" {
		return e.Pseudonyms.MatterNumber(subject)
	}
	return recorded
}

// timeOf returns the time of an attempt at a command: now, but not before the last event of the
// commanded subject nor before Target.NotBefore. The clocks of two replicas may differ, and an
// attempt that lost a race decides on events that came in between.
func (e *Engine[S]) timeOf(target Target, world matter.World[S]) time.Time {
	return matter.Later(e.Now(), matter.Later(target.NotBefore, world.Subjects[target.Subject].LastAt()))
}

// ByClock returns the access log record of an action that only the clock takes.
func (e *Engine[S]) ByClock(what string) journal.Access {
	return journal.Access{Role: "clock", Method: "koppi." + e.Rules.Service + "/" + what}
}
