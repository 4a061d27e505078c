package e2e

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

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
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

// somebody is one of the hundred test persons of a day.
func somebody(n int) *commonv1.Client {
	const birth = 10190 // the first of January
	code := fmt.Sprintf("%06d-%03d%c", birth, 900+n, "0123456789ABCDEFHJKLMNPRSTUVWXY"[(birth*1000+900+n)%31])
	return &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: code}, Language: "fi"}
}

// wishesOfAnAgency are all calls by which an agency speaks for a client: by the descriptor,
// each call of ConsentService whose request names a client.
func wishesOfAnAgency(conn grpc.ClientConnInterface, client *commonv1.Client) map[string]func(context.Context) error {
	consents := consentv1.NewConsentServiceClient(conn)
	return map[string]func(context.Context) error{
		"GiveConsent": func(ctx context.Context) error {
			return refusal(consents.GiveConsent(ctx, consentFor(client, healthCare, "referral")))
		},
		"ProhibitTransfer": func(ctx context.Context) error {
			return refusal(consents.ProhibitTransfer(ctx, prohibition(client, healthCare)))
		},
		"WithdrawAdvanceConsent": func(ctx context.Context) error {
			return refusal(consents.WithdrawAdvanceConsent(ctx, &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), Client: client, ConsentId: uuid.NewString(), Reason: "Pyyntö."}))
		},
		"LiftProhibition": func(ctx context.Context) error {
			return refusal(consents.LiftProhibition(ctx, &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), Client: client, ProhibitionId: uuid.NewString(), Reason: "Pyyntö."}))
		},
		"DecideWish": func(ctx context.Context) error {
			return refusal(consents.DecideWish(ctx, &consentv1.DecideWishRequest{RequestId: uuid.NewString(), Client: client, WishId: uuid.NewString(), Confirm: true}))
		},
		"RequestOverride": func(ctx context.Context) error {
			return refusal(consents.RequestOverride(ctx, &consentv1.RequestOverrideRequest{
				RequestId: uuid.NewString(), Client: client, Service: "referral", Receiver: "terveys-pohjois-savo",
				Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, Provision: "703/2023 § 55", Reason: "Hätä.",
			}))
		},
		"DecideOverride": func(ctx context.Context) error {
			return refusal(consents.DecideOverride(ctx, &consentv1.DecideOverrideRequest{RequestId: uuid.NewString(), Client: client, Service: "referral", OverrideId: uuid.NewString(), Approve: true}))
		},
	}
}

