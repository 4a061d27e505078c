package people

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// clinic is a unit of the health services beside the health centre, in an area of its own.
var clinic = &commonv1.Party{Agency: testkit.Health.GetAgency(), Unit: "paihdepalvelut"}

// bertta is the client of the health centre.
const bertta = "140391-9021"

// world is an instance in which units have matters.
type world struct {
	*testkit.Fixture

	t             *testing.T
	conn          *grpc.ClientConn
	concerns      concernv1.ConcernServiceClient
	referrals     referralv1.ReferralServiceClient
	consultations consultationv1.ConsultationServiceClient
	plans         planv1.PlanServiceClient
	consents      consentv1.ConsentServiceClient
	attachments   attachmentv1.AttachmentServiceClient
}

// open starts an instance. Its callers are those of a Fixture, "clinic", and others of the health services
// and the county: "clinic moved" is the worker of the clinic with a token of the health centre.
func open(t *testing.T) *world {
	t.Helper()
	return openAt(t, time.Time{})
}

// openAt is open with the domain's clock stopped at a time; a zero time is now.
func openAt(t *testing.T, at time.Time) *world {
	t.Helper()
	return of(t, testkit.NewFixtureWith(t, allinone.Config{Clock: at}))
}

// of is open for an instance that runs.
func of(t *testing.T, f *testkit.Fixture) *world {
	t.Helper()
	for name, party := range map[string]scenario.CastParty{
		"clinic":         {Agency: clinic.GetAgency(), Unit: clinic.GetUnit(), Worker: "pp-07", Role: "health_professional"},
		"clinic second":  {Agency: clinic.GetAgency(), Unit: clinic.GetUnit(), Worker: "pp-08", Role: "health_professional"},
		"clinic leader":  {Agency: clinic.GetAgency(), Unit: clinic.GetUnit(), Worker: "pp-05", Role: "team_leader", Name: "Leena Lähi"},
		"clinic moved":   {Agency: clinic.GetAgency(), Unit: testkit.Health.GetUnit(), Worker: "pp-07", Role: "health_professional"},
		"no unit":        {Agency: clinic.GetAgency(), Worker: "tk-09", Role: "health_professional"},
		"health system":  {Agency: clinic.GetAgency(), Role: "system"},
		"county south":   {Agency: testkit.County.GetAgency(), Unit: "tyoikaiset-etela", Worker: "ps-40", Role: "social_worker"},
		"kela colleague": {Agency: testkit.Kela.GetAgency(), Worker: "kela-18", Role: "benefit_handler"},
	} {
		f.Tokens[name] = f.Token(party)
	}
	conn := testkit.Dial(t, f.Address)
	return &world{
		f, t, conn, concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn), consultationv1.NewConsultationServiceClient(conn),
		planv1.NewPlanServiceClient(conn), consentv1.NewConsentServiceClient(conn), attachmentv1.NewAttachmentServiceClient(conn),
	}
}

// at opens the world behind a gateway that is a process of its own.
func at(t *testing.T, gateway *clustertest.Process) *world {
	t.Helper()
	return of(t, testkit.FixtureAt(t, &testkit.Instance{Address: "http://" + gateway.Address}))
}

// matters are one of each service, told to a unit or by it.
type matters struct {
	concern      *concernv1.Concern
	referral     *referralv1.Referral
	consultation *consultationv1.Consultation
	plan         *planv1.Plan
	attachment   string
	goal, action string
}

func id() string { return uuid.NewString() }

func soon() *timestamppb.Timestamp { return timestamppb.New(time.Now().Add(48 * time.Hour)) }

// told begins a matter of a client in each service that others tell to a unit, which takes it.
func (w *world) told(who context.Context, unit *commonv1.Party, client *commonv1.Client) (m matters) {
	t, kela, county := w.t, w.As("kela"), w.As("county")
	t.Helper()
	m.attachment = testkit.Upload(t, kela, w.attachments, testkit.PDF(1000)).GetAttachmentId()
	m.concern = w.report(kela, unit, client, m.attachment)
	testkit.Insist(t, who, w.concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: id(), ConcernId: m.concern.GetConcernId()})
	testkit.Insist(t, who, w.concerns.RequestInformation, &concernv1.RequestInformationRequest{RequestId: id(), ConcernId: m.concern.GetConcernId(), Question: "Mistä?", DueAt: soon()})
	m.referral = w.refer(county, unit, client)
	testkit.Insist(t, who, w.referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: id(), ReferralId: m.referral.GetReferralId()})
	testkit.Insist(t, who, w.referrals.ScheduleAppointment, &referralv1.ScheduleAppointmentRequest{RequestId: id(), ReferralId: m.referral.GetReferralId(), At: soon(), Place: "Vastaanotto"})
	m.consultation = w.ask(county, unit, client)
	testkit.Insist(t, who, w.consultations.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: id(), ConsultationId: m.consultation.GetConsultationId()})
	w.post(who, m)
	m.plan = testkit.Insist(t, county, w.plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: id(), Client: client, Basis: testkit.Consented()}).GetPlan()
	testkit.Insist(t, county, w.plans.InviteMember, &planv1.InviteMemberRequest{RequestId: id(), PlanId: m.plan.GetPlanId(), Party: unit, Basis: testkit.Consented()})
	testkit.Insist(t, who, w.plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: id(), PlanId: m.plan.GetPlanId()})
	w.aim(county, &m)
	return w.read(who, m)
}

