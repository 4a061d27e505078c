package rules

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Facts are what the directory says of an invited party.
type Facts struct {
	// Invited is the unit to invite: the agency's intake unit if the caller named none.
	Invited *commonv1.Party
}

// Command is a request together with everything from outside that its decision needs.
type Command = matter.Command[Facts]

// World is what decisions see of plans.
type World = matter.World[Plan]

// monthsToReview is the number of months until the review of a plan if nobody sets a time. It is a
// promise of the service, not a statutory term, and so its end is not moved to a working day.
const monthsToReview = 3

// Decide returns the events that record a command, or refuses the command. For a step on an
// existing plan the order of the checks is the same in all services: role, etag, table, content.
// Token, form, relation and request_id were checked before.
func Decide(world World, command Command) ([]matter.Event, error) {
	draft := matter.NewDraft(world, command, Evolve)
	if r, ok := command.Request.(*planv1.CreatePlanRequest); ok {
		if err := checkCreate(command, r); err != nil {
			return nil, err
		}
		named := r.GetResponsible()
		if named == nil {
			named = command.Actor.Party()
		}
		draft.Start(command.Subject, r.GetBasis(), command.Client, command.Case, &planv1.PlanCreated{
			Responsible: named, ClientLanguage: r.GetClient().GetLanguage(),
		})
		return draft.Events(), nil
	}
	view := world.Subjects[command.Subject].Views[command.Actor.Agency]
	if r, ok := command.Request.(*planv1.UpdateGoalRequest); ok {
		// Each goal has its own etag, so that two goals can be changed at the same time.
		changed := goal(view.State.Plan, r.GetGoalId())
		command.Stale = changed != nil && changed.GetEtag() != r.GetEtag()
	}
	if err := Table.Check(matter.StepOf(command.Request), view, command.Actor, command.Stale); err != nil {
		return nil, err
	}
	if err := checkContent(view.State, command); err != nil {
		return nil, err
	}
	by := command.Actor.Party()
	switch r := command.Request.(type) {
	case *planv1.RevokePlanRequest:
		draft.Revoke(command.Subject, r.GetReason(), Readers(view.State, false), by)
	case *planv1.InviteMemberRequest:
		draft.AddUnder(command.Subject, &planv1.MemberInvited{
			Party: matter.UnitAlone(command.Facts.Invited), Basis: r.GetBasis(), Snapshot: snapshot(world.State(command.Subject)),
		}, by, r.GetBasis())
	case *planv1.LeavePlanRequest:
		if to := view.State.Plan.GetResponsibilityOfferedTo(); to.GetAgency() == by.GetAgency() && to.GetUnit() == by.GetUnit() {
			// A unit that leaves answers for nothing: an offer of responsibility to its worker
			// lapses.
			draft.Add(command.Subject, &planv1.ResponsibilityDeclined{Reason: r.GetReason()}, by)
		}
		draft.Add(command.Subject, &planv1.MemberLeft{Party: matter.UnitAlone(by), Reason: r.GetReason()}, by)
	default:
		draft.Add(command.Subject, recorded(command), by)
	}
	return draft.Events(), nil
}

// recorded returns the event of a step that records exactly one.
func recorded(command Command) proto.Message {
	unit := matter.UnitAlone(command.Actor.Party())
	switch r := command.Request.(type) {
	case *planv1.JoinPlanRequest:
		return &planv1.MemberJoined{Party: unit}
	case *planv1.DeclineInvitationRequest:
		return &planv1.InvitationDeclined{Party: unit, Reason: r.GetReason()}
	case *planv1.StartPlanRequest:
		return &planv1.PlanStarted{}
	case *planv1.AddGoalRequest:
		return &planv1.GoalAdded{GoalId: command.NewID, Text: r.GetText(), SetByClient: r.GetSetByClient()}
	case *planv1.UpdateGoalRequest:
		return &planv1.GoalUpdated{GoalId: r.GetGoalId(), Text: r.GetText()}
	case *planv1.AssessGoalRequest:
		return &planv1.GoalAssessed{GoalId: r.GetGoalId(), Score: r.GetScore(), ByClient: r.GetByClient(), Note: r.GetNote()}
	case *planv1.AddActionRequest:
		return &planv1.ActionAdded{
			ActionId: command.NewID, GoalId: r.GetGoalId(), Text: r.GetText(), Owner: orActor(r.GetOwner(), command.Actor), DueAt: r.GetDueAt(),
		}
	case *planv1.ReassignActionRequest:
		return &planv1.ActionReassigned{ActionId: r.GetActionId(), To: r.GetTo()}
	case *planv1.PlanContactRequest:
		return matter.ContactPlanned(r)
	case *planv1.CompleteActionRequest:
		return &planv1.ActionCompleted{ActionId: r.GetActionId(), Note: r.GetNote(), Attachments: command.Attachments}
	case *planv1.RecordClientViewRequest:
		return &planv1.ClientViewRecorded{FeltHeard: r.GetFeltHeard(), OwnGoalsLead: r.GetOwnGoalsLead(), Comment: r.GetComment()}
	default:
		return governed(command)
	}
}

// governed returns the event of a step on responsibility, on reviews or on the end of the plan.
func governed(command Command) proto.Message {
	switch r := command.Request.(type) {
	case *planv1.OfferResponsibilityRequest:
		return &planv1.ResponsibilityOffered{To: r.GetTo(), Reason: r.GetReason()}
	case *planv1.AcceptResponsibilityRequest:
		return &planv1.ResponsibilityAccepted{By: command.Actor.Party()}
	case *planv1.DeclineResponsibilityRequest:
		return &planv1.ResponsibilityDeclined{Reason: r.GetReason()}
	case *planv1.ScheduleReviewRequest:
		return &planv1.ReviewScheduled{At: r.GetAt()}
	case *planv1.StartReviewRequest:
		return &planv1.ReviewStarted{}
	case *planv1.CompleteReviewRequest:
		return &planv1.ReviewCompleted{NextReviewAt: orMonths(r.GetNextReviewAt(), command.At), Summary: r.GetSummary()}
	case *planv1.EndPlanRequest:
		return &planv1.PlanEnded{Reason: r.GetReason()}
	default:
		return &commonv1.RevocationAcknowledged{}
	}
}

func orActor(party *commonv1.Party, actor matter.Actor) *commonv1.Party {
	if party == nil {
		return actor.Party()
	}
	return party
}

func orMonths(at *timestamppb.Timestamp, from time.Time) *timestamppb.Timestamp {
	if at == nil {
		return timestamppb.New(matter.EndOfMonths(from, monthsToReview))
	}
	return at
}

// snapshot returns the plan for a reader that does not know it yet. A long plan lacks its oldest
// parts.
func snapshot(p Plan) *planv1.PlanSnapshot {
	s := &planv1.PlanSnapshot{Plan: proto.CloneOf(p.Plan)}
	s.Plan.PlannedContacts = p.Contacts
	s.Plan = matter.Fit(s.Plan, matter.MaxSnapshot, Long...)
	for _, item := range p.Items() {
		if p.isLate(item) {
			s.Overdue = append(s.Overdue, &planv1.PlanOverdue{What: item.What, DueAt: timestamppb.New(item.Due)})
		}
	}
	return s
}
