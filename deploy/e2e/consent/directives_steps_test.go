package consent

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	front "koppi.internal/gateway/suite"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// noNewRecipient are the steps that name a party or a ground and yet disclose to no new agency, with the
// reason.
var noNewRecipient = map[string]string{
	"CheckOpenConcern":     "reads what the caller's own agency has sent",
	"CreatePlan":           "begins with the caller's own agency alone",
	"TriageConcern":        "assigns within the agency",
	"ReassignConcern":      "within the agency",
	"SetSecondWorker":      "a colleague of the agency",
	"ReassignReferral":     "within the agency",
	"ReassignConsultation": "within the agency",
	"DeclineConcern":       "suggests a receiver to the sender",
	"DeclineReferral":      "suggests a receiver to the sender",
	"AddAction":            "its owner is a member",
	"ReassignAction":       "to a member",
	"OfferResponsibility":  "to a member",
}

// sendingSteps are all others of the four services, by the descriptors.
func sendingSteps(t *testing.T) []string {
	t.Helper()
	party, basis := (*commonv1.Party)(nil).ProtoReflect().Descriptor().FullName(), (*commonv1.LegalBasis)(nil).ProtoReflect().Descriptor().FullName()
	var steps []string
	excused := map[string]bool{}
	for _, name := range front.Services {
		found := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name)))
		methods := found.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			fields, step := methods.Get(i).Input().Fields(), string(methods.Get(i).Name())
			for j := range fields.Len() {
				message := fields.Get(j).Message()
				if message == nil || message.FullName() != party && message.FullName() != basis || fields.Get(j).IsList() {
					continue
				}
				if noNewRecipient[step] != "" {
					excused[step] = true
				} else if !slices.Contains(steps, step) {
					steps = append(steps, step)
				}
			}
		}
	}
	for step := range noNewRecipient {
		if !excused[step] {
			t.Errorf("%s names nobody", step)
		}
	}
	return steps
}

// Every step that discloses to a new agency is stopped while a prohibition on agencies of its kind
// is in force, and succeeds after it is lifted. A new step that names a party or a ground fails
// this test until it is tried here too.
func TestEverySendingStepIsStopped(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	consents, concerns, referrals := consentv1.NewConsentServiceClient(conn), concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	kela, county, client := f.As("kela"), f.As("county"), f.As("client")
	employment := &commonv1.Party{Agency: "tyollisyys-kuopio"}

	report := testkit.Submission()
	report.Client = testkit.Anna()
	concern := testkit.Insist(t, kela, concerns.SubmitConcern, report).GetConcern().GetConcernId()
	testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern})
	referral := testkit.Insist(t, county, referrals.SendReferral, referred(byLaw(), testkit.Kela)).GetReferral().GetReferralId()
	testkit.Insist(t, kela, referrals.ReceiveReferral, &referralv1.ReceiveReferralRequest{RequestId: uuid.NewString(), ReferralId: referral})
	ask := testkit.Question()
	ask.Client, ask.Basis, ask.Addressee = testkit.Anna(), byLaw(), testkit.Kela
	consultation := testkit.Insist(t, county, consultations.OpenConsultation, ask).GetConsultation().GetConsultationId()
	plan := testkit.Insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), Basis: testkit.Consented()}).GetPlan().GetPlanId()
	prohibited := testkit.Insist(t, client, consents.ProhibitTransfer, prohibition(nil, ofKind(caseworkv1.AgencyKind_AGENCY_KIND_EMPLOYMENT))).GetProhibition()
	if len(prohibited.GetWithdrawn())+len(prohibited.GetContinuing()) > 0 {
		t.Fatalf("%v", prohibited)
	}

	anew := func() *commonv1.LegalBasis {
		basis := testkit.Consented()
		basis.ConsentedAt = timestamppb.New(time.Now())
		return basis
	}
	send := testkit.Submission()
	send.Client, send.Receiver, send.Basis = testkit.Anna(), employment, anew()
	open := testkit.Question()
	open.Client, open.Addressee, open.Basis = testkit.Anna(), employment, byLaw()
	forward := &concernv1.ForwardConcernRequest{
		RequestId: uuid.NewString(), ConcernId: concern, Receiver: employment, Basis: anew(), KeepOpen: true,
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: "Työnhaku.",
	}
	refer := referred(byLaw(), employment)
	redirect := &referralv1.RedirectReferralRequest{RequestId: uuid.NewString(), ReferralId: referral, Receiver: employment, Basis: byLaw(), Explanation: "Heidän asiansa."}
	invite := &consultationv1.InviteParticipantRequest{RequestId: uuid.NewString(), ConsultationId: consultation, Participant: employment, Basis: byLaw()}
	member := &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: plan, Party: employment, Basis: anew()}
	attempts := map[string]func() error{
		"SubmitConcern":     func() error { return testkit.Refusal(concerns.SubmitConcern(county, send)) },
		"ForwardConcern":    func() error { return testkit.Refusal(concerns.ForwardConcern(county, forward)) },
		"SendReferral":      func() error { return testkit.Refusal(referrals.SendReferral(county, refer)) },
		"RedirectReferral":  func() error { return testkit.Refusal(referrals.RedirectReferral(kela, redirect)) },
		"OpenConsultation":  func() error { return testkit.Refusal(consultations.OpenConsultation(county, open)) },
		"InviteParticipant": func() error { return testkit.Refusal(consultations.InviteParticipant(county, invite)) },
		"InviteMember":      func() error { return testkit.Refusal(plans.InviteMember(county, member)) },
	}
	steps := sendingSteps(t)
	for _, step := range steps {
		if attempts[step] == nil {
			t.Errorf("%s tells somebody and is not tried here", step)
			continue
		}
		if err := attempts[step](); fault.ReasonOf(err) != fault.TransferProhibited {
			t.Errorf("%s, though it is prohibited: %v", step, err)
		}
	}
	if len(steps) != len(attempts) {
		t.Errorf("steps %v", steps)
	}
	var blocked []string
	for _, one := range readDirectives(t, client, conn, "").GetBlocked() {
		blocked = append(blocked, one.GetStep())
	}
	slices.Sort(blocked)
	slices.Sort(steps)
	if !slices.Equal(blocked, steps) {
		t.Errorf("the client sees %v", blocked)
	}
	if box := testkit.Mailbox(t, testkit.WithToken(t, f.Token(testkit.SystemOf("tyollisyys-kuopio"))), conn); len(box) > 0 {
		t.Errorf("it was told %d messages", len(box))
	}
	testkit.Insist(t, client, consents.LiftProhibition, &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), ProhibitionId: prohibited.GetProhibitionId()})
	for step, attempt := range attempts {
		if err := attempt(); err != nil {
			t.Errorf("%s, once it is lifted: %v", step, err)
		}
	}
}
