package consent

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

func ofKind(kind caseworkv1.AgencyKind) *consentv1.Recipient {
	return &consentv1.Recipient{Of: &consentv1.Recipient_Kind{Kind: kind.String()}}
}

func ofAgency(agency string) *consentv1.Recipient {
	return &consentv1.Recipient{Of: &consentv1.Recipient_Agency{Agency: agency}}
}

var healthCare = ofKind(caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE)

// prohibition is the client's own where it names no client; an agency says why.
func prohibition(client *commonv1.Client, to *consentv1.Recipient) *consentv1.ProhibitTransferRequest {
	r := &consentv1.ProhibitTransferRequest{RequestId: uuid.NewString(), Client: client, Recipient: to}
	if client != nil {
		r.Reason = "Asiakas pyysi vastaanotolla."
	}
	return r
}

// confirming says yes to a wish that waits; the client's own where it names no client.
func confirming(client *commonv1.Client, waiting *consentv1.WaitingWish) *consentv1.DecideWishRequest {
	return &consentv1.DecideWishRequest{RequestId: uuid.NewString(), Client: client, WishId: waiting.GetWishId(), Confirm: true}
}

// colleague is another social worker of the county, in the unit of the first.
func colleague(f *testkit.Fixture) context.Context {
	return testkit.WithToken(f.T, f.Token(scenario.CastParty{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-22", Role: "social_worker"}))
}

// reported is a live matter of the client's: the county has taken what Kela reported.
func reported(f *testkit.Fixture, conn grpc.ClientConnInterface, client *commonv1.Client) *concernv1.Concern {
	f.T.Helper()
	concerns, r := concernv1.NewConcernServiceClient(conn), testkit.Submission()
	r.Client = client
	sent := testkit.Insist(f.T, f.As("kela"), concerns.SubmitConcern, r).GetConcern()
	testkit.Insist(f.T, f.As("county"), concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: sent.GetConcernId()})
	return sent
}

func consentFor(client *commonv1.Client, to *consentv1.Recipient, services ...string) *consentv1.GiveConsentRequest {
	return &consentv1.GiveConsentRequest{
		RequestId: uuid.NewString(), Client: client, Recipient: to, Services: services, Purpose: "Kuntoutuksen järjestäminen.", Provision: "1301/2014 § 35.1",
		Until: timestamppb.New(time.Now().AddDate(0, 6, 0)),
	}
}

// byLaw is a ground that asks nobody.
func byLaw() *commonv1.LegalBasis {
	return &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, Provision: "703/2023 § 55"}
}

func referred(basis *commonv1.LegalBasis, to *commonv1.Party) *referralv1.SendReferralRequest {
	return &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: testkit.Anna(), Receiver: to, Basis: basis, Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}
}

// citing is the ground of a consent in advance.
func citing(id string) *commonv1.LegalBasis {
	return &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentId: id}
}

// readDirectives lists the consent directives of a client, for the client or an agency that knows the
// client.
func readDirectives(t *testing.T, ctx context.Context, conn grpc.ClientConnInterface, clientID string) *consentv1.Wishes {
	t.Helper()
	r := &consentv1.ListWishesRequest{ClientId: clientID}
	if clientID != "" {
		r.Purpose = "Tarkistus."
	}
	return testkit.Insist(t, ctx, consentv1.NewConsentServiceClient(conn).ListWishes, r).GetWishes()
}

