package e2e

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

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
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
func (b *bench) colleague() context.Context {
	return withToken(b.t, b.token(scenario.CastParty{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-22", Role: "social_worker"}))
}

// reported is a live matter of the client's: the county has taken what Kela reported.
func (b *bench) reported(conn grpc.ClientConnInterface, client *commonv1.Client) *concernv1.Concern {
	b.t.Helper()
	concerns, r := concernv1.NewConcernServiceClient(conn), submission()
	r.Client = client
	sent := insist(b.t, b.asWorker("kela"), concerns.SubmitConcern, r).GetConcern()
	insist(b.t, b.asWorker("county"), concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: sent.GetConcernId()})
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
		RequestId: uuid.NewString(), Client: annaClient, Receiver: to, Basis: basis, Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}
}

// citing is the ground of a consent in advance.
func citing(id string) *commonv1.LegalBasis {
	return &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentId: id}
}

// wishesRead lists what a client wishes, to the client or an agency that knows the client.
func wishesRead(t *testing.T, ctx context.Context, conn grpc.ClientConnInterface, clientID string) *consentv1.Wishes {
	t.Helper()
	r := &consentv1.ListWishesRequest{ClientId: clientID}
	if clientID != "" {
		r.Purpose = "Tarkistus."
	}
	return insist(t, ctx, consentv1.NewConsentServiceClient(conn).ListWishes, r).GetWishes()
}

