package attack

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// isMatterID reports whether a field names a matter: of another's, no method says anything else than that it
// is not found.
func isMatterID(field string) bool {
	service, named := strings.CutSuffix(field, "_id")
	return named && slices.Contains(suite.Names(), service)
}

// secretMatters are matters of all kinds about one client, of which strangers know nothing
// but what things are called.
func secretMatters(t *testing.T, f *testkit.Fixture, conn grpc.ClientConnInterface) testkit.Guesses {
	t.Helper()
	kela, county := f.As("kela"), f.As("county")
	client := testkit.Anna()
	attachment := testkit.Upload(t, kela, attachmentv1.NewAttachmentServiceClient(conn), testkit.PDF(1000)).GetAttachmentId()
	report, asked := testkit.Submission(), testkit.Question()
	report.Client, report.AttachmentIds = client, []string{attachment}
	asked.Client, asked.Basis = client, testkit.Consented()
	concern := testkit.Insist(t, kela, concernv1.NewConcernServiceClient(conn).SubmitConcern, report).GetConcern()
	referral := testkit.Insist(t, county, referralv1.NewReferralServiceClient(conn).SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: client, Receiver: &commonv1.Party{Agency: "terveys-pohjois-savo"}, Basis: testkit.Consented(),
		Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE, Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral()
	consultation := testkit.Insist(t, county, consultationv1.NewConsultationServiceClient(conn).OpenConsultation, asked).GetConsultation()
	plan := testkit.Insist(t, county, planv1.NewPlanServiceClient(conn).CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: client, Basis: testkit.Consented()}).GetPlan()
	// A name that is nobody's is as long as one that is somebody's.
	nobody := func(name string) string { return strings.Repeat("A", len(name)) }
	subject := [2]string{"concerns/" + concern.GetConcernId(), "concerns/" + uuid.NewString()}
	return testkit.Guesses{
		"concern_id": {concern.GetConcernId(), uuid.NewString()}, "referral_id": {referral.GetReferralId(), uuid.NewString()},
		"consultation_id": {consultation.GetConsultationId(), uuid.NewString()}, "plan_id": {plan.GetPlanId(), uuid.NewString()},
		"attachment_id": {attachment, uuid.NewString()}, "subject": subject, "resubmitted_as": subject, "led_to": subject,
		"client_id": {concern.GetClientId(), nobody(concern.GetClientId())}, "case_id": {concern.GetCaseId(), nobody(concern.GetCaseId())},
		"matter_number": {concern.GetMatterNumber(), "0000-0000"},
	}
}

// For every method that takes a name or id, the answer about something that the caller may not know
// is the same, byte for byte and header for header, as the answer about something that does not
// exist. The caller is another agency or another person.
func TestGuessedIDs(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	known := secretMatters(t, f, conn)
	f.Tokens["youth"] = f.Token(scenario.CastParty{Agency: "etsiva-kuopio", Unit: "etsiva", Worker: "en-01", Role: "youth_worker"})
	f.Tokens["other system"] = f.Token(scenario.CastParty{Agency: "etsiva-kuopio", Role: "system"})
	f.Tokens["other client"] = f.Token(scenario.CastParty{Role: "client", PersonalIdentityCode: "140391-9021"})
	before := map[string]string{}
	for _, service := range suite.Names() {
		if _, guessed := known[service+"_id"]; !guessed {
			t.Errorf("secretMatters has no %s", service)
		}
	}
	for _, service := range suite.Names() {
		before[service] = fmt.Sprint(testkit.Must(f.Koppi.Store(service).Positions(t.Context())))
	}
	methods, matters := 0, 0
	for _, service := range allinone.Served() {
		if strings.Contains(service, ".dev.") || strings.Contains(service, ".exchange.") {
			continue
		}
		all := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))).(protoreflect.ServiceDescriptor).Methods()
		for i := range all.Len() {
			method := all.Get(i)
			fields := known.In(method.Input())
			if len(fields) == 0 || method.IsStreamingClient() {
				continue
			}
			methods++
			in, out := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())), testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName()))
			for _, who := range []string{"youth", "other system", "other client"} {
				first := ""
				for combination := range 1 << len(fields) {
					said := map[string]string{}
					for at, field := range fields {
						said[field] = known[field][combination>>at&1]
					}
					path := fmt.Sprintf("/%s/%s", service, method.Name())
					answer, reason := testkit.AllSaid(f.As(who), conn, path, testkit.Form{Said: said}.Request(in.New()), out, math.MaxInt)
					if first == "" {
						first = answer
					}
					if answer != first {
						t.Errorf("%s tells %s by %v which is there:\n%s\n%s", path, who, fields, first, answer)
					}
					// A person's own lists take no client; an unknown case of a start has no right form.
					if reason == fault.Internal || reason == fault.InvalidField && who == "youth" && !slices.Contains(fields, "case_id") {
						t.Errorf("%s refuses the form of what is sent: this proves nothing: %s", path, reason)
					}
					if isMatterID(fields[0]) && who == "youth" {
						matters++
						if reason != fault.NotFound {
							t.Errorf("%s: %s, and it is not found", path, reason)
						}
					}
				}
			}
		}
	}
	t.Logf("%d methods; %d guesses at matters", methods, matters)
	if methods < 80 {
		t.Errorf("only %d methods were tried", methods)
	}
	for service, heads := range before {
		if now := fmt.Sprint(testkit.Must(f.Koppi.Store(service).Positions(t.Context()))); now != heads {
			t.Errorf("a guess has changed the mailboxes of %s", service)
		}
	}
}
