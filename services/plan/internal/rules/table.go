package rules

import (
	"cmp"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// draft collects what a step records.
type draft = matter.Draft[Plan]

// step is one step of the table; R is its request.
type step[R proto.Message] = matter.Step[Plan, Facts, *draft, R]

// Table holds the steps on an existing plan, in the order in which a person is offered them: the
// likely one first. A step that is not in the table is refused.
var Table = matter.NewTable[Plan, Facts, *draft](
	step[*planv1.JoinPlanRequest]{
		By: everybody, May: invitedOrJoined, When: ongoing(invited), WhenFull: matter.Always,
		Record: func(d *draft, command Command, _ *planv1.JoinPlanRequest) {
			d.Add(command.Subject, &planv1.MemberJoined{Party: matter.UnitAlone(command.Actor.Party())})
		},
	},
	step[*planv1.AcceptResponsibilityRequest]{
		By: everybody, May: offered, When: ongoing(offerOpen), WhenFull: matter.Always,
		Record: func(d *draft, command Command, _ *planv1.AcceptResponsibilityRequest) {
			d.Add(command.Subject, &planv1.ResponsibilityAccepted{By: command.Actor.Party()})
		},
	},
	step[*planv1.CompleteActionRequest]{
		By: everybody, May: joined, When: ongoing(hasOpenAction), WhenFull: matter.Finishes,
		Check: func(world World, command Command, r *planv1.CompleteActionRequest) error {
			return checkAction(planOf(world, command), r.GetActionId())
		},
		Record: func(d *draft, command Command, r *planv1.CompleteActionRequest) {
			d.Add(command.Subject, &planv1.ActionCompleted{ActionId: r.GetActionId(), Note: r.GetNote(), Attachments: command.Attachments})
		},
	},
	step[*planv1.AddGoalRequest]{
		By: everybody, May: joined, When: ongoing(anytime),
		Record: func(d *draft, command Command, r *planv1.AddGoalRequest) {
			d.Add(command.Subject, &planv1.GoalAdded{GoalId: command.NewID, Text: r.GetText(), SetByClient: r.GetSetByClient()})
		},
	},
	step[*planv1.AddActionRequest]{
		By: everybody, May: joined, When: ongoing(anytime),
		Check: checkNewAction,
		Record: func(d *draft, command Command, r *planv1.AddActionRequest) {
			d.Add(command.Subject, &planv1.ActionAdded{
				ActionId: command.NewID, GoalId: r.GetGoalId(), Text: r.GetText(), Owner: orActor(r.GetOwner(), command.Actor), DueAt: r.GetDueAt(),
			})
		},
	},
	step[*planv1.AssessGoalRequest]{
		By: everybody, May: joined, When: ongoing(hasGoal),
		Check: func(world World, command Command, r *planv1.AssessGoalRequest) error {
			return checkGoal(planOf(world, command), r.GetGoalId())
		},
		Record: func(d *draft, command Command, r *planv1.AssessGoalRequest) {
			d.Add(command.Subject, &planv1.GoalAssessed{GoalId: r.GetGoalId(), Score: r.GetScore(), ByClient: r.GetByClient(), Note: r.GetNote()})
		},
	},
	step[*planv1.UpdateGoalRequest]{
		By: everybody, May: joined, When: ongoing(hasGoal),
		// Each goal has its own etag, so that two goals can be changed at the same time.
		Stale: func(view Plan, r *planv1.UpdateGoalRequest) bool {
			changed := goal(view.Plan, r.GetGoalId())
			return changed != nil && changed.GetEtag() != r.GetEtag()
		},
		Check: func(world World, command Command, r *planv1.UpdateGoalRequest) error {
			return checkGoal(planOf(world, command), r.GetGoalId())
		},
		Record: func(d *draft, command Command, r *planv1.UpdateGoalRequest) {
			d.Add(command.Subject, &planv1.GoalUpdated{GoalId: r.GetGoalId(), Text: r.GetText()})
		},
	},
	step[*planv1.ReassignActionRequest]{
		By: everybody, May: joined, When: ongoing(hasOpenAction), WhenFull: matter.Finishes,
		Check: func(world World, command Command, r *planv1.ReassignActionRequest) error {
			plan := planOf(world, command)
			return cmp.Or(checkAction(plan, r.GetActionId()), checkOwner(plan, r.GetTo(), "to"))
		},
		Record: func(d *draft, command Command, r *planv1.ReassignActionRequest) {
			d.Add(command.Subject, &planv1.ActionReassigned{ActionId: r.GetActionId(), To: r.GetTo()})
		},
	},
	step[*planv1.PlanContactRequest]{
		By: everybody, May: joined, When: ongoing(anytime),
		Check: func(_ World, command Command, r *planv1.PlanContactRequest) error {
			return matter.CheckContact(r, command.At)
		},
		Record: func(d *draft, command Command, r *planv1.PlanContactRequest) {
			d.Add(command.Subject, matter.ContactPlanned(r))
		},
	},
	step[*planv1.RecordClientViewRequest]{
		By: everybody, May: joined, When: ongoing(anytime),
		Record: func(d *draft, command Command, r *planv1.RecordClientViewRequest) {
			d.Add(command.Subject, &planv1.ClientViewRecorded{FeltHeard: r.GetFeltHeard(), OwnGoalsLead: r.GetOwnGoalsLead(), Comment: r.GetComment()})
		},
	},
	// What stands may be recorded again, and another social worker takes over by it. The step is admitted on a
	// full plan, because the unit of the plan's social worker could not leave it otherwise.
	step[*planv1.RecordSpecialSupportRequest]{
		By: everybody, May: joinedSocialWorker, When: ongoing(anytime), WhenFull: matter.Finishes,
		Record: func(d *draft, command Command, r *planv1.RecordSpecialSupportRequest) {
			recordSpecialSupport(d, command, r.GetSpecialSupport())
		},
	},
	step[*planv1.InviteMemberRequest]{
		By: everybody, May: joined, When: ongoing(anytime),
		Check: checkInvitation, Record: invite,
	},
	step[*planv1.StartPlanRequest]{
		By: everybody, May: responsible, When: in(stateDraft, hasGoal), WhenFull: matter.Always,
		Record: func(d *draft, command Command, _ *planv1.StartPlanRequest) {
			d.Add(command.Subject, &planv1.PlanStarted{})
		},
	},
	step[*planv1.ScheduleReviewRequest]{
		By: everybody, May: joined, When: ongoing(anytime),
		Check: func(_ World, command Command, r *planv1.ScheduleReviewRequest) error {
			return checkAhead(r.GetAt(), command.At, "at")
		},
		Record: func(d *draft, command Command, r *planv1.ScheduleReviewRequest) {
			d.Add(command.Subject, &planv1.ReviewScheduled{At: r.GetAt()})
		},
	},
	step[*planv1.StartReviewRequest]{
		By: everybody, May: joined, When: in(stateActive, anytime),
		Record: func(d *draft, command Command, _ *planv1.StartReviewRequest) {
			d.Add(command.Subject, &planv1.ReviewStarted{})
		},
	},
	step[*planv1.CompleteReviewRequest]{
		By: everybody, May: responsible, When: in(stateUnderReview, anytime), WhenFull: matter.Finishes,
		Check: func(_ World, command Command, r *planv1.CompleteReviewRequest) error {
			if r.GetNextReviewAt() == nil {
				return nil
			}
			return checkAhead(r.GetNextReviewAt(), command.At, "next_review_at")
		},
		Record: func(d *draft, command Command, r *planv1.CompleteReviewRequest) {
			d.Add(command.Subject, &planv1.ReviewCompleted{NextReviewAt: orMonths(r.GetNextReviewAt(), command.At), Summary: r.GetSummary()})
		},
	},
	step[*planv1.OfferResponsibilityRequest]{
		By: everybody, May: responsible, When: ongoing(noOffer),
		Check: func(world World, command Command, r *planv1.OfferResponsibilityRequest) error {
			return checkSuccessor(planOf(world, command), r.GetTo())
		},
		Record: func(d *draft, command Command, r *planv1.OfferResponsibilityRequest) {
			d.Add(command.Subject, &planv1.ResponsibilityOffered{To: r.GetTo(), Reason: r.GetReason()})
		},
	},
	step[*planv1.DeclineResponsibilityRequest]{
		By: everybody, May: offered, When: ongoing(offerOpen), WhenFull: matter.Always,
		Record: func(d *draft, command Command, r *planv1.DeclineResponsibilityRequest) {
			d.Add(command.Subject, &planv1.ResponsibilityDeclined{Reason: r.GetReason()})
		},
	},
	step[*planv1.DeclineInvitationRequest]{
		By: everybody, May: invitedOrJoined, When: ongoing(invited), WhenFull: matter.Always,
		Record: func(d *draft, command Command, r *planv1.DeclineInvitationRequest) {
			d.Add(command.Subject, &planv1.InvitationDeclined{Party: matter.UnitAlone(command.Actor.Party()), Reason: r.GetReason()})
		},
	},
	step[*planv1.LeavePlanRequest]{
		By: everybody, May: joined, When: ongoing(withoutDuties), WhenFull: matter.Always,
		Record: leave,
	},
	step[*planv1.EndPlanRequest]{
		By: everybody, May: responsible, When: ongoing(anytime), WhenFull: matter.Always,
		Record: func(d *draft, command Command, r *planv1.EndPlanRequest) {
			d.Add(command.Subject, &planv1.PlanEnded{Reason: r.GetReason()})
		},
	},
	matter.AcknowledgeStep[Plan](func(d *draft, command Command, _ *planv1.AcknowledgeRevocationRequest) {
		d.Add(command.Subject, &commonv1.RevocationAcknowledged{})
	}),
	// If the creator's agency has left, the worker who answers for the plan may revoke it.
	matter.RevokeStep(func(d *draft, command Command, r *planv1.RevokePlanRequest) {
		d.Revoke(command.Subject, r.GetReason(), Readers(d.State(command.Subject), false), command.Actor.Party())
	}, matter.Access[Plan]{By: []matter.Role{matter.RoleParticipant}, May: responsible, When: ongoing(creatorGone)}),
)