// A client consents in advance to disclosure to a kind of agency in two of the services. An agency
// that is covered cites the consent, and its legal basis gets the consent's time. What the consent
// does not cover is refused. Once it is withdrawn, the matter in which it was cited is withdrawn
// too.
func TestConsentInAdvance(t *testing.T) {
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	consents, referrals, consultations := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn), consultationv1.NewConsultationServiceClient(conn)
	plans := planv1.NewPlanServiceClient(conn)
	county, kela, nurse, client := b.asWorker("county"), b.asWorker("kela"), b.asWorker("nurse"), b.asWorker("client")
	b.reported(conn, annaClient)
	give := consentFor(annaClient, healthCare, "referral", "plan")
	given := insist(t, county, consents.GiveConsent, give).GetConsent()
	if again := insist(t, county, consents.GiveConsent, give).GetConsent(); again.GetConsentId() != given.GetConsentId() || !given.GetEverywhere() || given.GetSender() != "hva-pohjois-savo" {
		t.Fatalf("%v, and again %v", given, again)
	}
	cited := citing(given.GetConsentId())
	sent := insist(t, county, referrals.SendReferral, referred(cited, healthParty)).GetReferral()
	// Each service took the time by its own clock.
	if at := sent.GetBasis().GetConsentedAt(); at.AsTime().Sub(given.GetGivenAt().AsTime()).Abs() > time.Second || sent.GetBasis().GetConsentId() != "" {
		t.Errorf("it rests on %v, and the consent is of %v", sent.GetBasis(), given.GetGivenAt())
	}
	// An invitation has a ground of its own, whatever the plan rests on.
	plan := "plans/" + insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: annaClient, Basis: byLaw()}).GetPlan().GetPlanId()
	insist(t, county, plans.InviteMember, &planv1.InviteMemberRequest{RequestId: uuid.NewString(), PlanId: strings.TrimPrefix(plan, "plans/"), Party: healthParty, Basis: cited})
	for _, message := range mailboxOf(t, withToken(t, b.token(systemOf("terveys-pohjois-savo"))), conn) {
		if bytes.Contains(must(proto.Marshal(message)), []byte(given.GetConsentId())) {
			t.Errorf("the receiver is told which consent it was: %v", message)
		}
	}
	ask := question()
	ask.Client, ask.Basis = annaClient, cited
	both := citing(given.GetConsentId())
	both.ConsentedAt = timestamppb.New(time.Now().Add(-time.Hour))
	ended := consentFor(annaClient, healthCare, "referral")
	ended.Until = timestamppb.New(time.Now().Add(30 * time.Minute))
	short := insist(t, county, consents.GiveConsent, ended).GetConsent()
	own := insist(t, client, consents.GiveConsent, consentFor(nil, ofAgency("terveys-pohjois-savo"), "referral")).GetConsent()
	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"another receiver": {refusal(referrals.SendReferral(county, referred(cited, kelaParty))), fault.ConsentNotCovering},
		"another service":  {refusal(consultations.OpenConsultation(county, ask)), fault.ConsentNotCovering},
		"another sender":   {refusal(referrals.SendReferral(kela, referred(cited, healthParty))), fault.ConsentNotCovering},
		"none":             {refusal(referrals.SendReferral(county, referred(citing(uuid.NewString()), healthParty))), fault.ConsentNotCovering},
		"with a time":      {refusal(referrals.SendReferral(county, referred(both, healthParty))), fault.InvalidField},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}
	if listed := wishesRead(t, client, conn, "").GetConsents(); len(listed) != 3 || listed[0].GetConsentId() != own.GetConsentId() ||
		len(listed[2].GetCitedIn()) != 2 || !slices.Contains(listed[2].GetCitedIn(), plan) || listed[2].GetBy().GetWorker() != "" || listed[2].GetBy().GetUnit() != "tyoikaiset-kuopio" {
		t.Errorf("the client reads %v", listed)
	}
	// The receiver knows the client, and of consents the one that anybody may cite.
	shown := must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: sent.GetReferralId()})).GetReferral()
	if listed := wishesRead(t, nurse, conn, shown.GetClientId()).GetConsents(); len(listed) != 1 || listed[0].GetConsentId() != own.GetConsentId() {
		t.Errorf("the receiver reads %v", listed)
	}
	if shown.GetBasis().GetConsentId() != "" || strings.Contains(shown.String(), given.GetConsentId()) {
		t.Errorf("the receiver is told which consent it was: %v", shown)
	}

	gone := insist(t, client, consents.WithdrawAdvanceConsent, &consentv1.WithdrawAdvanceConsentRequest{RequestId: uuid.NewString(), ConsentId: given.GetConsentId()}).GetConsent()
	if gone.GetWithdrawnAt() == nil || !gone.GetEverywhere() || !slices.Equal(gone.GetWithdrawn(), []string{"referrals/" + sent.GetReferralId()}) {
		t.Errorf("%v", gone)
	}
	if shown := must(plans.GetPlan(nurse, &planv1.GetPlanRequest{PlanId: strings.TrimPrefix(plan, "plans/")})).GetPlan(); shown.GetState() == planv1.PlanState_PLAN_STATE_ENDED {
		t.Error("a plan by law ended with it")
	}
	if shown := must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: sent.GetReferralId()})).GetReferral(); shown.GetStatus().GetPhase() != commonv1.LoopPhase_LOOP_PHASE_WITHDRAWN || shown.GetReason() != "" {
		t.Errorf("%v", shown)
	}
	if _, err := referrals.SendReferral(county, referred(cited, healthParty)); fault.ReasonOf(err) != fault.ConsentWithdrawn {
		t.Errorf("on a withdrawn consent: %v", err)
	}
	if _, err := b.call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"3600s"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := referrals.SendReferral(county, referred(citing(short.GetConsentId()), healthParty)); fault.ReasonOf(err) != fault.ConsentExpired {
		t.Errorf("on an expired consent: %v", err)
	}
}

