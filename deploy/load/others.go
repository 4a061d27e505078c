package load

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

const (
	referrals     = "referrals/"
	consultations = "consultations/"
	plans         = "plans/"
)

// referred is a referral that is accepted, gets a progress note, and is completed.
func referred(from, to party, client *commonv1.Client) script {
	var id string
	return script{
		refer(&id, from, to, client, referralv1.ReferralKind_REFERRAL_KIND_SERVICE),
		{"AcceptReferral", to, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.referral.AcceptReferral(ctx, &referralv1.AcceptReferralRequest{RequestId: request, ReferralId: id})
			return []delivery{deliveryTo(referrals+id, "ReferralAccepted", from, to)}, err
		}},
		{"AddProgressNote", to, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.referral.AddProgressNote(ctx, &referralv1.AddProgressNoteRequest{RequestId: request, ReferralId: id, Text: "Ensimmäinen käynti on sovittu."})
			return []delivery{deliveryTo(referrals+id, "ProgressNoteAdded", from, to)}, err
		}},
		complete(&id, from, to, referralv1.ReferralOutcome_REFERRAL_OUTCOME_SERVICE_GIVEN),
	}
}

// noticed is a decision notice that its receiver only acknowledges.
func noticed(from, to party, client *commonv1.Client) script {
	var id string
	return script{
		refer(&id, from, to, client, referralv1.ReferralKind_REFERRAL_KIND_DECISION_NOTICE),
		complete(&id, from, to, referralv1.ReferralOutcome_REFERRAL_OUTCOME_ACKNOWLEDGED),
	}
}

func refer(id *string, from, to party, client *commonv1.Client, kind referralv1.ReferralKind) step {
	basis := consent("703/2023 § 53")
	return step{"SendReferral", from, func(ctx context.Context, s services, request string) ([]delivery, error) {
		answer, err := s.referral.SendReferral(ctx, &referralv1.SendReferralRequest{
			RequestId: request, Client: client, Receiver: to.addressed(), Basis: basis, Kind: kind,
			Reason: "Arvio työkyvystä, jotta tuki voidaan mitoittaa.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
		})
		*id = answer.GetReferral().GetReferralId()
		return []delivery{deliveryTo(referrals+*id, "ReferralSent", from, to)}, err
	}}
}

func complete(id *string, from, to party, outcome referralv1.ReferralOutcome) step {
	return step{"CompleteReferral", to, func(ctx context.Context, s services, request string) ([]delivery, error) {
		_, err := s.referral.CompleteReferral(ctx, &referralv1.CompleteReferralRequest{RequestId: request, ReferralId: *id, Outcome: outcome})
		return []delivery{deliveryTo(referrals+*id, "ReferralCompleted", from, to)}, err
	}}
}

// consulted is a consultation without personal data that is answered.
func consulted(from, to party) script {
	var id string
	both := func(event string) []delivery { return []delivery{deliveryTo(consultations+id, event, from, to)} }
	return script{
		{"OpenConsultation", from, func(ctx context.Context, s services, request string) ([]delivery, error) {
			answer, err := s.consultation.OpenConsultation(ctx, &consultationv1.OpenConsultationRequest{
				RequestId: request, Addressee: to.addressed(), Topic: "Lääkitys ja työkyky", Question: "Voiko lääkityksen muutos selittää poissaolot?", Urgency: commonv1.Urgency_URGENCY_NORMAL,
				Basis: &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA, Provision: "703/2023 § 31"},
			})
			id = answer.GetConsultation().GetConsultationId()
			return both("ConsultationOpened"), err
		}},
		{"TakeConsultation", to, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.consultation.TakeConsultation(ctx, &consultationv1.TakeConsultationRequest{RequestId: request, ConsultationId: id})
			return both("ConsultationTaken"), err
		}},
		{"PostMessage", to, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.consultation.PostMessage(ctx, &consultationv1.PostMessageRequest{RequestId: request, ConsultationId: id, Text: "Voi. Suosittelen arviota terveysasemalla.", Answers: true})
			return both("MessagePosted"), err
		}},
		{"CloseConsultation", from, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.consultation.CloseConsultation(ctx, &consultationv1.CloseConsultationRequest{RequestId: request, ConsultationId: id})
			return both("ConsultationClosed"), err
		}},
	}
}

// planned is a plan of two agencies with one goal and one action.
func planned(from, to party, client *commonv1.Client) script {
	var id, goal, action string
	own, others, due := consent("1301/2014 § 39"), consent("703/2023 § 53"), timestamppb.New(time.Now().Add(14*day))
	both := func(event string) []delivery { return []delivery{deliveryTo(plans+id, event, from, to)} }
	return script{
		{"CreatePlan", from, func(ctx context.Context, s services, request string) ([]delivery, error) {
			answer, err := s.plan.CreatePlan(ctx, &planv1.CreatePlanRequest{RequestId: request, Client: client, Basis: own})
			id = answer.GetPlan().GetPlanId()
			return []delivery{deliveryTo(plans+id, "PlanCreated", from)}, err
		}},
		{"AddGoal", from, func(ctx context.Context, s services, request string) ([]delivery, error) {
			answer, err := s.plan.AddGoal(ctx, &planv1.AddGoalRequest{RequestId: request, PlanId: id, Text: "Haluan nukkua yöt.", SetByClient: true})
			goal = answer.GetGoalId()
			return []delivery{deliveryTo(plans+id, "GoalAdded", from)}, err
		}},
		{"InviteMember", from, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.plan.InviteMember(ctx, &planv1.InviteMemberRequest{RequestId: request, PlanId: id, Party: to.addressed(), Basis: others})
			return both("MemberInvited"), err
		}},
		{"JoinPlan", to, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.plan.JoinPlan(ctx, &planv1.JoinPlanRequest{RequestId: request, PlanId: id})
			return both("MemberJoined"), err
		}},
		{"AddAction", to, func(ctx context.Context, s services, request string) ([]delivery, error) {
			answer, err := s.plan.AddAction(ctx, &planv1.AddActionRequest{
				RequestId: request, PlanId: id, GoalId: goal, Text: "Unihoitajan aika", Owner: to.named(), DueAt: due,
			})
			action = answer.GetActionId()
			return both("ActionAdded"), err
		}},
		{"CompleteAction", to, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.plan.CompleteAction(ctx, &planv1.CompleteActionRequest{RequestId: request, PlanId: id, ActionId: action})
			return both("ActionCompleted"), err
		}},
		{"EndPlan", from, func(ctx context.Context, s services, request string) ([]delivery, error) {
			_, err := s.plan.EndPlan(ctx, &planv1.EndPlanRequest{RequestId: request, PlanId: id, Reason: "Tavoite saavutettu."})
			return both("PlanEnded"), err
		}},
	}
}