// A client consents in advance to disclosure to a kind of agency in two of the services. An agency
// that is covered cites the consent, and its legal basis gets the consent's time. What the consent
// does not cover is refused. Once it is withdrawn, the matter in which it was cited is withdrawn
// too.
func TestConsentInAdvance(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	consents, referrals, consultations := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn), consultationv1.NewConsultationServiceClient(conn)
	plans := planv1.NewPlanServiceClient(conn)
	county, kela, nurse, client := f.As("county"), f.As("kela"), f.As("nurse"), f.As("client")
	reported(f, conn, testkit.Anna())
	give := consentFor(testkit.Anna(), healthCare, "referral", "plan")
	given := testkit.Insist(t, county, consents.GiveConsent, give).GetConsent()
	if again := testkit.Insist(t, county, consents.GiveConsent, give).GetConsent(); again.GetConsentId() != given.GetConsentId() || !given.GetEverywhere() || given.GetSender() != "hva-pohjois-savo" {
		t.Fatalf("%v, and again %v", given, again)
	}
	cited := citing(given.GetConsentId())
	sent := testkit.Insist(t, county, referrals.SendReferral, referred(cited, testkit.Health)).GetReferral()
	// Each service took the time by its own clock.
	if at := sent.GetBasis().GetConsentedAt(); at.AsTime().Sub(given.GetGivenAt().AsTime()).Abs() > time.Second || sent.GetBasis().GetConsentId() != "" {
		t.Errorf("it rests on %v, and the consent is of %v", sent.GetBasis(), given.GetGivenAt())
	}
	// An invitation has a ground of its own, whatever the plan rests on.
	plan := "plans/" + testkit.Insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), Basis: byLaw()}).GetPlan().GetPlanId()
	testkit.Insist(t, county, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: strings.TrimPrefix(plan, "plans/"), Party: testkit.Health, Basis: cited})
	for _, message := range testkit.Mailbox(t, testkit.WithToken(t, f.Token(testkit.SystemOf("terveys-pohjois-savo"))), conn) {
		if bytes.Contains(testkit.Must(proto.Marshal(message)), []byte(given.GetConsentId())) {
			t.Errorf("the receiver is told which consent it was: %v", message)
		}
	}
	ask := testkit.Question()
	ask.Client, ask.Basis = testkit.Anna(), cited
	both := citing(given.GetConsentId())
	both.ConsentedAt = timestamppb.New(time.Now().Add(-time.Hour))
	ended := consentFor(testkit.Anna(), healthCare, "referral")
	ended.Until = timestamppb.New(time.Now().Add(30 * time.Minute))
	short := testkit.Insist(t, county, consents.GiveConsent, ended).GetConsent()
	own := testkit.Insist(t, client, consents.GiveConsent, consentFor(nil, ofAgency("terveys-pohjois-savo"), "referral")).GetConsent()
	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"another receiver": {testkit.Refusal(referrals.SendReferral(county, referred(cited, testkit.Kela))), fault.ConsentNotCovering},
		"another service":  {testkit.Refusal(consultations.OpenConsultation(county, ask)), fault.ConsentNotCovering},
		"another sender":   {testkit.Refusal(referrals.SendReferral(kela, referred(cited, testkit.Health))), fault.ConsentNotCovering},
		"none":             {testkit.Refusal(referrals.SendReferral(county, referred(citing(uuid.NewString()), testkit.Health))), fault.ConsentNotCovering},
		"with a time":      {testkit.Refusal(referrals.SendReferral(county, referred(both, testkit.Health))), fault.InvalidField},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}
	if listed := readDirectives(t, client, conn, "").GetConsents(); len(listed) != 3 || listed[0].GetConsentId() != own.GetConsentId() ||
		len(listed[2].GetCitedIn()) != 2 || !slices.Contains(listed[2].GetCitedIn(), plan) || listed[2].GetBy().GetWorker() != "" || listed[2].GetBy().GetUnit() != "tyoikaiset-kuopio" {
		t.Errorf("the client reads %v", listed)
	}
	// The receiver knows the client, and of consents the one that anybody may cite.
	shown := testkit.Must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: sent.GetReferralId()})).GetReferral()
	if listed := readDirectives(t, nurse, conn, shown.GetClientId()).GetConsents(); len(listed) != 1 || listed[0].GetConsentId() != own.GetConsentId() {
		t.Errorf("the receiver reads %v", listed)
	}
	if shown.GetBasis().GetConsentId() != "" || strings.Contains(shown.String(), given.GetConsentId()) {
		t.Errorf("the receiver is told which consent it was: %v", shown)
	}

	gone := testkit.Insist(t, client, consents.WithdrawAdvanceConsent, &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), ConsentId: given.GetConsentId()}).GetConsent()
	if gone.GetWithdrawnAt() == nil || !gone.GetEverywhere() || !slices.Equal(gone.GetWithdrawn(), []string{"referrals/" + sent.GetReferralId()}) {
		t.Errorf("%v", gone)
	}
	if shown := testkit.Must(plans.GetPlan(nurse, &planv1.GetPlanRequest{PlanId: strings.TrimPrefix(plan, "plans/")})).GetPlan(); shown.GetState() == planv1.PlanState_PLAN_STATE_ENDED {
		t.Error("a plan by law ended with it")
	}
	if shown := testkit.Must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: sent.GetReferralId()})).GetReferral(); shown.GetStatus().GetPhase() != commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN || shown.GetReason() != "" {
		t.Errorf("%v", shown)
	}
	if _, err := referrals.SendReferral(county, referred(cited, testkit.Health)); fault.ReasonOf(err) != fault.ConsentWithdrawn {
		t.Errorf("on a withdrawn consent: %v", err)
	}
	if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"3600s"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := referrals.SendReferral(county, referred(citing(short.GetConsentId()), testkit.Health)); fault.ReasonOf(err) != fault.ConsentExpired {
		t.Errorf("on an expired consent: %v", err)
	}
}