// A client prohibits disclosure to health care. Every step that would disclose to it is stopped on
// every ground, recorded, and shown to the client. Matters that rest on consent are withdrawn,
// those that rest on law go on, and other agencies learn nothing of the prohibition. Once lifted,
// it stops nothing.
func TestProhibition(t *testing.T) {
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	matters(t, b, conn)
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	county, kela, nurse, client := b.asWorker("county"), b.asWorker("kela"), b.asWorker("nurse"), b.asWorker("client")
	byRight := insist(t, county, referrals.SendReferral, referred(byLaw(), healthParty)).GetReferral()

	prohibit := prohibition(annaClient, healthCare)
	waiting := insist(t, county, consents.ProhibitTransfer, prohibit).GetWaiting()
	if again := insist(t, county, consents.ProhibitTransfer, prohibit); again.GetWaiting().GetWishId() != waiting.GetWishId() || again.GetProhibition() != nil || !waiting.GetEverywhere() {
		t.Errorf("%v, and again %v", waiting, again)
	}
	confirm := confirming(annaClient, waiting)
	prohibited := insist(t, b.colleague(), consents.DecideWish, confirm).GetProhibition()
	if again := insist(t, b.colleague(), consents.DecideWish, confirm).GetProhibition(); again.GetProhibitionId() != prohibited.GetProhibitionId() || len(again.GetWithdrawn()) != len(prohibited.GetWithdrawn()) {
		t.Errorf("%v, and again %v", prohibited, again)
	}
	// The referral and the consultation on consent; Kela's report has no such party.
	if len(prohibited.GetWithdrawn()) != 2 || !slices.Equal(prohibited.GetContinuing(), []string{"referrals/" + byRight.GetReferralId()}) || !prohibited.GetEverywhere() {
		t.Fatalf("%v", prohibited)
	}
	for _, given := range must(consents.ListConsents(client, &consentv1.ListConsentsRequest{})).GetConsents() {
		withdrawn := given.GetWithdrawal() != nil
		if slices.Contains(prohibited.GetWithdrawn(), given.GetSubject()) != withdrawn {
			t.Errorf("%s is withdrawn: %v", given.GetSubject(), withdrawn)
		}
	}
	insist(t, nurse, referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: byRight.GetReferralId()})
	before := len(mailboxOf(t, withToken(t, b.token(systemOf("terveys-pohjois-savo"))), conn))
	anew := consented()
	anew.ConsentedAt = timestamppb.New(time.Now())
	for _, basis := range []*commonv1.LegalBasis{byLaw(), anew} {
		_, err := referrals.SendReferral(county, referred(basis, healthParty))
		if fault.ReasonOf(err) != fault.TransferProhibited || strings.Contains(err.Error(), "health") || strings.Contains(err.Error(), "HEALTH") {
			t.Errorf("on %s: %v", basis.GetGround(), err)
		}
	}
	if after := len(mailboxOf(t, withToken(t, b.token(systemOf("terveys-pohjois-savo"))), conn)); after != before {
		t.Errorf("the receiver was told %d messages", after-before)
	}

	mine := wishesRead(t, client, conn, "")
	if blocked := mine.GetBlocked(); len(blocked) != 1 || blocked[0].GetBy().GetUnit() != "tyoikaiset-kuopio" || blocked[0].GetBy().GetWorker() != "" ||
		blocked[0].GetReceiver() != "terveys-pohjois-savo" || blocked[0].GetService() != "referral" || blocked[0].GetStep() != "SendReferral" || blocked[0].GetAt() == nil {
		t.Errorf("the client reads %v", blocked)
	}
	// Both attempts are in the record of accesses, the second there alone.
	attempts := 0
	for _, access := range must(caseworkv1.NewCaseworkServiceClient(conn).ListAccesses(county, &caseworkv1.ListAccessesRequest{ClientId: byRight.GetClientId(), PageSize: 1000})).GetAccesses() {
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
	if own := wishesRead(t, county, conn, byRight.GetClientId()); len(own.GetProhibitions()) != 1 || own.GetProhibitions()[0].GetBy().GetWorker() != "ps-21" || len(own.GetBlocked()) != 1 {
		t.Errorf("who recorded it reads %v", own)
	}
	nurses := must(referrals.GetReferral(nurse, &referralv1.GetReferralRequest{ReferralId: byRight.GetReferralId()})).GetReferral().GetClientId()
	if others := wishesRead(t, nurse, conn, nurses); len(others.GetProhibitions())+len(others.GetBlocked())+len(others.GetConsents())+len(others.GetOverrides()) != 0 {
		t.Errorf("another agency reads %v", others)
	}

	lift := &consentv1.LiftProhibitionRequest{RequestId: uuid.NewString(), Client: annaClient, ProhibitionId: prohibited.GetProhibitionId(), Reason: "Asiakas pyysi."}
	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"lifted by another":      {refusal(consents.LiftProhibition(kela, lift)), fault.NotFound},
		"by an operator":         {refusal(consents.ProhibitTransfer(b.asWorker("operator"), prohibition(annaClient, healthCare))), fault.RoleNotAllowed},
		"of nobody":              {refusal(consents.ProhibitTransfer(county, prohibition(nil, healthCare))), fault.InvalidField},
		"a client's, of another": {refusal(consents.ProhibitTransfer(client, prohibition(annaClient, healthCare))), fault.InvalidField},
		"to nobody known":        {refusal(consents.ProhibitTransfer(client, prohibition(nil, ofAgency("x")))), fault.UnknownParty},
		"to nobody":              {refusal(consents.ProhibitTransfer(client, prohibition(nil, nil))), fault.InvalidField},
		"read for all":           {refusal(consents.ListWishes(county, &consentv1.ListWishesRequest{})), fault.InvalidField},
		"read without purpose":   {refusal(consents.ListWishes(county, &consentv1.ListWishesRequest{ClientId: byRight.GetClientId()})), fault.InvalidField},
		"the same for another":   {refusal(consents.ProhibitTransfer(county, &consentv1.ProhibitTransferRequest{RequestId: prohibit.GetRequestId(), Client: annaClient, Recipient: ofAgency("kela")})), fault.RequestIDReused},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}
	if _, err := referrals.SendReferral(county, referred(byLaw(), healthParty)); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("it stands no more: %v", err)
	}
	ending := insist(t, county, consents.LiftProhibition, lift).GetWaiting()
	if _, err := referrals.SendReferral(county, referred(byLaw(), healthParty)); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Errorf("one officer has lifted it: %v", err)
	}
	if lifted := insist(t, b.colleague(), consents.DecideWish, confirming(annaClient, ending)).GetProhibition(); lifted.GetLiftedAt() == nil || !lifted.GetEverywhere() {
		t.Errorf("%v", lifted)
	}
	lift.RequestId = uuid.NewString()
	insist(t, county, consents.LiftProhibition, lift)
	insist(t, county, referrals.SendReferral, referred(byLaw(), healthParty))
}

