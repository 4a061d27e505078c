package consent

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// starter begins matters and reads who their client is, in all services.
type starter struct {
	concerns      concernv1.ConcernServiceClient
	referrals     referralv1.ReferralServiceClient
	consultations consultationv1.ConsultationServiceClient
	plans         planv1.PlanServiceClient
	consents      consentv1.ConsentServiceClient
}

func starterOf(conn grpc.ClientConnInterface) starter {
	return starter{
		concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn), consultationv1.NewConsultationServiceClient(conn),
		planv1.NewPlanServiceClient(conn), consentv1.NewConsentServiceClient(conn),
	}
}

// begin begins a matter of a client, told to one party but for a plan, and returns its id.
func (s starter) begin(ctx context.Context, service string, client *commonv1.Client, to *commonv1.Party, basis *commonv1.LegalBasis) (string, error) {
	id := uuid.NewString()
	switch service {
	case "concern":
		r := testkit.Submission()
		r.Client, r.Receiver, r.Basis = client, to, basis
		if basis.GetGround() != commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT {
			r.Description = ""
		}
		begun, err := s.concerns.SubmitConcern(ctx, r)
		return begun.GetConcern().GetConcernId(), err
	case "referral":
		r := referred(basis, to)
		r.Client = client
		begun, err := s.referrals.SendReferral(ctx, r)
		return begun.GetReferral().GetReferralId(), err
	case "consultation":
		r := testkit.Question()
		r.Client, r.Addressee, r.Basis = client, to, basis
		begun, err := s.consultations.OpenConsultation(ctx, r)
		return begun.GetConsultation().GetConsultationId(), err
	case "plan":
		begun, err := s.plans.CreatePlan(ctx, &planv1.CreatePlanRequest{RequestId: id, Client: client, Basis: basis})
		return begun.GetPlan().GetPlanId(), err
	default:
		return "", fmt.Errorf("no %s is begun here", service)
	}
}

// read is who the client of a matter is, and the reader's own name for them.
func (s starter) read(t *testing.T, ctx context.Context, service, id string) (*commonv1.Client, string) {
	t.Helper()
	var read interface {
		GetPersonalIdentityCode() string
		GetDetails() *commonv1.ClientDetails
		GetLanguage() string
	}
	var err error
	name := ""
	switch service {
	case "concern":
		read, err = s.concerns.GetClient(ctx, &concernv1.GetClientRequest{ConcernId: id})
		name = testkit.Must(s.concerns.GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: id})).GetConcern().GetClientId()
	case "referral":
		read, err = s.referrals.GetClient(ctx, &referralv1.GetClientRequest{ReferralId: id})
		name = testkit.Must(s.referrals.GetReferral(ctx, &referralv1.GetReferralRequest{ReferralId: id})).GetReferral().GetClientId()
	case "consultation":
		read, err = s.consultations.GetClient(ctx, &consultationv1.GetClientRequest{ConsultationId: id})
		name = testkit.Must(s.consultations.GetConsultation(ctx, &consultationv1.GetConsultationRequest{ConsultationId: id})).GetConsultation().GetClientId()
	case "plan":
		read, err = s.plans.GetClient(ctx, &planv1.GetClientRequest{PlanId: id})
		name = testkit.Must(s.plans.GetPlan(ctx, &planv1.GetPlanRequest{PlanId: id})).GetPlan().GetClientId()
	default:
		t.Fatalf("no %s is read here", service)
	}
	if err != nil {
		t.Fatalf("%s: %v", service, err)
	}
	return &commonv1.Client{
		Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: read.GetPersonalIdentityCode()}, Language: read.GetLanguage(), Details: read.GetDetails(),
	}, name
}

// endangered is a person known by name alone whose contact data nobody may be told but who
// is responsible.
func endangered(name string) *commonv1.Client {
	return &commonv1.Client{Language: "sv", Details: &commonv1.ClientDetails{
		FamilyName: name, GivenNames: "Testi", Phones: []string{"0405550123"}, Email: "piilo@example.fi", Address: "Salakuja 1", Municipality: "915", NonDisclosure: true,
	}}
}

func knownAs(name string) *commonv1.Client {
	return &commonv1.Client{Identity: &commonv1.Client_ClientId{ClientId: name}}
}

// shown begins a matter of such a person in a service, and shows it masked to somebody: it
// returns who that is, the matter, and the reader's name for the client.
func (s starter) shown(t *testing.T, f *testkit.Fixture, service string) (ctx context.Context, id, name string) {
	t.Helper()
	county, nurse := f.As("county"), f.As("nurse")
	client := endangered("Piilo-" + service)
	if service == "concern" {
		id = testkit.Must(s.begin(f.As("kela"), service, client, testkit.County, testkit.Consented()))
		_, name = s.read(t, county, service, id)
		return county, id, name
	}
	id = testkit.Must(s.begin(county, service, client, testkit.Health, testkit.Consented()))
	if service == "plan" {
		testkit.Must(s.plans.InviteMember(county, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: id, Party: testkit.Health, Basis: testkit.Consented()}))
		testkit.Must(s.plans.JoinPlan(nurse, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id}))
	}
	_, name = s.read(t, nurse, service, id)
	return nurse, id, name
}

