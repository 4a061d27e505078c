package rules

import (
	"slices"
	"time"

	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// The time limits of a concern. The seven working days are those of 1301/2014 § 36.2 and the three
// months those of § 36.3 and § 45.2, for clients who have a right to them. For all other clients
// they are what the receiver aims at. The other limits are Koppi's own.
const (
	workingDaysToTake   = 7
	monthsToAssess      = 3
	workingDaysToSettle = 3
)

const (
	// statutoryAge is the age, in full years, from which an assessment must begin by a day that the
	// law sets.
	statutoryAge = 75
	// The provisions that set days.
	groupDay = "1301/2014 § 36.2"
	childDay = "1301/2014 § 36.3"
	planDay  = "1301/2014 § 45.2"
)

// next returns the due time, its basis and whose turn it is: the earliest of what runs.
func next(c Concern) matter.Turn {
	if request, holds := c.Thread.Held(); holds && !request.Lapses {
		return asked(c)
	}
	held, asked := c.Thread.Turns(c.Sender, c.Holder)
	return matter.Next(held, own(c), asked)
}

// own returns the earliest of the due times of the state itself, of an offer onward and of the clock of an
// urgent matter. While the concern waits for the reporter's answer, those of the state and of the offer rest,
// unless it is urgent; a day that the law sets rests with the offer alone.
func own(c Concern) matter.Turn {
	urgent, rests := c.Clock.Urgent(c.ToSocialServices), c.holds() && !matter.IsUrgent(c.Clock.Urgency)
	forward, offered := c.pendingForward()
	turn := matter.Turn{Of: c.Holder}
	switch {
	case offered:
		turn.Of = forward.Receiver
	case c.State == stateDeclined:
		turn.Of = c.Sender
	}
	switch statutory := matter.Statutory(c.Statutory, c.provision()); {
	case rests && offered:
		turn.Deadline = urgent
	case rests:
		turn.Deadline = matter.Earliest(statutory, urgent)
	case offered:
		turn.Deadline = matter.Earliest(matter.Agreed(forward.DueAt), urgent)
	default:
		turn.Deadline = matter.Earliest(statutory, matter.Agreed(c.NextAttempt), matter.Promised(c.Due), matter.Promised(c.FollowUp), urgent)
	}
	return turn
}

// asked returns the due time and the turn of what the two sides asked each other; zero if nothing is open. A
// question from before lapsing has the clock of an urgent matter beside it.
func asked(c Concern) matter.Turn {
	held, asked := c.Thread.Turns(c.Sender, c.Holder)
	if request, holds := c.Thread.Held(); holds && !request.Lapses {
		held.Deadline = matter.Earliest(held.Deadline, c.Clock.Urgent(c.ToSocialServices))
	}
	return matter.Next(held, asked)
}

// deadline returns the due time and its basis.
func deadline(c Concern) matter.Deadline { return next(c).Deadline }

// dueBefore returns the due time by the rules before matter.DueRules 1. Due times that passed under
// those rules are recorded by them.
func dueBefore(c Concern) time.Time {
	if held, holds := c.Thread.Held(); holds {
		return held.DueAt
	}
	if forward, offered := c.pendingForward(); offered {
		return forward.DueAt
	}
	if !c.Lowered.IsZero() {
		return c.Lowered
	}
	return c.Due
}

// provision returns the provision that gives the client a day in this state; empty if there is
// none.
func (c Concern) provision() string {
	child := slices.Contains(c.Groups, concernv1.StatutoryGroup_STATUTORY_GROUP_SPECIAL_SUPPORT_CHILD)
	switch {
	case !c.ToSocialServices:
		return ""
	case c.State == stateAssessed:
		return planDay
	case child && slices.Contains(run(stateReceived, stateInAssessment), c.State):
		return childDay
	case len(c.Groups) > 0 && slices.Contains(run(stateReceived, stateTaken), c.State):
		return groupDay
	default:
		return ""
	}
}

// counted computes the statutory day of the present state, as after a step. A day that has passed
// becomes the next working day.
func (c Concern) counted(at time.Time) Concern {
	switch {
	case c.provision() == "":
		c.Statutory = time.Time{}
	case c.taken() && c.State != stateTaken:
		c.Statutory = matter.NotPast(matter.EndOfTerm(c.Started, monthsToAssess, at), at)
	default:
		c.Statutory = matter.NotPast(matter.EndOfWorkingDay(c.Started, workingDaysToTake), at)
	}
	return c
}

// dueInAssessment returns the due time of an assessment that began at a time.
func dueInAssessment(from time.Time) time.Time { return matter.EndOfTerm(from, monthsToAssess, from) }

// dueAssessed returns the due time after an assessment that ended at a time.
func (c Concern) dueAssessed(at time.Time) time.Time {
	return matter.NotPast(matter.EndOfTerm(c.Started, monthsToAssess, at), at)
}

// dueAfterAnswer returns the due time of a state, counted from an answer.
func dueAfterAnswer(state concernv1.ConcernState, from time.Time) time.Time {
	switch state {
	case concernv1.ConcernState_CONCERN_STATE_IN_ASSESSMENT, concernv1.ConcernState_CONCERN_STATE_ASSESSED:
		return dueInAssessment(from)
	default:
		return matter.EndOfWorkingDay(from, workingDaysToTake)
	}
}

// groupsAt returns the statutory groups that a client is known to belong to on the day of sending.
func groupsAt(born, at time.Time) []concernv1.StatutoryGroup {
	if born.IsZero() || matter.YearsAt(born, at) < statutoryAge {
		return nil
	}
	return []concernv1.StatutoryGroup{concernv1.StatutoryGroup_STATUTORY_GROUP_OVER_75}
}

// regrouped returns a concern's groups after a triage that names some. The group OVER_75 stays.
func regrouped(groups, named []concernv1.StatutoryGroup) []concernv1.StatutoryGroup {
	if len(named) == 0 {
		return groups
	}
	if slices.Contains(groups, concernv1.StatutoryGroup_STATUTORY_GROUP_OVER_75) && !slices.Contains(named, concernv1.StatutoryGroup_STATUTORY_GROUP_OVER_75) {
		return append([]concernv1.StatutoryGroup{concernv1.StatutoryGroup_STATUTORY_GROUP_OVER_75}, named...)
	}
	return named
}