// An override permits one sending within a day, on the ground and to the receiver on which two
// officers of the agency agreed, and the client sees all of it.
func TestOverride(t *testing.T) {
	b := newBenchOf(t, allinone.Config{})
	conn := b.grpc()
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	county, client := b.asWorker("county"), b.asWorker("client")
	worker := func(agency, unit, name, role string) context.Context {
		return withToken(t, b.token(scenario.CastParty{Agency: agency, Unit: unit, Worker: name, Role: role}))
	}
	second := worker("hva-pohjois-savo", "tyoikaiset-kuopio", "ps-22", "social_worker")
	system := withToken(t, b.token(systemOf("hva-pohjois-savo")))
	insist(t, client, consents.ProhibitTransfer, prohibition(nil, healthCare))
	ask := func() *consentv1.RequestOverrideRequest {
		return &consentv1.RequestOverrideRequest{
			RequestId: uuid.NewString(), Client: annaClient, Service: "referral", Receiver: "terveys-pohjois-savo",
			Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, Provision: "703/2023 § 55", Reason: "Henki on vaarassa.",
		}
	}
	decide := func(id string, approve bool) *consentv1.DecideOverrideRequest {
		return &consentv1.DecideOverrideRequest{RequestId: uuid.NewString(), Client: annaClient, Service: "referral", OverrideId: id, Approve: approve}
	}
	refused := func(what string, err error, want fault.Reason) {
		t.Helper()
		if fault.ReasonOf(err) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	send := func(ctx context.Context, basis *commonv1.LegalBasis, to *commonv1.Party) error {
		return refusal(referrals.SendReferral(ctx, referred(basis, to)))
	}
	refused("before anything was stopped", refusal(consents.RequestOverride(county, ask())), fault.IllegalStep)
	refused("sent", send(county, byLaw(), healthParty), fault.TransferProhibited)
	without := ask()
	without.Reason = ""
	refused("without a reason", refusal(consents.RequestOverride(county, without)), fault.ExplanationRequired)
	onConsent := ask()
	onConsent.Ground = commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
	refused("on consent", refusal(consents.RequestOverride(county, onConsent)), fault.LegalBasisRequired)
	coded := ask()
	coded.Reason = "Koskee henkilöä 010594Y9032."
	refused("with a code", refusal(consents.RequestOverride(county, coded)), fault.ContentNotAllowed)
	refused("by the client", refusal(consents.RequestOverride(client, func() *consentv1.RequestOverrideRequest { r := ask(); r.Client = nil; return r }())), fault.RoleNotAllowed)
	refused("by a system", refusal(consents.RequestOverride(system, ask())), fault.RoleNotAllowed)
	refused("of another agency", refusal(consents.RequestOverride(b.asWorker("kela"), ask())), fault.IllegalStep)

	asked := insist(t, county, consents.RequestOverride, ask()).GetOverride()
	refused("asked for, not approved", send(county, byLaw(), healthParty), fault.TransferProhibited)
	refused("approved by oneself", refusal(consents.DecideOverride(county, decide(asked.GetOverrideId(), true))), fault.SecondOfficerRequired)
	refused("approved by a system", refusal(consents.DecideOverride(system, decide(asked.GetOverrideId(), true))), fault.RoleNotAllowed)
	refused("approved by another agency", refusal(consents.DecideOverride(worker("kela", "toimeentulotuki", "ps-22", "benefit_handler"), decide(asked.GetOverrideId(), true))), fault.NotFound)
	refused("refused", refusal(consents.DecideOverride(second, decide(asked.GetOverrideId(), false))), "")
	refused("though refused", send(county, byLaw(), healthParty), fault.TransferProhibited)
	refused("decided twice", refusal(consents.DecideOverride(second, decide(asked.GetOverrideId(), true))), fault.IllegalStep)

	asked = insist(t, county, consents.RequestOverride, ask()).GetOverride()
	insist(t, second, consents.DecideOverride, decide(asked.GetOverrideId(), true))
	anew := consented()
	anew.ConsentedAt = timestamppb.New(time.Now())
	refused("on another ground", send(county, anew, healthParty), fault.TransferProhibited)
	used := referred(byLaw(), healthParty)
	sent := insist(t, county, referrals.SendReferral, used).GetReferral()
	if again := insist(t, county, referrals.SendReferral, used).GetReferral(); again.GetReferralId() != sent.GetReferralId() {
		t.Errorf("the same request again sent %v", again)
	}
	refused("used twice", send(county, byLaw(), healthParty), fault.TransferProhibited)

	listed := wishesRead(t, client, conn, "").GetOverrides()
	if len(listed) != 2 || !listed[0].GetApproved() || listed[0].GetUsedFor() != "referrals/"+sent.GetReferralId() || listed[0].GetReason() != "Henki on vaarassa." ||
		listed[0].GetRequestedBy().GetUnit() != "tyoikaiset-kuopio" || listed[0].GetRequestedBy().GetWorker() != "" || listed[0].GetDecidedAt() == nil || listed[1].GetApproved() {
		t.Errorf("the client reads %v", listed)
	}

	late := insist(t, county, consents.RequestOverride, ask()).GetOverride()
	stale := insist(t, county, consents.RequestOverride, ask()).GetOverride()
	insist(t, second, consents.DecideOverride, decide(late.GetOverrideId(), true))
	if _, err := b.call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"86400s"}`); err != nil {
		t.Fatal(err)
	}
	refused("used a day later", send(county, byLaw(), healthParty), fault.TransferProhibited)
	refused("decided a day later", refusal(consents.DecideOverride(second, decide(stale.GetOverrideId(), true))), fault.IllegalStep)
}
