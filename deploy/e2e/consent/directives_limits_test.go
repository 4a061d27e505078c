package consent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// somebody is the n-th test person.
func somebody(n int) *commonv1.Client { return testkit.ClientOf(testkit.PersonCode(n)) }

// directiveCalls are all calls by which an agency speaks for a client. The descriptor names them: each
// method of ConsentService whose request names a client.
func directiveCalls(conn grpc.ClientConnInterface, client *commonv1.Client) map[string]func(context.Context) error {
	consents := consentv1.NewConsentServiceClient(conn)
	return map[string]func(context.Context) error{
		"GiveConsent": func(ctx context.Context) error {
			return testkit.Refusal(consents.GiveConsent(ctx, consentFor(client, healthCare, "referral")))
		},
		"ProhibitTransfer": func(ctx context.Context) error {
			return testkit.Refusal(consents.ProhibitTransfer(ctx, prohibition(client, healthCare)))
		},
		"WithdrawAdvanceConsent": func(ctx context.Context) error {
			return testkit.Refusal(consents.WithdrawAdvanceConsent(ctx, &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), Client: client, ConsentId: uuid.NewString(), Reason: "Pyyntö."}))
		},
		"LiftProhibition": func(ctx context.Context) error {
			return testkit.Refusal(consents.LiftProhibition(ctx, &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), Client: client, ProhibitionId: uuid.NewString(), Reason: "Pyyntö."}))
		},
		"DecideWish": func(ctx context.Context) error {
			return testkit.Refusal(consents.DecideWish(ctx, &consentv1.DecideWishRequest{RequestId: uuid.NewString(), Client: client, WishId: uuid.NewString(), Confirm: true}))
		},
		"RequestOverride": func(ctx context.Context) error {
			return testkit.Refusal(consents.RequestOverride(ctx, &consentv1.RequestOverrideRequest{
				RequestId: uuid.NewString(), Client: client, Service: "referral", Receiver: "terveys-pohjois-savo",
				Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, Provision: "703/2023 § 55", Reason: "Hätä.",
			}))
		},
		"DecideOverride": func(ctx context.Context) error {
			return testkit.Refusal(consents.DecideOverride(ctx, &consentv1.DecideOverrideRequest{RequestId: uuid.NewString(), Client: client, Service: "referral", OverrideId: uuid.NewString(), Approve: true}))
		},
	}
}

// An agency without a live matter of a client cannot act in the client's name, with any role, and
// cannot find out whether a person is a client. The client sees the attempts, which have no effect.
// A new RPC that names a client fails this test until it is tried here too.
func TestWishesNeedALiveMatter(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	f.BeginMatters(conn)
	consents := consentv1.NewConsentServiceClient(conn)
	own := testkit.Insist(t, f.As("client"), consents.ProhibitTransfer, prohibition(nil, ofAgency("etsiva-kuopio"))).GetProhibition()
	before := testkit.Insist(t, f.As("client"), consents.ListConsents, &consentv1.ListConsentsRequest{})

	youth := scenario.CastParty{Agency: "etsiva-kuopio", Unit: "etsiva", Worker: "en-01", Role: "youth_worker"}
	system := testkit.WithToken(t, f.Token(testkit.SystemOf("etsiva-kuopio")))
	attackers := map[string]context.Context{
		"a worker": testkit.WithToken(t, f.Token(youth)), "a system": system,
		"a system in a worker's name":     metadata.AppendToOutgoingContext(system, identity.MetadataOnBehalfOf, "en-01;etsiva;youth_worker"),
		"a worker with a voucher made up": metadata.AppendToOutgoingContext(testkit.WithToken(t, f.Token(youth)), "koppi-voucher", "AAAA"),
	}
	known, unknown := directiveCalls(conn, testkit.Anna()), directiveCalls(conn, somebody(1))
	methods := consentv1.File_koppi_consent_v1_consent_proto.Services().Get(0).Methods()
	for i := range methods.Len() {
		name, client := string(methods.Get(i).Name()), methods.Get(i).Input().Fields().ByName(protoreflect.Name("client"))
		if client == nil {
			continue
		}
		if known[name] == nil {
			t.Errorf("%s is not tried", name)
			continue
		}
		for who, ctx := range attackers {
			err, other := known[name](ctx), unknown[name](ctx)
			want := fault.NoLiveMatter
			switch {
			case strings.HasSuffix(name, "Override") && who == "a system":
				want = fault.RoleNotAllowed
			case name == "RequestOverride":
				want = fault.IllegalStep
			case name == "DecideOverride":
				want = fault.NotFound
			}
			if fault.ReasonOf(err) != want || fmt.Sprint(err) != fmt.Sprint(other) {
				t.Errorf("%s by %s: %v, and of nobody's client: %v", name, who, err, other)
			}
		}
	}
	if after := testkit.Insist(t, f.As("client"), consents.ListConsents, &consentv1.ListConsentsRequest{}); !proto.Equal(before, after) {
		t.Errorf("it was %v, and is %v", before, after)
	}
	directives := readDirectives(t, f.As("client"), conn, "")
	if len(directives.GetProhibitions()) != 1 || directives.GetProhibitions()[0].GetProhibitionId() != own.GetProhibitionId() || directives.GetProhibitions()[0].GetLiftedAt() != nil || len(directives.GetConsents())+len(directives.GetWaiting()) > 0 {
		t.Errorf("%v", directives)
	}
	tried := 0
	for _, access := range testkit.Must(caseworkv1.NewCaseworkServiceClient(conn).ListAccesses(f.As("client"), &caseworkv1.ListAccessesRequest{PageSize: 1000})).GetAccesses() {
		if access.GetBy().GetAgency() == "etsiva-kuopio" && strings.HasSuffix(access.GetMethod(), "/Vouch") {
			tried++
		}
	}
	if want := len(attackers) * (len(known) - 2); tried != want {
		t.Errorf("the client sees %d attempts, not %d", tried, want)
	}
}

