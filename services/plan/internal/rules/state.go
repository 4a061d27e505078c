// Package rules holds what is decided about shared plans: pure functions of state,
// command and time. They are called and call nothing. Read in this order: state.go
// (what a plan is), table.go (which step is whose, when), decide.go (command →
// events), evolve.go (event → state), status.go (whose turn, until when),
// disclose.go (who is told what), view.go (what a caller reads).
package rules

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Collection is the first part of a plan's subject name.
const Collection = "plans/"

// Plan is the fold of one plan's events: of all of them, or of those that one reader
// was shown.
type Plan struct {
	loop.Head
	// Plan is what it holds, as a caller reads it; what is each reader's own is empty.
	// It is never changed: who needs another takes a clone.
	Plan *planv1.Plan
	// FiredAt are the due times that were last told to have passed, by item.
	FiredAt map[string]time.Time
}

// change gives a state with a plan of its own, to be changed.
func (p Plan) change() (Plan, *planv1.Plan) {
	p.Plan = proto.CloneOf(p.Plan)
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

// Item is one thing that is due: an action, the review, or an offer of responsibility.
type Item struct {
	// What it is: "action/<id>", "review" or "responsibility".
	What  string
	Due   time.Time
	Owner *commonv1.Party
}

// What is due besides actions.
const (
	review         = "review"
	responsibility = "responsibility"
	actionPrefix   = "action/"
)

// Items lists what is due, the earliest first. A plan that has not ended always has a
// review ahead.
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

// isLate tells whether an item's due time was told to have passed.
func (p Plan) isLate(item Item) bool { return p.FiredAt[item.What].Equal(item.Due) }

// member is the membership of a party's unit; nil for none.
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

// isMember tells whether an agency has a unit that is invited or joined.
func isMember(plan *planv1.Plan, agency string) bool {
	return slices.ContainsFunc(plan.GetMembers(), func(m *planv1.Member) bool {
		return m.GetParty().GetAgency() == agency &&
			(m.GetState() == planv1.MemberState_MEMBER_STATE_INVITED || m.GetState() == planv1.MemberState_MEMBER_STATE_JOINED)
	})
}

// sharedWithAnother tells whether another agency than the creator's has joined.
func sharedWithAnother(plan *planv1.Plan) bool {
	return slices.ContainsFunc(plan.GetMembers(), func(m *planv1.Member) bool {
		return m.GetState() == planv1.MemberState_MEMBER_STATE_JOINED && m.GetParty().GetAgency() != plan.GetCreatedBy().GetAgency()
	})
}

func isParty(actor loop.Actor, party *commonv1.Party) bool {
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

// ID is the plan id of a subject name.
func ID(subject string) string { return subject[min(len(Collection), len(subject)):] }
