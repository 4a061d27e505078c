package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/mailbox"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

var annaClient = &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}, Language: "fi"}

// workload is one client's matters in all four services, each of which can go on.
type workload struct {
	concern *concernv1.Concern
	more    []func(n int)
}

// matters begins one in each service: Kela reports to the county, the county refers to
// health care, asks it, and makes a plan.
func matters(t *testing.T, b *bench, conn grpc.ClientConnInterface) workload {
	t.Helper()
	kela, county, nurse := b.asWorker("kela"), b.asWorker("county"), b.asWorker("nurse")
	concerns, referrals := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	r := submission()
	r.Client = annaClient
	concern := insist(t, kela, concerns.SubmitConcern, r).GetConcern()
	insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId()})
	referral := insist(t, county, referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: annaClient, Receiver: healthParty, Basis: consented(), Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral()
	insist(t, nurse, referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: referral.GetReferralId()})
	ask := question()
	ask.Client, ask.Basis = annaClient, consented()
	asked := insist(t, county, consultations.OpenConsultation, ask).GetConsultation()
	insist(t, nurse, consultations.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: asked.GetConsultationId()})
	plan := insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: annaClient, Basis: consented()}).GetPlan()
	return workload{concern: concern, more: []func(int){
		func(int) {
			insist(t, county, concerns.RecordContactAttempt, &concernv1.RecordContactAttemptRequest{
				RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), Result: concernv1.ContactResult_CONTACT_RESULT_NOT_REACHED,
			})
		},
		func(int) {
			insist(t, nurse, referrals.AddProgressNote, &referralv1.AddProgressNoteRequest{RequestId: uuid.NewString(), ReferralId: referral.GetReferralId(), Text: "Käynti."})
		},
		func(int) {
			insist(t, county, consultations.PostMessage, &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: asked.GetConsultationId(), Text: "Entä?"})
		},
		func(int) {
			insist(t, county, plans.AddGoal, &planv1.AddGoalRequest{RequestId: uuid.NewString(), PlanId: plan.GetPlanId(), Text: "Oma koti", SetByClient: true})
		},
	}}
}

// inbox of an agency: what its mailbox holds, over all services, in no order.
func mailboxOf(t *testing.T, ctx context.Context, conn grpc.ClientConnInterface) []*exchangev1.CaseMessage {
	t.Helper()
	exchange := exchangev1.NewExchangeServiceClient(conn)
	var all []*exchangev1.CaseMessage
	cursor := ""
	for {
		page, err := exchange.ListMessages(ctx, &exchangev1.ListMessagesRequest{Cursor: cursor, Consumer: "timeline", PageSize: 200})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.GetMessages()) == 0 {
			return all
		}
		all, cursor = append(all, page.GetMessages()...), page.GetNextCursor()
	}
}

// A timeline of hundreds of messages over four services (make soak: a thousand) is read in pages,
// in time order, with no message missing or repeated, while new ones arrive. Each message equals
// that of the mailbox, word for word.
func TestTimeline(t *testing.T) {
	t.Parallel()
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	work := matters(t, b, conn)
	rounds := min(250, soaked("SOAK_ROUNDS", 75))
	for n := range rounds {
		for _, more := range work.more {
			more(n)
		}
	}
	county := b.asWorker("county")
	system := b.token(systemOf("hva-pohjois-savo"))
	want := mailboxOf(t, withToken(t, system), conn)
	slices.SortFunc(want, mailbox.ByTime)
	if len(want) < 4*rounds {
		t.Fatalf("%d messages", len(want))
	}
	casework := caseworkv1.NewCaseworkServiceClient(conn)
	r := &caseworkv1.GetTimelineRequest{ClientId: want[0].GetClientId(), Purpose: "Arvio", PageSize: 73}
	var got []*exchangev1.CaseMessage
	for {
		page, err := casework.GetTimeline(county, r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.GetMessages()...)
		if page.GetNextPageToken() == "" {
			break
		}
		r.PageToken = page.GetNextPageToken()
		for _, more := range work.more {
			more(0)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d messages, and %d were there", len(got), len(want))
	}
	for i, message := range got {
		// Its place in a mailbox is a mailbox's.
		stored := proto.CloneOf(want[i])
		stored.Sequence, stored.ContentHash, stored.ChainHash, stored.Traceparent = 0, nil, nil, ""
		if !proto.Equal(message, stored) {
			t.Fatalf("message %d differs:\n%v\n%v", i, message, stored)
		}
	}
	r.PageSize = 10
	if _, err := casework.GetTimeline(county, r); err != nil {
		t.Errorf("a smaller page goes on: %v", err)
	}
	other := proto.CloneOf(r)
	other.ClientId, other.CaseId, other.Purpose = "", work.concern.GetCaseId(), ""
	if _, err := casework.GetTimeline(county, other); fault.ReasonOf(err) != fault.InvalidPageToken && fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("the token of another timeline: %v", err)
	}
	if _, err := casework.GetTimeline(b.asWorker("nurse"), r); fault.ReasonOf(err) == "" {
		t.Error("another agency goes on with it")
	}
}