// A client prohibits disclosure to health care. Every step that would disclose to it is stopped on
// every ground, recorded, and shown to the client. Matters that rest on consent are withdrawn,
// those that rest on law go on, and other agencies learn nothing of the prohibition. Once lifted,
// it stops nothing.
func TestProhibition(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	f.BeginMatters(conn)
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	county, kela, nurse, client := f.As("county"), f.As("kela"), f.As("nurse"), f.As("client")
	byRight := testkit.Insist(t, county, referrals.SendReferral, referred(byLaw(), testkit.Health)).GetReferral()

	prohibit := prohibition(testkit.Anna(), healthCare)
	waiting := testkit.Insist(t, county, consents.ProhibitTransfer, prohibit).GetWaiting()
	if again := testkit.Insist(t, county, consents.ProhibitTransfer, prohibit); again.GetWaiting().GetWishId() != waiting.GetWishId() || again.GetProhibition() != nil || !waiting.GetEverywhere() {
		t.Errorf("%v, and again %v", waiting, again)
	}
	confirm := confirming(testkit.Anna(), waiting)
	prohibited := testkit.Insist(t, colleague(f), consents.DecideWish, confirm).GetProhibition()
	if again := testkit.Insist(t, colleague(f), consents.DecideWish, confirm).GetProhibition(); again.GetProhibitionId() != prohibited.GetProhibitionId() || len(again.GetWithdrawn()) != len(prohibited.GetWithdrawn()) {
		t.Errorf("%v, and again %v", prohibited, again)
	}
	// The referral and the consultation on consent; Kela's report has no such party.
	if len(prohibited.GetWithdrawn()) != 2 || !slices.Equal(prohibited.GetContinuing(), []string{"referrals/" + byRight.GetReferralId()}) || !prohibited.GetEverywhere() {
		t.Fatalf("%v", prohibited)
	}
	for _, given := range testkit.Must(consents.ListConsents(client, &consentv1.ListConsentsRequest{})).GetConsents() {
		withdrawn := given.GetWithdrawal() != nil
		if slices.Contains(prohibited.GetWithdrawn(), given.GetSubject()) != withdrawn {
			t.Errorf("%s is withdrawn: %v", given.GetSubject(), withdrawn)
		}
	}
	testkit.Insist(t, nurse, referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: byRight.GetReferralId()})
	before := len(testkit.Mailbox(t, testkit.WithToken(t, f.Token(testkit.SystemOf("terveys-pohjois-savo"))), conn))
	anew := testkit.Consented()
	anew.ConsentedAt = timestamppb.New(time.Now())
	for _, basis := range []*commonv1.LegalBasis{byLaw(), anew} {
		_, err := referrals.SendReferral(county, referred(basis, testkit.Health))
		if fault.ReasonOf(err) != fault.TransferProhibited || strings.Contains(err.Error(), "health") || strings.Contains(err.Error(), "HEALTH") {
			t.Errorf("on %s: %v", basis.GetGround(), err)
		}
	}
	if after := len(testkit.Mailbox(t, testkit.WithToken(t, f.Token(testkit.SystemOf("terveys-pohjois-savo"))), conn)); after != before {
		t.Errorf("the receiver was told %d messages", after-before)
	}

	mine := readDirectives(t, client, conn, "")
	if blocked := mine.GetBlocked(); len(blocked) != 1 || blocked[0].GetBy().GetUnit() != "tyoikaiset-kuopio" || blocked[0].GetBy().GetWorker() != "" ||
		blocked[0].GetReceiver() != "terveys-pohjois-savo" || blocked[0].GetService() != "referral" || blocked[0].GetStep() != "SendReferral" || blocked[0].GetAt() == nil {
		t.Errorf("the client reads %v", blocked)
	}
	// Both attempts are in the record of accesses, the second there alone.
	attempts := 0
	for _, access := range testkit.Must(caseworkv1.NewCaseworkServiceClient(conn).ListAccesses(county, &caseworkv1.ListAccessesRequest{ClientId: byRight.GetClientId(), PageSize: 1000})).GetAccesses() {
		if access.GetPurpose() == "stopped by the client's prohibition" && access.GetBy().GetWorker() == "ps-21" {
			attempts++
		}
		if strings.HasPrefix(access.GetSubject(), "wishes/") {
			t.Errorf("a name is given out that is the same towards all: %v", access)
		}
	}
	if attempts != 2 {
		t.Errorf("%d attempts are recorded", attempts)
	}
	if own := readDirectives(t, county, conn, byRight.GetClientId()); len(own.GetProhibitions()) != 1 || own.GetProhibitions()[0].GetBy().GetWorker() != "ps-21" || len(own.GetBlocked()) != 1 {
		t.Errorf("who recorded it reads %v", own)
	}
	nurses := testkit.Must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: byRight.GetReferralId()})).GetReferral().GetClientId()
	if others := readDirectives(t, nurse, conn, nurses); len(others.GetProhibitions())+len(others.GetBlocked())+len(others.GetConsents())+len(others.GetOverrides()) != 0 {
		t.Errorf("another agency reads %v", others)
	}

	lift := &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), ProhibitionId: prohibited.GetProhibitionId(), Reason: "Asiakas pyysi."}
	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"lifted by another":      {testkit.Refusal(consents.LiftProhibition(kela, lift)), fault.NotFound},
		"by an operator":         {testkit.Refusal(consents.ProhibitTransfer(f.As("operator"), prohibition(testkit.Anna(), healthCare))), fault.RoleNotAllowed},
		"of nobody":              {testkit.Refusal(consents.ProhibitTransfer(county, prohibition(nil, healthCare))), fault.InvalidField},
		"a client's, of another": {testkit.Refusal(consents.ProhibitTransfer(client, prohibition(testkit.Anna(), healthCare))), fault.InvalidField},
		"to nobody known":        {testkit.Refusal(consents.ProhibitTransfer(client, prohibition(nil, ofAgency("x")))), fault.UnknownParty},
		"to nobody":              {testkit.Refusal(consents.ProhibitTransfer(client, prohibition(nil, nil))), fault.InvalidField},
		"read for all":           {testkit.Refusal(consents.ListWishes(county, &consentv1.ListWishesRequest{})), fault.InvalidField},
		"read without purpose":   {testkit.Refusal(consents.ListWishes(county, &consentv1.ListWishesRequest{ClientId: byRight.GetClientId()})), fault.InvalidField},
		"the same for another":   {testkit.Refusal(consents.ProhibitTransfer(county, &consentv1.ProhibitTransferRequest{RequestId: prohibit.GetRequestId(), Client: testkit.Anna(), Recipient: ofAgency("kela")})), fault.RequestIDReused},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}
	if _, err := referrals.SendReferral(county, referred(byLaw(), testkit.Health)); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("it stands no more: %v", err)
	}
	ending := testkit.Insist(t, county, consents.LiftProhibition, lift).GetWaiting()
	if _, err := referrals.SendReferral(county, referred(byLaw(), testkit.Health)); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("one officer has lifted it: %v", err)
	}
	if lifted := testkit.Insist(t, colleague(f), consents.DecideWish, confirming(testkit.Anna(), ending)).GetProhibition(); lifted.GetLiftedAt() == nil || !lifted.GetEverywhere() {
		t.Errorf("%v", lifted)
	}
	lift.RequestId = uuid.NewString()
	testkit.Insist(t, county, consents.LiftProhibition, lift)
	testkit.Insist(t, county, referrals.SendReferral, referred(byLaw(), testkit.Health))
}