// An agency without a live matter of a client cannot act in the client's name, with any role, and
// cannot find out whether a person is a client. The client sees the attempts, which have no effect.
// A new RPC that names a client fails this test until it is tried here too.
func TestWishesNeedALiveMatter(t *testing.T) {
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	matters(t, b, conn)
	consents := consentv1.NewConsentServiceClient(conn)
	own := insist(t, b.asWorker("client"), consents.ProhibitTransfer, prohibition(nil, ofAgency("etsiva-kuopio"))).GetProhibition()
	before := insist(t, b.asWorker("client"), consents.ListConsents, &consentv1.ListConsentsRequest{})

	youth := scenario.CastParty{Agency: "etsiva-kuopio", Unit: "etsiva", Worker: "en-01", Role: "youth_worker"}
	system := withToken(t, b.token(systemOf("etsiva-kuopio")))
	attackers := map[string]context.Context{
		"a worker": withToken(t, b.token(youth)), "a system": system,
		"a system in a worker's name":     metadata.AppendToOutgoingContext(system, identity.MetadataOnBehalfOf, "en-01;etsiva;youth_worker"),
		"a worker with a voucher made up": metadata.AppendToOutgoingContext(withToken(t, b.token(youth)), "koppi-voucher", "AAAA"),
	}
	known, unknown := wishesOfAnAgency(conn, annaClient), wishesOfAnAgency(conn, somebody(1))
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
	if after := insist(t, b.asWorker("client"), consents.ListConsents, &consentv1.ListConsentsRequest{}); !proto.Equal(before, after) {
		t.Errorf("it was %v, and is %v", before, after)
	}
	wishes := wishesRead(t, b.asWorker("client"), conn, "")
	if len(wishes.GetProhibitions()) != 1 || wishes.GetProhibitions()[0].GetProhibitionId() != own.GetProhibitionId() || wishes.GetProhibitions()[0].GetLiftedAt() != nil || len(wishes.GetConsents())+len(wishes.GetWaiting()) > 0 {
		t.Errorf("%v", wishes)
	}
	tried := 0
	for _, access := range must(caseworkv1.NewCaseworkServiceClient(conn).ListAccesses(b.asWorker("client"), &caseworkv1.ListAccessesRequest{PageSize: 1000})).GetAccesses() {
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
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	concerns, referrals := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	consents := consentv1.NewConsentServiceClient(conn)
	kela, county, nurse := b.asWorker("kela"), b.asWorker("county"), b.asWorker("nurse")
	reports := func(ctx context.Context, client *commonv1.Client, to *commonv1.Party) string {
		r := submission()
		r.Client, r.Receiver = client, to
		return insist(t, ctx, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	takes := func(ctx context.Context, id string) {
		insist(t, ctx, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	}
	sends := func(ctx context.Context, client *commonv1.Client, to *commonv1.Party) string {
		r := referred(byLaw(), to)
		r.Client = client
		return insist(t, ctx, referrals.SendReferral, r).GetReferral().GetReferralId()
	}
	asks := func(ctx context.Context, client *commonv1.Client, to *commonv1.Party) string {
		r := question()
		r.Client, r.Addressee, r.Basis = client, to, byLaw()
		return insist(t, ctx, consultations.OpenConsultation, r).GetConsultation().GetConsultationId()
	}
	plan := func(ctx context.Context, client *commonv1.Client, invited ...*commonv1.Party) string {
		id := insist(t, ctx, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: client, Basis: byLaw()}).GetPlan().GetPlanId()
		for _, party := range invited {
			insist(t, ctx, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: id, Party: party, Basis: byLaw()})
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
		{"its own report", kela, false, func(c *commonv1.Client) { reports(kela, c, countyParty) }},
		{"its own report, received by a system", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, countyParty)
			insist(t, withToken(t, b.token(systemOf("hva-pohjois-savo"))), concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
		}},
		{"its own report, taken", kela, true, func(c *commonv1.Client) { takes(county, reports(kela, c, countyParty)) }},
		{"its own report, closed", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, countyParty)
			takes(county, id)
			insist(t, county, concerns.CloseConcern, &concernv1.CloseConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Outcome: concernv1.Outcome_OUTCOME_GUIDED})
		}},
		{"its own report, declined", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, countyParty)
			insist(t, county, concerns.DeclineConcern, &concernv1.DeclineConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: concernv1.DeclineReason_DECLINE_REASON_WRONG_AREA, Explanation: "Muu alue."})
		}},
		{"its own report, taken and entered in error", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, countyParty)
			takes(county, id)
			insist(t, kela, concerns.RevokeConcern, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Väärä henkilö."})
		}},
		{"its own report on a consent that was withdrawn", kela, false, func(c *commonv1.Client) {
			id := reports(kela, c, countyParty)
			takes(county, id)
			insist(t, county, consents.WithdrawConsent, &consentv1.WithdrawConsentRequest{RequestId: uuid.NewString(), Subject: "concerns/" + id})
		}},
		{"another's report to it", county, true, func(c *commonv1.Client) { reports(kela, c, countyParty) }},
		{"another's report to another", nurse, false, func(c *commonv1.Client) { takes(county, reports(kela, c, countyParty)) }},
		{"its own referral", county, false, func(c *commonv1.Client) { sends(county, c, healthParty) }},
		{"its own referral, accepted", county, true, func(c *commonv1.Client) {
			id := sends(county, c, healthParty)
			insist(t, nurse, referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: id})
		}},
		{"its own referral, redirected and not accepted", county, false, func(c *commonv1.Client) {
			id := sends(county, c, healthParty)
			insist(t, nurse, referrals.ReceiveReferral, &referralv1.ReceiveReferralRequest{RequestId: uuid.NewString(), ReferralId: id})
			insist(t, nurse, referrals.RedirectReferral, &referralv1.RedirectReferralRequest{RequestId: uuid.NewString(), ReferralId: id, Receiver: kelaParty, Basis: byLaw(), Explanation: "Heidän asiansa."})
		}},
		{"another's referral to it", nurse, true, func(c *commonv1.Client) { sends(county, c, healthParty) }},
		{"its own question", county, false, func(c *commonv1.Client) { asks(county, c, healthParty) }},
		{"its own question, taken", county, true, func(c *commonv1.Client) {
			id := asks(county, c, healthParty)
			insist(t, nurse, consultations.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
		}},
		{"another's question to it", nurse, true, func(c *commonv1.Client) { asks(county, c, healthParty) }},
		{"its own plan", county, false, func(c *commonv1.Client) { plan(county, c) }},
		{"its own plan with another invited", county, false, func(c *commonv1.Client) {
			plan(county, c, healthParty, &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "palveluohjaus"})
		}},
		{"its own plan with another in it", county, true, func(c *commonv1.Client) {
			insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan(county, c, healthParty)})
		}},
		{"another's plan that it left", nurse, false, func(c *commonv1.Client) {
			id := plan(county, c, healthParty, kelaParty)
			insist(t, kela, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id})
			insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: id})
			insist(t, nurse, plans.LeavePlan, &planv1.LeavePlanRequest{RequestId: uuid.NewString(), PlanId: id, Reason: "Valmis."})
		}},
		{"another's plan that it is in", nurse, true, func(c *commonv1.Client) {
			insist(t, nurse, plans.JoinPlan, &planv1.JoinPlanRequest{RequestId: uuid.NewString(), PlanId: plan(county, c, healthParty)})
		}},
	} {
		client := somebody(10 + i)
		test.begin(client)
		err := refusal(consents.ProhibitTransfer(test.who, prohibition(client, ofAgency("tyollisyys-kuopio"))))
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
	for name, second := range map[string]func(*bench) (context.Context, *commonv1.Client){
		"a second officer": func(b *bench) (context.Context, *commonv1.Client) { return b.colleague(), annaClient },
		"the client":       func(b *bench) (context.Context, *commonv1.Client) { return b.asWorker("client"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBenchOf(t, allinone.Config{})
			confirms(t, b, name == "the client", second)
		})
	}
}

