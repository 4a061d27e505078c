package testkit

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/deploy/suite"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Matters are Anna's matters, one in each service.
type Matters struct {
	Concern *concernv1.Concern
	// Steps take one more step each, in a service each. A step can be repeated.
	Steps []func()
}

// BeginMatters begins a matter in each service: Kela reports to the county, which takes the concern,
// refers to health care, asks it, and makes a plan.
func (f *Fixture) BeginMatters(conn grpc.ClientConnInterface) Matters {
	f.T.Helper()
	t, kela, county, nurse := f.T, f.As("kela"), f.As("county"), f.As("nurse")
	concerns, referrals := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	r := Submission()
	r.Client = Anna()
	concern := Insist(t, kela, concerns.SubmitConcern, r).GetConcern()
	Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId()})
	referral := Insist(t, county, referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: Anna(), Receiver: Health, Basis: Consented(), Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral()
	Insist(t, nurse, referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: referral.GetReferralId()})
	ask := Question()
	ask.Client, ask.Basis = Anna(), Consented()
	asked := Insist(t, county, consultations.OpenConsultation, ask).GetConsultation()
	Insist(t, nurse, consultations.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: asked.GetConsultationId()})
	plan := Insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: Anna(), Basis: Consented()}).GetPlan()
	for _, service := range suite.Names() {
		if positions, err := f.Koppi.Store(service).Positions(t.Context()); err != nil || len(positions) == 0 {
			t.Fatalf("no matter of the service %s is begun: %v", service, err)
		}
	}
	return Matters{Concern: concern, Steps: []func(){
		func() {
			Insist(t, county, concerns.RecordContactAttempt, &concernv1.RecordContactAttemptRequest{
				RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED,
			})
		},
		func() {
			Insist(t, nurse, referrals.AddProgressNote, &referralv1.AddProgressNoteRequest{RequestId: uuid.NewString(), ReferralId: referral.GetReferralId(), Text: "Käynti."})
		},
		func() {
			Insist(t, county, consultations.PostMessage, &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: asked.GetConsultationId(), Text: "Entä?"})
		},
		func() {
			Insist(t, county, plans.AddGoal, &planv1.AddGoalRequest{RequestId: uuid.NewString(), PlanId: plan.GetPlanId(), Text: "Oma koti", SetByClient: true})
		},
	}}
}

// Mailbox returns all messages that the mailbox of an agency's system holds, over all services. The
// order between services is not defined.
func Mailbox(t testing.TB, system context.Context, conn grpc.ClientConnInterface) []*exchangev1.CaseMessage {
	t.Helper()
	exchange := exchangev1.NewExchangeServiceClient(conn)
	var all []*exchangev1.CaseMessage
	cursor := ""
	for {
		page, err := exchange.ListMessages(system, &exchangev1.ListMessagesRequest{Cursor: cursor, Consumer: "timeline", PageSize: 200})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.GetMessages()) == 0 {
			return all
		}
		all, cursor = append(all, page.GetMessages()...), page.GetNextCursor()
	}
}
