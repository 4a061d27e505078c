package matter

import (
	"slices"
	"time"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// State is the interface of every service's state, which embeds Head.
type State interface{ Common() Head }

// Head is the part of a matter's state that all services have.
type Head struct {
	Subject string
	// Number is the number that the first event recorded; empty for a matter that began before
	// matters had numbers.
	Number Number
	// Client and Case are internal ids. Client is empty if no person is identified.
	Client, Case string
	// Sender is the party that began the matter.
	Sender  *commonv1.Party
	Basis   *commonv1.LegalBasis
	Started time.Time
	// Phase is the phase of the matter, and Since the time at which it began.
	Phase commonv1.LoopPhase
	Since time.Time
	// Due is the due time of the state itself. A question or an offer may replace it while it is
	// open, and the clock of an urgent matter takes precedence over it.
	Due time.Time
	// Clock is the clock of an urgent matter.
	Clock Clock
	// Fired are the due times that were recorded as passed. An earlier one may apply again: a late
	// offer onward becomes the due time again once a question is answered.
	Fired []time.Time
	// Thread is what the two sides asked each other and added.
	Thread Thread
	// Contacts are the planned contacts, at most one for each agency.
	Contacts []*commonv1.PlannedContact
	// Revocation is set once the matter was entered in error, Withdrawal once the consent on which
	// it rests was withdrawn. Departures are the withdrawals after which the matter went on without
	// their holders.
	Revocation Revocation
	Withdrawal Notice
	Departures []Notice
}

// Begin returns the head of a matter that an event begins.
func Begin(e Event, phase commonv1.LoopPhase) Head {
	return Head{
		Subject: e.Subject, Number: numberIn(e.Message), Client: e.Client, Case: e.Case, Sender: e.By, Basis: e.Basis,
		Started: e.At, Phase: phase, Since: e.At,
	}
}

// Common returns the head itself, so that a state that embeds Head is a State.
func (h Head) Common() Head { return h }

// Enter moves to a phase. If the matter is already in it, Since stays as it is.
func (h *Head) Enter(phase commonv1.LoopPhase, at time.Time) {
	if h.Phase != phase {
		h.Phase, h.Since = phase, at
	}
}

// Fire notes that a due time was recorded as passed.
func (h *Head) Fire(due time.Time) { h.Fired = append(slices.Clip(h.Fired), due) }

// goesOn reports whether requests for information may be answered and lapse: until the matter is declined or
// ends.
func (h Head) goesOn() bool {
	return !h.Ended() && h.Phase != commonv1.LoopPhase_LOOP_PHASE_DECLINED
}

// lapsing returns the due times of the requests that lapse when they pass.
func (h Head) lapsing() []time.Time {
	if !h.goesOn() {
		return nil
	}
	return h.Thread.dues()
}

// LapsingAt returns the request that lapses when a due time passes; empty if none does.
func (h Head) LapsingAt(due time.Time) string {
	if !h.goesOn() {
		return ""
	}
	return h.Thread.lapsingAt(due)
}

// Lapse notes that the requests that are due at a time have lapsed, and reports whether the matter waited for
// one of them.
func (h *Head) Lapse(due time.Time) (held bool) {
	if h.goesOn() {
		h.Thread, held = h.Thread.lapse(due)
	}
	return held
}

// HasFired reports whether a due time was recorded as passed.
func (h Head) HasFired(due time.Time) bool { return slices.ContainsFunc(h.Fired, due.Equal) }

// Ended reports whether the matter has ended. An ended matter is never reopened.
func (h Head) Ended() bool {
	return h.Phase == commonv1.LoopPhase_LOOP_PHASE_CLOSED || h.Phase == commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN
}

// Exists reports whether the matter exists; false for the zero state.
func (h Head) Exists() bool { return h.Subject != "" }