// An override permits one sending within a day, on the ground and to the receiver on which two
// officers of the agency agreed, and the client sees all of it.
func TestOverride(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	county, client := f.As("county"), f.As("client")
	worker := func(agency, unit, name, role string) context.Context {
		return testkit.WithToken(t, f.Token(scenario.CastParty{Agency: agency, Unit: unit, Worker: name, Role: role}))
	}
	second := worker("hva-pohjois-savo", "tyoikaiset-kuopio", "ps-22", "social_worker")
	system := testkit.WithToken(t, f.Token(testkit.SystemOf("hva-pohjois-savo")))
	testkit.Insist(t, client, consents.ProhibitTransfer, prohibition(nil, healthCare))
	ask := func() *consentv1.RequestOverrideRequest {
		return &consentv1.RequestOverrideRequest{
			RequestId: uuid.NewString(), Client: testkit.Anna(), Service: "referral", Receiver: "terveys-pohjois-savo",
			Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, Provision: "703/2023 § 55", Reason: "Henki on vaarassa.",
		}
	}
	decide := func(id string, approve bool) *consentv1.DecideOverrideRequest {
		return &consentv1.DecideOverrideRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), Service: "referral", OverrideId: id, Approve: approve}
	}
	refused := func(what string, err error, want fault.Reason) {
		t.Helper()
		if fault.ReasonOf(err) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	send := func(ctx context.Context, basis *commonv1.LegalBasis, to *commonv1.Party) error {
		return testkit.Refusal(referrals.SendReferral(ctx, referred(basis, to)))
	}
	refused("before anything was stopped", testkit.Refusal(consents.RequestOverride(county, ask())), fault.IllegalStep)
	refused("sent", send(county, byLaw(), testkit.Health), fault.TransferProhibited)
	without := ask()
	without.Reason = ""
	refused("without a reason", testkit.Refusal(consents.RequestOverride(county, without)), fault.ExplanationRequired)
	onConsent := ask()
	onConsent.Ground = commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
	refused("on consent", testkit.Refusal(consents.RequestOverride(county, onConsent)), fault.LegalBasisRequired)
	coded := ask()
	coded.Reason = "Koskee henkilöä 010594Y9032."
	refused("with a code", testkit.Refusal(consents.RequestOverride(county, coded)), fault.ContentNotAllowed)
	refused("by the client", testkit.Refusal(consents.RequestOverride(client, func() *consentv1.RequestOverrideRequest { r := ask(); r.Client = nil; return r }())), fault.RoleNotAllowed)
	refused("by a system", testkit.Refusal(consents.RequestOverride(system, ask())), fault.RoleNotAllowed)
	refused("of another agency", testkit.Refusal(consents.RequestOverride(f.As("kela"), ask())), fault.IllegalStep)

	asked := testkit.Insist(t, county, consents.RequestOverride, ask()).GetOverride()
	refused("asked for, not approved", send(county, byLaw(), testkit.Health), fault.TransferProhibited)
	refused("approved by oneself", testkit.Refusal(consents.DecideOverride(county, decide(asked.GetOverrideId(), true))), fault.SecondOfficerRequired)
	refused("approved by a system", testkit.Refusal(consents.DecideOverride(system, decide(asked.GetOverrideId(), true))), fault.RoleNotAllowed)
	refused("approved by another agency", testkit.Refusal(consents.DecideOverride(worker("kela", "toimeentulotuki", "ps-22", "benefit_handler"), decide(asked.GetOverrideId(), true))), fault.NotFound)
	refused("refused", testkit.Refusal(consents.DecideOverride(second, decide(asked.GetOverrideId(), false))), "")
	refused("though refused", send(county, byLaw(), testkit.Health), fault.TransferProhibited)
	refused("decided twice", testkit.Refusal(consents.DecideOverride(second, decide(asked.GetOverrideId(), true))), fault.IllegalStep)

	asked = testkit.Insist(t, county, consents.RequestOverride, ask()).GetOverride()
	testkit.Insist(t, second, consents.DecideOverride, decide(asked.GetOverrideId(), true))
	anew := testkit.Consented()
	anew.ConsentedAt = timestamppb.New(time.Now())
	refused("on another ground", send(county, anew, testkit.Health), fault.TransferProhibited)
	used := referred(byLaw(), testkit.Health)
	sent := testkit.Insist(t, county, referrals.SendReferral, used).GetReferral()
	if again := testkit.Insist(t, county, referrals.SendReferral, used).GetReferral(); again.GetReferralId() != sent.GetReferralId() {
		t.Errorf("the same request again sent %v", again)
	}
	refused("used twice", send(county, byLaw(), testkit.Health), fault.TransferProhibited)

	listed := readDirectives(t, client, conn, "").GetOverrides()
	if len(listed) != 2 || !listed[0].GetApproved() || listed[0].GetUsedFor() != "referrals/"+sent.GetReferralId() || listed[0].GetReason() != "Henki on vaarassa." ||
		listed[0].GetRequestedBy().GetUnit() != "tyoikaiset-kuopio" || listed[0].GetRequestedBy().GetWorker() != "" || listed[0].GetDecidedAt() == nil || listed[1].GetApproved() {
		t.Errorf("the client reads %v", listed)
	}

	late := testkit.Insist(t, county, consents.RequestOverride, ask()).GetOverride()
	stale := testkit.Insist(t, county, consents.RequestOverride, ask()).GetOverride()
	testkit.Insist(t, second, consents.DecideOverride, decide(late.GetOverrideId(), true))
	if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"86400s"}`); err != nil {
		t.Fatal(err)
	}
	refused("used a day later", send(county, byLaw(), testkit.Health), fault.TransferProhibited)
	refused("decided a day later", testkit.Refusal(consents.DecideOverride(second, decide(stale.GetOverrideId(), true))), fault.IllegalStep)
}