// A matter in any of the services lets an agency act for the client only while it is open, and only
// if another agency began it or has taken up what this agency began. Otherwise anyone who knows an
// identity code could begin a matter a second before.
func TestWhichMattersLetAnAgencySpeak(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	concerns, referrals := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	consents := consentv1.NewConsentServiceClient(conn)
	kela, county, nurse := f.As("kela"), f.As("county"), f.As("nurse")
	reports := func(ctx context.Context, client *commonv1.Client, to *commonv1.Party) string {
		r := testkit.Submission()
		r.Client, r.Receiver = client, to
		return testkit.Insist(t, ctx, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	takes := func(ctx context.Context, id string) {
		testkit.Insist(t, ctx, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	}
	sends := func(ctx context.Context, client *commonv1.Client, to *commonv1.Party) string {
		r := referred(byLaw(), to)
		r.Client = client
		return testkit.Insist(t, ctx, referrals.SendReferral, r).GetReferral().GetReferralId()
	}
	asks := func(ctx context.Context, client *commonv1.Client, to *commonv1.Party) string {
		r := testkit.Question()
		r.Client, r.Addressee, r.Basis = client, to, byLaw()
		return testkit.Insist(t, ctx, consultations.OpenConsultation, r).GetConsultation().GetConsultationId()
	}
	plan := func(ctx context.Context, client *commonv1.Client, invited ...*commonv1.Party) string {
		id := testkit.Insist(t, ctx, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: client, Basis: byLaw()}).GetPlan().GetPlanId()
		for _, party := range invited {
			testkit.Insist(t, ctx, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: id, Party: party, Basis: byLaw()})
		}
		return id
	}
	for i, test := range []struct {
		name  string
		who   context.Context
		may   bool
		begin func(client *commonv1.Client)
	}{
		{"nothing", kela, false, func(*commonv1.Client) {}},
		{"its own report", kela, false, func(c *commonv1.Client) { reports(kela, c, testkit.County) }},
		{"its own report, received by a system", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, testkit.County)
			testkit.Insist(t, testkit.WithToken(t, f.Token(testkit.SystemOf("hva-pohjois-savo"))), concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
		}},
		{"its own report, taken", kela, true, func(c *commonv1.Client) { takes(county, reports(kela, c, testkit.County)) }},
		{"its own report, closed", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, testkit.County)
			takes(county, id)
			testkit.Insist(t, county, concerns.CloseConcern, &concernv1.CloseConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Outcome: concernv1.Outcome_OUTCOME_GUIDED})
		}},
		{"its own report, declined", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, testkit.County)
			testkit.Insist(t, county, concerns.DeclineConcern, &concernv1.DeclineConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: concernv1.DeclineReason_DECLINE_REASON_WRONG_AREA, Explanation: "Muu alue."})
		}},
		{"its own report, taken and entered in error", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, testkit.County)
			takes(county, id)
			testkit.Insist(t, kela, concerns.RevokeConcern, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Väärä henkilö."})
		}},
		{"its own report on a consent that was withdrawn", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, testkit.County)
			takes(county, id)
			testkit.Insist(t, county, consents.WithdrawConsent, &consentv1.WithdrawConsentRequest{RequestId: uuid.NewString(), Subject: "concerns/" + id})
		}},
		{"another's report to it", county, true, func(c *commonv1.Client) { reports(kela, c, testkit.County) }},
		{"another's report to another", nurse, false, func(c *commonv1.Client) { takes(county, reports(kela, c, testkit.County)) }},
		{"its own referral", county, false, func(c *commonv1.Client) { sends(county, c, testkit.Health) }},
		{"its own referral, accepted", county, true, func(c *commonv1.Client) {
			id := sends(county, c, testkit.Health)
			testkit.Insist(t, nurse, referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: id})
		}},
		{"its own referral, redirected and not accepted", county, false, func(c *commonv1.Client) {
			id := sends(county, c, testkit.Health)
			testkit.Insist(t, nurse, referrals.ReceiveReferral, &referralv1.ReceiveReferralRequest{RequestId: uuid.NewString(), ReferralId: id})
			testkit.Insist(t, nurse, referrals.RedirectReferral, &referralv1.RedirectReferralRequest{RequestId: uuid.NewString(), ReferralId: id, Receiver: testkit.Kela, Basis: byLaw(), Explanation: "Heidän asiansa."})
		}},
		{"another's referral to it", nurse, true, func(c *commonv1.Client) { sends(county, c, testkit.Health) }},
		{"its own question", county, false, func(c *commonv1.Client) { asks(county, c, testkit.Health) }},
		{"its own question, taken", county, true, func(c *commonv1.Client) {
			id := asks(county, c, testkit.Health)
			testkit.Insist(t, nurse, consultations.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
		}},
		{"another's question to it", nurse, true, func(c *commonv1.Client) { asks(county, c, testkit.Health) }},
		{"its own plan", county, false, func(c *commonv1.Client) { plan(county, c) }},
		{"its own plan with another invited", county, false, func(c *commonv1.Client) {
			plan(county, c, testkit.Health, &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "palveluohjaus"})
		}},
		{"its own plan with another in it", county, true, func(c *commonv1.Client) {
			testkit.Insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan(county, c, testkit.Health)})
		}},
		{"another's plan that it left", nurse, false, func(c *commonv1.Client) {
			id := plan(county, c, testkit.Health, testkit.Kela)
			testkit.Insist(t, kela, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id})
			testkit.Insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id})
			testkit.Insist(t, nurse, plans.LeavePlan, &planv1.LeavePlanRequest{RequestId: uuid.NewString(), PlanId: id, Reason: "Valmis."})
		}},
		{"another's plan that it is in", nurse, true, func(c *commonv1.Client) {
			testkit.Insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan(county, c, testkit.Health)})
		}},
	} {
		client := somebody(10 + i)
		test.begin(client)
		err := testkit.Refusal(consents.ProhibitTransfer(test.who, prohibition(client, ofAgency("tyollisyys-kuopio"))))
		if want := map[bool]fault.Reason{true: "", false: fault.NoLiveMatter}[test.may]; fault.ReasonOf(err) != want || want == "" && err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// A consent directive that one agency records alone affects nobody else: it ends no consent, and
// stops no matter or sending of another agency, only the agency's own sendings. The client and the
// agency's officers see it and confirm or refuse it. Once it is confirmed, each agency is told what
// it may know of it.
func TestAWishWaitsForItsConfirmation(t *testing.T) {
	for name, second := range map[string]func(*testkit.Fixture) (context.Context, *commonv1.Client){
		"a second officer": func(f *testkit.Fixture) (context.Context, *commonv1.Client) { return colleague(f), testkit.Anna() },
		"the client":       func(f *testkit.Fixture) (context.Context, *commonv1.Client) { return f.As("client"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			f := testkit.NewFixture(t)
			confirms(t, f, name == "the client", second)
		})
	}
}

func confirms(t *testing.T, f *testkit.Fixture, byClient bool, second func(*testkit.Fixture) (context.Context, *commonv1.Client)) {
	conn := f.Conn()
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	kela, county, nurse, client := f.As("kela"), f.As("county"), f.As("nurse"), f.As("client")
	reported(f, conn, testkit.Anna())
	// Kela's matter with health care, of which the county knows nothing, and the county's own.
	foreign := "referrals/" + testkit.Insist(t, kela, referrals.SendReferral, referred(testkit.Consented(), testkit.Health)).GetReferral().GetReferralId()
	own := "referrals/" + testkit.Insist(t, county, referrals.SendReferral, referred(testkit.Consented(), testkit.Health)).GetReferral().GetReferralId()
	withdrawal := func(ctx context.Context, subject, id string) *consentv1.Withdrawal {
		r := &consentv1.ListConsentsRequest{ClientId: id}
		if id != "" {
			r.Purpose = "Tarkistus."
		}
		for _, one := range testkit.Insist(t, ctx, consents.ListConsents, r).GetConsents() {
			if one.GetSubject() == subject {
				return one.GetWithdrawal()
			}
		}
		t.Fatalf("%s rests on no consent", subject)
		return nil
	}

	waiting := testkit.Insist(t, county, consents.ProhibitTransfer, prohibition(testkit.Anna(), healthCare)).GetWaiting()
	if withdrawal(client, foreign, "") != nil || withdrawal(client, own, "") != nil {
		t.Error("a consent ended before it was confirmed")
	}
	testkit.Insist(t, kela, referrals.SendReferral, referred(byLaw(), testkit.Health))
	if err := testkit.Refusal(referrals.SendReferral(county, referred(byLaw(), testkit.Health))); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("the agency that recorded it sends on: %v", err)
	}
	shown := readDirectives(t, client, conn, "")
	if len(shown.GetProhibitions()) != 0 || len(shown.GetWaiting()) != 1 || shown.GetWaiting()[0].GetReason() == "" || !shown.GetWaiting()[0].GetEverywhere() ||
		shown.GetWaiting()[0].GetRecordedBy().GetUnit() != "tyoikaiset-kuopio" || shown.GetWaiting()[0].GetRecordedBy().GetWorker() != "" {
		t.Errorf("the client reads %v", shown)
	}
	nurses := testkit.Must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: strings.TrimPrefix(foreign, "referrals/")})).GetReferral().GetClientId()
	if others := readDirectives(t, nurse, conn, nurses); proto.Size(others) != 0 {
		t.Errorf("another agency reads %v", others)
	}
	list := func(ctx context.Context) (found []*caseworkv1.WorkItem) {
		for _, item := range testkit.Insist(t, ctx, caseworkv1.NewCaseworkServiceClient(conn).ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT}).GetItems() {
			if strings.HasPrefix(item.GetSubject(), "confirmations/") {
				found = append(found, item)
			}
		}
		return found
	}
	if items := list(colleague(f)); len(items) != 1 || items[0].GetSubject() != "confirmations/"+waiting.GetWishId() || items[0].GetService() != "consent" || items[0].GetStatus().GetDueAt() == nil {
		t.Errorf("in the colleague's list: %v", items)
	}
	if items := slices.Concat(list(county), list(kela), list(nurse)); len(items) > 0 {
		t.Errorf("in the lists of others: %v", items)
	}
	for who, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"who recorded it": {testkit.Refusal(consents.DecideWish(county, confirming(testkit.Anna(), waiting))), fault.SecondOfficerRequired},
		"another agency":  {testkit.Refusal(consents.DecideWish(kela, confirming(testkit.Anna(), waiting))), fault.NotFound},
		"another person":  {testkit.Refusal(consents.DecideWish(testkit.WithToken(t, f.Token(scenario.CastParty{Role: "client", PersonalIdentityCode: "030694W9024"})), confirming(nil, waiting))), fault.NotFound},
		"a system in a colleague's name": {testkit.Refusal(consents.DecideWish(metadata.AppendToOutgoingContext(testkit.WithToken(t, f.Token(testkit.SystemOf("hva-pohjois-savo"))),
			identity.MetadataOnBehalfOf, "ps-22;tyoikaiset-kuopio;social_worker"), confirming(testkit.Anna(), waiting))), fault.RoleNotAllowed},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("confirmed by %s: %v", who, one.err)
		}
	}

	ctx, named := second(f)
	answer := testkit.Insist(t, ctx, consents.DecideWish, confirming(named, waiting))
	if answer.GetProhibition().GetProhibitionId() != waiting.GetWishId() || !answer.GetProhibition().GetEverywhere() || !answer.GetWish().GetConfirmed() {
		t.Errorf("%v", answer)
	}
	if items := list(colleague(f)); len(items) != 0 {
		t.Errorf("it waits still: %v", items)
	}
	if err := testkit.Refusal(referrals.SendReferral(kela, referred(byLaw(), testkit.Health))); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("confirmed, it stops nobody: %v", err)
	}
	// The parties of a matter of which the county knows nothing are not told that it was the
	// county; of the county's own they are, and the client is always.
	for subject, want := range map[string]string{foreign: "", own: "hva-pohjois-savo"} {
		if byClient {
			want = ""
		}
		disclosed, mine := withdrawal(nurse, subject, nurses), withdrawal(client, subject, "")
		if disclosed.GetByClient() != byClient || disclosed.GetBy().GetAgency() != want || mine.GetByClient() != byClient || !byClient && mine.GetBy().GetAgency() != "hva-pohjois-savo" {
			t.Errorf("%s: health care is told %v, the client %v", subject, disclosed, mine)
		}
		for _, message := range testkit.Mailbox(t, testkit.WithToken(t, f.Token(testkit.SystemOf("terveys-pohjois-savo"))), conn) {
			withdrawn := &commonv1.ConsentWithdrawn{}
			if message.GetSubject() == subject && message.GetEvent().UnmarshalTo(withdrawn) == nil && (withdrawn.GetByClient() != byClient || message.GetFrom().GetAgency() != want) {
				t.Errorf("%s: the mailbox holds %v", subject, message)
			}
		}
	}
	if mine := readDirectives(t, client, conn, "").GetProhibitions(); len(mine) != 1 || mine[0].GetConfirmedByClient() != byClient || mine[0].GetBy().GetUnit() != "tyoikaiset-kuopio" || len(mine[0].GetWithdrawn()) != 2 {
		t.Errorf("the client reads %v", mine)
	}
}