// tells begins a matter of a client in each service that a unit tells to others.
func (w *world) tells(who context.Context, client *commonv1.Client) (m matters) {
	w.t.Helper()
	m.attachment = testkit.Upload(w.t, who, w.attachments, testkit.PDF(1200)).GetAttachmentId()
	m.concern = w.report(who, testkit.County, client, m.attachment)
	m.referral = w.refer(who, testkit.County, client)
	m.consultation = w.ask(who, testkit.County, client)
	m.plan = testkit.Insist(w.t, who, w.plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: id(), Client: client, Basis: testkit.Consented()}).GetPlan()
	w.aim(who, &m)
	return w.read(who, m)
}

// read returns the matters as somebody reads them.
func (w *world) read(who context.Context, m matters) matters {
	w.t.Helper()
	m.concern = testkit.Insist(w.t, who, w.concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: m.concern.GetConcernId()}).GetConcern()
	m.referral = testkit.Insist(w.t, who, w.referrals.GetReferral, &referralv1.GetReferralRequest{ReferralId: m.referral.GetReferralId()}).GetReferral()
	m.consultation = testkit.Insist(w.t, who, w.consultations.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: m.consultation.GetConsultationId()}).GetConsultation()
	m.plan = testkit.Insist(w.t, who, w.plans.GetPlan, &planv1.GetPlanRequest{PlanId: m.plan.GetPlanId()}).GetPlan()
	return m
}

func (w *world) report(who context.Context, to *commonv1.Party, client *commonv1.Client, attachments ...string) *concernv1.Concern {
	w.t.Helper()
	r := testkit.Submission()
	r.Receiver, r.Client, r.AttachmentIds = to, client, attachments
	return testkit.Insist(w.t, who, w.concerns.SubmitConcern, r).GetConcern()
}

func (w *world) refer(who context.Context, to *commonv1.Party, client *commonv1.Client) *referralv1.Referral {
	w.t.Helper()
	return testkit.Insist(w.t, who, w.referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: id(), Client: client, Receiver: to, Basis: testkit.Consented(), Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral()
}

func (w *world) ask(who context.Context, to *commonv1.Party, client *commonv1.Client) *consultationv1.Consultation {
	w.t.Helper()
	r := testkit.Question()
	r.Client, r.Addressee, r.Basis = client, to, testkit.Consented()
	return testkit.Insist(w.t, who, w.consultations.OpenConsultation, r).GetConsultation()
}

func (w *world) post(who context.Context, m matters) {
	w.t.Helper()
	testkit.Insist(w.t, who, w.consultations.PostMessage, &consultationv1.PostMessageRequest{RequestId: id(), ConsultationId: m.consultation.GetConsultationId(), Text: "Selvitän."})
}

// aim adds a goal and an action to a plan.
func (w *world) aim(who context.Context, m *matters) {
	w.t.Helper()
	goal := testkit.Insist(w.t, who, w.plans.AddGoal, &planv1.AddGoalRequest{RequestId: id(), PlanId: m.plan.GetPlanId(), Text: "Oma koti", SetByClient: true})
	action := testkit.Insist(w.t, who, w.plans.AddAction, &planv1.AddActionRequest{
		RequestId: id(), PlanId: m.plan.GetPlanId(), GoalId: goal.GetGoalId(), Text: "Hakemus", Owner: goal.GetPlan().GetResponsible(), DueAt: soon(),
	})
	m.goal, m.action = goal.GetGoalId(), action.GetActionId()
}

// wishes are directives that a unit recorded for Anna.
type wishes struct{ consent, prohibition, waiting, override string }

// directs records directives of Anna that name a unit: a consent, a prohibition that waits, and an override
// that waits. Anna prohibits to tell the employment services.
func (w *world) directs(who context.Context) (made wishes) {
	t := w.t
	t.Helper()
	to := func(agency string) *consentv1.Recipient {
		return &consentv1.Recipient{Of: &consentv1.Recipient_Agency{Agency: agency}}
	}
	made.consent = testkit.Insist(t, who, w.consents.GiveConsent, &consentv1.GiveConsentRequest{
		RequestId: id(), Client: testkit.Anna(), Recipient: to("kela"), Services: []string{"referral"}, Sender: clinic.GetAgency(), Purpose: "Tuki",
		Provision: "703/2023 § 53", Until: timestamppb.New(time.Now().AddDate(0, 6, 0)),
	}).GetConsent().GetConsentId()
	made.waiting = testkit.Insist(t, who, w.consents.ProhibitTransfer, &consentv1.ProhibitTransferRequest{
		RequestId: id(), Client: testkit.Anna(), Recipient: to("etsiva-kuopio"), Reason: "Asiakas pyysi.",
	}).GetWaiting().GetWishId()
	made.prohibition = testkit.Insist(t, w.As("client"), w.consents.ProhibitTransfer, &consentv1.ProhibitTransferRequest{
		RequestId: id(), Recipient: to(testkit.Employment.GetAgency()),
	}).GetProhibition().GetProhibitionId()
	r := testkit.Submission()
	r.Receiver, r.Client = testkit.Employment, testkit.Anna()
	if _, err := w.concerns.SubmitConcern(who, r); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Fatalf("a report that Anna prohibits: %v", err)
	}
	made.override = testkit.Insist(t, who, w.consents.RequestOverride, &consentv1.RequestOverrideRequest{
		RequestId: id(), Client: testkit.Anna(), Service: "concern", Receiver: testkit.Employment.GetAgency(),
		Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION, Provision: "1301/2014 § 35.2", Reason: "Henki on vaarassa.",
	}).GetOverride().GetOverrideId()
	return made
}