func TestWhoReadsATimeline(t *testing.T) {
	b := newBench(t)
	conn := b.grpc()
	work := matters(t, b, conn)
	for _, more := range work.more {
		more(0)
	}
	casework := caseworkv1.NewCaseworkServiceClient(conn)
	services := func(name string, r *caseworkv1.GetTimelineRequest) string {
		t.Helper()
		page, err := casework.GetTimeline(b.asWorker(name), r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var all []string
		for _, message := range page.GetMessages() {
			all = append(all, message.GetService())
		}
		slices.Sort(all)
		return strings.Join(slices.Compact(all), " ")
	}
	kelas := &caseworkv1.GetTimelineRequest{ClientId: work.concern.GetClientId(), Purpose: "Oma asia"}
	if got := services("kela", kelas); got != "concern" {
		t.Errorf("Kela reads of %s", got)
	}
	if got := services("kela", &caseworkv1.GetTimelineRequest{CaseId: work.concern.GetCaseId()}); got != "concern" {
		t.Errorf("Kela reads in the case of %s", got)
	}
	if got := services("client", &caseworkv1.GetTimelineRequest{}); got != "concern consultation plan referral" {
		t.Errorf("the client reads of %s", got)
	}
	for name, one := range map[string]struct {
		who  string
		r    *caseworkv1.GetTimelineRequest
		want fault.Reason
	}{
		"no purpose":           {"kela", &caseworkv1.GetTimelineRequest{ClientId: work.concern.GetClientId()}, fault.InvalidField},
		"neither":              {"kela", &caseworkv1.GetTimelineRequest{}, fault.InvalidField},
		"another's name":       {"county", kelas, fault.UnknownClient},
		"another's case":       {"county", &caseworkv1.GetTimelineRequest{CaseId: work.concern.GetCaseId()}, fault.InvalidField},
		"an operator":          {"operator", kelas, fault.RoleNotAllowed},
		"a client of a client": {"client", kelas, fault.InvalidField},
		"no token of ours":     {"kela", &caseworkv1.GetTimelineRequest{ClientId: kelas.GetClientId(), Purpose: "x", PageToken: "abc"}, fault.InvalidPageToken},
		"a code as purpose":    {"kela", &caseworkv1.GetTimelineRequest{ClientId: kelas.GetClientId(), Purpose: "010594Y9032"}, fault.ContentNotAllowed},
	} {
		if _, err := casework.GetTimeline(b.asWorker(one.who), one.r); fault.ReasonOf(err) != one.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What was entered in error is forgotten.
	concerns := concernv1.NewConcernServiceClient(conn)
	insist(t, b.asWorker("kela"), concerns.RevokeConcern, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: work.concern.GetConcernId(), Reason: "Väärä henkilö."})
	if got := services("kela", kelas); got != "" {
		t.Errorf("after revoking Kela reads of %s", got)
	}
	// Each reading stands in the log, with its purpose.
	purposes := 0
	for access, err := range b.koppi.Store("concern").RawAccesses(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if access.Purpose == "Oma asia" && access.Client != "" && access.Method == "koppi.casework.v1.MatterService/ReadHistory" {
			purposes++
		}
	}
	if purposes != 2 {
		t.Errorf("%d readings are recorded", purposes)
	}
}

// The directory as Koppi serves it, and the units to which it routes.
func TestDirectoryServed(t *testing.T) {
	b := newBench(t)
	casework := caseworkv1.NewCaseworkServiceClient(b.grpc())
	agencies, err := casework.GetAgencies(b.asWorker("client"), &caseworkv1.GetAgenciesRequest{})
	if err != nil || len(agencies.GetAgencies()) != 5 || len(agencies.GetAgencies()[2].GetUnits()) == 0 {
		t.Errorf("%v %v", agencies, err)
	}
	routes, err := casework.FindUnits(b.asWorker("kela"), &caseworkv1.FindUnitsRequest{Municipality: "297", Language: "sv", Kind: caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES})
	if err != nil || len(routes.GetRoutes()) != 2 || routes.GetRoutes()[0].GetParty().GetUnit() != "tyoikaiset-kuopio" || !routes.GetRoutes()[0].GetInLanguage() {
		t.Errorf("%v %v", routes, err)
	}
	work, err := casework.FindUnits(b.asWorker("kela"), &caseworkv1.FindUnitsRequest{ServiceKey: "tyokyvyn-arvio", Municipality: "297"})
	if err != nil || len(work.GetRoutes()) != 2 {
		t.Errorf("%v %v", work, err)
	}
	if _, err := casework.FindUnits(b.asWorker("kela"), &caseworkv1.FindUnitsRequest{Agency: "x"}); fault.ReasonOf(err) != fault.UnknownParty {
		t.Error(err)
	}
	// What is addressed to the agency alone goes to the unit that serves the client.
	r := submission()
	r.Client = &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen", Municipality: "297"}, Language: "sv"}
	concern := insist(t, b.asWorker("kela"), concernv1.NewConcernServiceClient(b.grpc()).SubmitConcern, r).GetConcern()
	if concern.GetReceiver().GetUnit() != "tyoikaiset-kuopio" {
		t.Errorf("it went to %v", concern.GetReceiver())
	}
}

// systemOf is an agency's system.
func systemOf(agency string) scenario.CastParty {
	return scenario.CastParty{Agency: agency, Role: "system"}
}

func withToken(t *testing.T, token string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
}