// A consent directive that is refused, or that nobody confirms within seven days, stops nothing and
// ends nothing. The withdrawal of a consent that other agencies may cite needs two people.
func TestAWishLapses(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	county, client := f.As("county"), f.As("client")
	reported(f, conn, testkit.Anna())
	given := testkit.Insist(t, client, consents.GiveConsent, consentFor(nil, healthCare, "referral")).GetConsent()
	cited := testkit.Insist(t, f.As("kela"), referrals.SendReferral, referred(citing(given.GetConsentId()), testkit.Health)).GetReferral()
	withdraw := &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), ConsentId: given.GetConsentId(), Reason: "Asiakas pyysi."}
	first := testkit.Insist(t, county, consents.WithdrawAdvanceConsent, withdraw).GetWaiting()
	if err := testkit.Refusal(referrals.SendReferral(county, referred(citing(given.GetConsentId()), testkit.Health))); fault.ReasonOf(err) != fault.ConsentWithdrawn {
		t.Errorf("who recorded the withdrawal cites it: %v", err)
	}
	testkit.Insist(t, f.As("kela"), referrals.SendReferral, referred(citing(given.GetConsentId()), testkit.Health))
	if shown := testkit.Insist(t, f.As("nurse"), referrals.GetReferral, &referralv1.GetReferralRequest{ReferralId: cited.GetReferralId()}).GetReferral(); shown.GetStatus().GetPhase() == commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN {
		t.Error("one officer has ended another agency's referral")
	}
	no := confirming(nil, first)
	no.Confirm = false
	testkit.Insist(t, client, consents.DecideWish, no)
	testkit.Insist(t, county, referrals.SendReferral, referred(citing(given.GetConsentId()), testkit.Health))

	second := testkit.Insist(t, county, consents.ProhibitTransfer, prohibition(testkit.Anna(), ofAgency("kela"))).GetWaiting()
	if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"604800s"}`); err != nil {
		t.Fatal(err)
	}
	testkit.Insist(t, county, referrals.SendReferral, referred(byLaw(), testkit.Kela))
	for who, err := range map[string]error{
		"a second officer": testkit.Refusal(consents.DecideWish(colleague(f), confirming(testkit.Anna(), second))), "the client": testkit.Refusal(consents.DecideWish(client, confirming(nil, second))),
	} {
		if fault.ReasonOf(err) != fault.IllegalStep {
			t.Errorf("%s confirms what has lapsed: %v", who, err)
		}
	}
}
