// Package rules holds what is decided about shared plans: pure functions of state, command and
// time. They do no input or output. Read in this order: state.go (what a plan is), table.go (each
// step: who may take it, when, which checks its content must pass, and what it records), decide.go
// (command → events), evolve.go (event → state), status.go (whose turn it is, and until when),
// disclose.go (what is disclosed to whom), view.go (what a caller reads).
package rules

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Collection is the first part of the name of a plan as a matter.
const Collection = "plans/"

// Plan is the fold of one plan's events: of all events, or of those that one reader was shown.
type Plan struct {
	matter.Head
	// Plan is the content as a caller reads it, without the parts that differ between readers. It
	// is never changed: code that needs a different one clones it.
	Plan *planv1.Plan
	// FiredAt is, for each item, the due time that was last recorded as passed.
	FiredAt map[string]time.Time
	// OnDuty says that the plan is a duty of social services: it rests on no consent, and goes on if
	// members lose theirs.
	OnDuty bool
}

// change returns a copy of the state with a clone of the plan that may be changed. It is empty for a reader
// of whose mailbox the beginning was erased with a withdrawn consent.
func (p Plan) change() (Plan, *planv1.Plan) {
	if p.Plan = proto.CloneOf(p.Plan); p.Plan == nil {
		p.Plan = &planv1.Plan{}
	}
	return p, p.Plan
}

func (p Plan) fire(what string, due time.Time) Plan {
	fired := maps.Clone(p.FiredAt)
	if fired == nil {
		fired = map[string]time.Time{}
	}
	fired[what] = due
	p.FiredAt = fired
	return p
}

// Item is one thing with a due time: an action, the review, or an offer of responsibility.
type Item struct {
	// What is "action/<id>", "review" or "responsibility".
	What  string
	Due   time.Time
	Owner *commonv1.Party
}

// The items that are not actions, and the prefix of those that are.
const (
	review         = "review"
	responsibility = "responsibility"
	actionPrefix   = "action/"
)

// Items returns what is due, the earliest first. A plan that has not ended always has a next
// review.
func (p Plan) Items() []Item {
	if p.Ended() {
		return nil
	}
	items := []Item{{review, p.Plan.GetNextReviewAt().AsTime(), p.Plan.GetResponsible()}}
	if to := p.Plan.GetResponsibilityOfferedTo(); to != nil {
		items = append(items, Item{responsibility, p.Plan.GetResponsibilityDueAt().AsTime(), to})
	}
	for _, action := range p.Plan.GetActions() {
		if action.GetCompletedAt() == nil {
			items = append(items, Item{actionPrefix + action.GetActionId(), action.GetDueAt().AsTime(), action.GetOwner()})
		}
	}
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.What, b.What)) })
	return items
}

// isLate reports whether an item's due time was recorded as passed.
func (p Plan) isLate(item Item) bool { return p.FiredAt[item.What].Equal(item.Due) }

// member returns the membership of a unit; nil if there is none.
func member(plan *planv1.Plan, agency, unit string) *planv1.Member {
	for _, member := range plan.GetMembers() {
		if member.GetParty().GetAgency() == agency && member.GetParty().GetUnit() == unit {
			return member
		}
	}
	return nil
}

func memberState(plan *planv1.Plan, party *commonv1.Party) planv1.MemberState {
	return member(plan, party.GetAgency(), party.GetUnit()).GetState()
}

func isJoined(plan *planv1.Plan, party *commonv1.Party) bool {
	return memberState(plan, party) == planv1.MemberState_MEMBER_STATE_JOINED
}

// isMember reports whether an agency has a unit that is invited or has joined.
func isMember(plan *planv1.Plan, agency string) bool {
	return slices.ContainsFunc(plan.GetMembers(), func(m *planv1.Member) bool {
		return m.GetParty().GetAgency() == agency && isActive(m)
	})
}

// isActive reports whether a unit is invited or has joined.
func isActive(member *planv1.Member) bool {
	return member.GetState() == planv1.MemberState_MEMBER_STATE_INVITED || member.GetState() == planv1.MemberState_MEMBER_STATE_JOINED
}

// sharedWithAnother reports whether an agency other than the creator's has joined.
func sharedWithAnother(plan *planv1.Plan) bool {
	return slices.ContainsFunc(plan.GetMembers(), func(m *planv1.Member) bool {
		return m.GetState() == planv1.MemberState_MEMBER_STATE_JOINED && m.GetParty().GetAgency() != plan.GetCreatedBy().GetAgency()
	})
}

func isParty(actor matter.Actor, party *commonv1.Party) bool {
	return party != nil && sameWorker(actor.Party(), party)
}

func goal(plan *planv1.Plan, id string) *planv1.Goal {
	at := slices.IndexFunc(plan.GetGoals(), func(g *planv1.Goal) bool { return g.GetGoalId() == id })
	if at < 0 {
		return nil
	}
	return plan.GetGoals()[at]
}

func action(plan *planv1.Plan, id string) *planv1.Action {
	at := slices.IndexFunc(plan.GetActions(), func(a *planv1.Action) bool { return a.GetActionId() == id })
	if at < 0 {
		return nil
	}
	return plan.GetActions()[at]
}

// ID returns the plan id in the name of a matter.
func ID(subject string) string { return subject[min(len(Collection), len(subject)):] }