// An agency that sees only a person's names, because of a non-disclosure for safety, reads no more
// by beginning a matter itself, in any service. The matter that it begins keeps the non-disclosure,
// whatever the request says.
func TestNothingIsLearntByAStart(t *testing.T) {
	f := testkit.NewFixture(t)
	s := starterOf(f.Conn())
	for _, source := range suite.Names() {
		for _, target := range suite.Names() {
			reader, id, name := s.shown(t, f, source)
			before, _ := s.read(t, reader, source, id)
			if details := before.GetDetails(); len(details.GetPhones()) > 0 || details.GetAddress() != "" || details.GetMunicipality() != "" || !details.GetNonDisclosure() {
				t.Fatalf("%s: not masked: %v", source, before)
			}
			own := testkit.Must(s.begin(reader, target, knownAs(name), testkit.Employment, testkit.Consented()))
			if after, _ := s.read(t, reader, target, own); !proto.Equal(after, before) {
				t.Errorf("from %s by a %s: reads\n%v\nand before\n%v", source, target, after, before)
			}
			brought := knownAs(name)
			brought.Details = &commonv1.ClientDetails{FamilyName: "Toinen", Phones: []string{"050123"}}
			own = testkit.Must(s.begin(reader, target, brought, testkit.Employment, testkit.Consented()))
			brought.Details.NonDisclosure = true
			if after, _ := s.read(t, reader, target, own); !proto.Equal(after.GetDetails(), brought.GetDetails()) {
				t.Errorf("from %s by a %s with details: reads %v", source, target, after)
			}
		}
	}
}

// An agency whose relation to a client has ended can begin nothing with its pseudonym for the
// client: consent was withdrawn, the matter was entered in error, or the agency has left.
func TestNoStartWhereNothingMayBeRead(t *testing.T) {
	f := testkit.NewFixture(t)
	s := starterOf(f.Conn())
	county := f.As("county")
	ends := map[string]func(reader context.Context, source, id string) error{
		"withdrawn": func(_ context.Context, source, id string) error {
			return testkit.Refusal(s.consents.WithdrawConsent(county, withdrawal(source+"s/"+id)))
		},
		"entered in error": func(_ context.Context, source, id string) error {
			return s.revoke(county, source, id)
		},
		"left": func(reader context.Context, _, id string) error {
			return testkit.Refusal(s.plans.LeavePlan(reader, &planv1.LeavePlanRequest{RequestId: uuid.NewString(), PlanId: id, Reason: "Valmis."}))
		},
	}
	for how, end := range ends {
		for _, source := range suite.Names() {
			if source == "concern" {
				continue // its receiver may read it whatever the client says
			}
			if how == "left" && source != "plan" {
				continue
			}
			reader, id, name := s.shown(t, f, source)
			if err := end(reader, source, id); err != nil {
				t.Fatalf("%s of a %s: %v", how, source, err)
			}
			for _, target := range suite.Names() {
				if _, err := s.begin(reader, target, knownAs(name), testkit.Employment, lawFor(target)); fault.ReasonOf(err) != fault.UnknownClient {
					t.Errorf("%s of a %s, then a %s: %v", how, source, target, err)
				}
			}
			check := &concernv1.CheckOpenConcernRequest{Client: knownAs(name), Receiver: testkit.Employment, Basis: lawFor("concern")}
			if _, err := s.concerns.CheckOpenConcern(reader, check); fault.ReasonOf(err) != fault.UnknownClient {
				t.Errorf("%s of a %s, then asked for: %v", how, source, err)
			}
		}
	}
}

// An agency forwards a matter that it may not read whole. It is responsible for the forwarded
// matter until that is taken, and still cannot read the contact data; nor does the choice of the
// receiving unit reveal where the person lives. The worker who takes it can read the data.
func TestPassedOnUnread(t *testing.T) {
	f := testkit.NewFixture(t)
	s := starterOf(f.Conn())
	kela, county, nurse := f.As("kela"), f.As("county"), f.As("nurse")
	units := map[bool]string{}
	for _, hidden := range []bool{false, true} {
		client := endangered("Eteenpäin")
		client.Details.NonDisclosure = hidden
		id := testkit.Must(s.begin(kela, "referral", client, testkit.County, testkit.Consented()))
		passed := testkit.Must(s.referrals.RedirectReferral(county, &referralv1.RedirectReferralRequest{
			RequestId: uuid.NewString(), ReferralId: id, Receiver: &commonv1.Party{Agency: testkit.Health.GetAgency()}, Basis: testkit.Consented(), Explanation: "Heidän asiansa.",
		})).GetRedirectedReferralId()
		units[hidden] = testkit.Must(s.referrals.GetReferral(county, &referralv1.GetReferralRequest{ReferralId: passed})).GetReferral().GetReceiver().GetUnit()
		if !hidden {
			continue
		}
		for reader, ctx := range map[string]context.Context{"who passed it on": county, "who receives it": nurse, "who sent the first": kela} {
			if read, _ := s.read(t, ctx, "referral", passed); len(read.GetDetails().GetPhones()) > 0 || read.GetDetails().GetMunicipality() != "" || !read.GetDetails().GetNonDisclosure() {
				t.Errorf("%s reads %v", reader, read)
			}
		}
		testkit.Must(s.referrals.AcceptReferral(nurse, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: passed}))
		if read, _ := s.read(t, nurse, "referral", passed); !proto.Equal(read.GetDetails(), client.GetDetails()) {
			t.Errorf("who took it reads %v", read)
		}
		if read, _ := s.read(t, county, "referral", passed); len(read.GetDetails().GetPhones()) > 0 {
			t.Errorf("who passed it on reads %v", read)
		}
	}
	if units[true] == units[false] || units[true] != "terveysasema-kuopio" {
		t.Errorf("the unit tells where they live: %v", units)
	}
}
