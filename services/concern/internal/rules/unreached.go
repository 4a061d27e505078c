package rules

import (
	"slices"

	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// unreachedOutcomes are the outcomes of a concern that ends because the client was not reached or wanted no
// help.
var unreachedOutcomes = []concernv1.Outcome{concernv1.Outcome_OUTCOME_CLIENT_NOT_REACHED, concernv1.Outcome_OUTCOME_CLIENT_DECLINED}

// EndedUnreached reports whether the concern ended because the client was not reached or wanted no help.
func (c Concern) EndedUnreached() bool {
	return c.State == concernv1.ConcernState_CONCERN_STATE_CLOSED && slices.Contains(unreachedOutcomes, c.Outcome)
}

// ReportCount is the number of reports about the client at the receiver: this one, those that joined it,
// and the earlier concerns.
func (c Concern) ReportCount() int32 { return c.Earlier + 1 + int32(len(c.Reports)) } //nolint:gosec // at most 2·MaxOpen joined

// IsRepeatedUnreached reports whether the client is reported again and again, and is not reached or wants
// no help. Nothing ends by it.
func (c Concern) IsRepeatedUnreached() bool {
	if !c.IsOpen() || c.ReportCount() < 2 {
		return false
	}
	return c.Will == willNo || c.Unreached >= 2 || c.EarlierUnreached >= 1 && !c.EverReached
}

// checkClose refuses to end such a concern as not reached or declined without a note on what was tried and
// how the client finds the way back, and guidance that does not say to whom or what for.
func checkClose(world World, command Command, r *concernv1.CloseConcernRequest) error {
	if world.State(command.Subject).IsRepeatedUnreached() && slices.Contains(unreachedOutcomes, r.GetOutcome()) {
		if err := matter.CheckExplained("closing without having reached a client who is reported again and again", "note", r.GetNote()); err != nil {
			return err
		}
	}
	return checkGuidance(r.GetGuidedTo())
}