func confirms(t *testing.T, b *bench, byClient bool, second func(*bench) (context.Context, *commonv1.Client)) {
	conn := b.grpc()
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	kela, county, nurse, client := b.asWorker("kela"), b.asWorker("county"), b.asWorker("nurse"), b.asWorker("client")
	b.reported(conn, annaClient)
	// Kela's matter with health care, of which the county knows nothing, and the county's own.
	foreign := "referrals/" + insist(t, kela, referrals.SendReferral, referred(consented(), healthParty)).GetReferral().GetReferralId()
	own := "referrals/" + insist(t, county, referrals.SendReferral, referred(consented(), healthParty)).GetReferral().GetReferralId()
	withdrawal := func(ctx context.Context, subject, id string) *consentv1.Withdrawal {
		r := &consentv1.ListConsentsRequest{ClientId: id}
		if id != "" {
			r.Purpose = "Tarkistus."
		}
		for _, one := range insist(t, ctx, consents.ListConsents, r).GetConsents() {
			if one.GetSubject() == subject {
				return one.GetWithdrawal()
			}
		}
		t.Fatalf("%s rests on no consent", subject)
		return nil
	}

	waiting := insist(t, county, consents.ProhibitTransfer, prohibition(annaClient, healthCare)).GetWaiting()
	if withdrawal(client, foreign, "") != nil || withdrawal(client, own, "") != nil {
		t.Error("a consent ended before it was confirmed")
	}
	insist(t, kela, referrals.SendReferral, referred(byLaw(), healthParty))
	if err := refusal(referrals.SendReferral(county, referred(byLaw(), healthParty))); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("the agency that recorded it sends on: %v", err)
	}
	shown := wishesRead(t, client, conn, "")
	if len(shown.GetProhibitions()) != 0 || len(shown.GetWaiting()) != 1 || shown.GetWaiting()[0].GetReason() == "" || !shown.GetWaiting()[0].GetEverywhere() ||
		shown.GetWaiting()[0].GetRecordedBy().GetUnit() != "tyoikaiset-kuopio" || shown.GetWaiting()[0].GetRecordedBy().GetWorker() != "" {
		t.Errorf("the client reads %v", shown)
	}
	nurses := must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: strings.TrimPrefix(foreign, "referrals/")})).GetReferral().GetClientId()
	if others := wishesRead(t, nurse, conn, nurses); proto.Size(others) != 0 {
		t.Errorf("another agency reads %v", others)
	}
	list := func(ctx context.Context) (found []*caseworkv1.WorkItem) {
		for _, item := range insist(t, ctx, caseworkv1.NewCaseworkServiceClient(conn).ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT}).GetItems() {
			if strings.HasPrefix(item.GetSubject(), "confirmations/") {
				found = append(found, item)
			}
		}
		return found
	}
	if items := list(b.colleague()); len(items) != 1 || items[0].GetSubject() != "confirmations/"+waiting.GetWishId() || items[0].GetService() != "consent" || items[0].GetStatus().GetDueAt() == nil {
		t.Errorf("in the colleague's list: %v", items)
	}
	if items := slices.Concat(list(county), list(kela), list(nurse)); len(items) > 0 {
		t.Errorf("in the lists of others: %v", items)
	}
	for who, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"who recorded it": {refusal(consents.DecideWish(county, confirming(annaClient, waiting))), fault.SecondOfficerRequired},
		"another agency":  {refusal(consents.DecideWish(kela, confirming(annaClient, waiting))), fault.NotFound},
		"another person":  {refusal(consents.DecideWish(withToken(t, b.token(scenario.CastParty{Role: "client", PersonalIdentityCode: "030694W9024"})), confirming(nil, waiting))), fault.NotFound},
		"a system in a colleague's name": {refusal(consents.DecideWish(metadata.AppendToOutgoingContext(withToken(t, b.token(systemOf("hva-pohjois-savo"))),
			identity.MetadataOnBehalfOf, "ps-22;tyoikaiset-kuopio;social_worker"), confirming(annaClient, waiting))), fault.RoleNotAllowed},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("confirmed by %s: %v", who, one.err)
		}
	}

	ctx, named := second(b)
	answer := insist(t, ctx, consents.DecideWish, confirming(named, waiting))
	if answer.GetProhibition().GetProhibitionId() != waiting.GetWishId() || !answer.GetProhibition().GetEverywhere() || !answer.GetWish().GetConfirmed() {
		t.Errorf("%v", answer)
	}
	if items := list(b.colleague()); len(items) != 0 {
		t.Errorf("it waits still: %v", items)
	}
	if err := refusal(referrals.SendReferral(kela, referred(byLaw(), healthParty))); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("confirmed, it stops nobody: %v", err)
	}
	// The parties of a matter of which the county knows nothing are not told that it was the
	// county; of the county's own they are, and the client is always.
	for subject, want := range map[string]string{foreign: "", own: "hva-pohjois-savo"} {
		if byClient {
			want = ""
		}
		told, mine := withdrawal(nurse, subject, nurses), withdrawal(client, subject, "")
		if told.GetByClient() != byClient || told.GetBy().GetAgency() != want || mine.GetByClient() != byClient || !byClient && mine.GetBy().GetAgency() != "hva-pohjois-savo" {
			t.Errorf("%s: health care is told %v, the client %v", subject, told, mine)
		}
		for _, message := range mailboxOf(t, withToken(t, b.token(systemOf("terveys-pohjois-savo"))), conn) {
			withdrawn := &commonv1.ConsentWithdrawn{}
			if message.GetSubject() == subject && message.GetEvent().UnmarshalTo(withdrawn) == nil && (withdrawn.GetByClient() != byClient || message.GetFrom().GetAgency() != want) {
				t.Errorf("%s: the mailbox holds %v", subject, message)
			}
		}
	}
	if mine := wishesRead(t, client, conn, "").GetProhibitions(); len(mine) != 1 || mine[0].GetConfirmedByClient() != byClient || mine[0].GetBy().GetUnit() != "tyoikaiset-kuopio" || len(mine[0].GetWithdrawn()) != 2 {
		t.Errorf("the client reads %v", mine)
	}
}

// A consent directive that is refused, or that nobody confirms within seven days, stops nothing and
// ends nothing. The withdrawal of a consent that other agencies may cite needs two people.
func TestAWishLapses(t *testing.T) {
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	county, client := b.asWorker("county"), b.asWorker("client")
	b.reported(conn, annaClient)
	given := insist(t, client, consents.GiveConsent, consentFor(nil, healthCare, "referral")).GetConsent()
	cited := insist(t, b.asWorker("kela"), referrals.SendReferral, referred(citing(given.GetConsentId()), healthParty)).GetReferral()
	withdraw := &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), Client: annaClient, ConsentId: given.GetConsentId(), Reason: "Asiakas pyysi."}
	first := insist(t, county, consents.WithdrawAdvanceConsent, withdraw).GetWaiting()
	if err := refusal(referrals.SendReferral(county, referred(citing(given.GetConsentId()), healthParty))); fault.ReasonOf(err) != fault.ConsentWithdrawn {
		t.Errorf("who recorded the withdrawal cites it: %v", err)
	}
	insist(t, b.asWorker("kela"), referrals.SendReferral, referred(citing(given.GetConsentId()), healthParty))
	if shown := insist(t, b.asWorker("nurse"), referrals.GetReferral, &referralv1.GetReferralRequest{ReferralId: cited.GetReferralId()}).GetReferral(); shown.GetStatus().GetPhase() == commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN {
		t.Error("one officer has ended another agency's referral")
	}
	no := confirming(nil, first)
	no.Confirm = false
	insist(t, client, consents.DecideWish, no)
	insist(t, county, referrals.SendReferral, referred(citing(given.GetConsentId()), healthParty))

	second := insist(t, county, consents.ProhibitTransfer, prohibition(annaClient, ofAgency("kela"))).GetWaiting()
	if _, err := b.call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"604800s"}`); err != nil {
		t.Fatal(err)
	}
	insist(t, county, referrals.SendReferral, referred(byLaw(), kelaParty))
	for who, err := range map[string]error{
		"a second officer": refusal(consents.DecideWish(b.colleague(), confirming(annaClient, second))), "the client": refusal(consents.DecideWish(client, confirming(nil, second))),
	} {
		if fault.ReasonOf(err) != fault.IllegalStep {
			t.Errorf("%s confirms what has lapsed: %v", who, err)
		}
	}
}
