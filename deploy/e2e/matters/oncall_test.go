package matters

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// On a Friday at 16.01 a report, a forward, a referral and a triage upwards, each an emergency, are in the worklist
// of the unit that is on call, whatever unit was named, and on Monday morning nothing new is.
func TestEmergenciesReachTheUnitOnCall(t *testing.T) {
	friday := time.Date(2026, time.November, 27, 11, 0, 0, 0, time.UTC)
	f := testkit.NewFixtureWith(t, allinone.Config{Clock: friday})
	basis := testkit.Consented()
	basis.ConsentedAt = timestamppb.New(friday.Add(-time.Hour))
	for name, party := range map[string]scenario.CastParty{
		"standby": {Agency: "hva-pohjois-savo", Unit: "sosiaalipaivystys", Worker: "sp-01", Role: "social_worker"},
		"youth":   {Agency: "etsiva-kuopio", Unit: "etsiva", Worker: "en-01", Role: "youth_worker"},
	} {
		f.Tokens[name] = f.Token(party)
	}
	conn := f.Conn()
	concerns, referrals, casework := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	person := 0
	report := func(who, agency, unit string, urgency commonv1.Urgency) string {
		t.Helper()
		person++
		sent := testkit.Insist(t, f.As(who), concerns.SubmitConcern, &concernv1.SubmitConcernRequest{
			RequestId: uuid.NewString(), Client: testkit.ClientOf(testkit.PersonCode(person)), Receiver: &commonv1.Party{Agency: agency, Unit: unit}, Basis: basis,
			Topics: []concernv1.Topic{concernv1.Topic_TOPIC_EVICTION_THREAT}, Urgency: urgency,
		})
		return sent.GetConcern().GetConcernId()
	}
	list := func(ctx context.Context, unit string) map[string]*caseworkv1.WorkItem {
		t.Helper()
		items := map[string]*caseworkv1.WorkItem{}
		for _, item := range testkit.Insist(t, ctx, casework.ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT, Unit: unit}).GetItems() {
			items[item.GetSubject()] = item
		}
		return items
	}
	judged := report("kela", "hva-pohjois-savo", "tyoikaiset-kuopio", commonv1.Urgency_URGENCY_NORMAL)
	office := report("kela", "hva-pohjois-savo", "tyoikaiset-kuopio", commonv1.Urgency_URGENCY_EMERGENCY)
	forwarded := report("kela", "terveys-pohjois-savo", "terveysasema-kuopio", commonv1.Urgency_URGENCY_EMERGENCY)
	for who, id := range map[string]string{"county": judged, "nurse": forwarded} {
		testkit.Insist(t, f.As(who), concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	}
	f.AdvanceTo(t, "2026-11-27T14:01:00Z")
	want := map[string]bool{} // whether another unit holds it
	reported := report("kela", "hva-pohjois-savo", "tyoikaiset-kuopio", commonv1.Urgency_URGENCY_EMERGENCY)
	want["concerns/"+reported] = false
	onward := testkit.Insist(t, f.As("nurse"), concerns.ForwardConcern, &concernv1.ForwardConcernRequest{
		RequestId: uuid.NewString(), ConcernId: forwarded, Receiver: &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "palveluohjaus"}, Basis: basis,
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_EVICTION_THREAT},
	})
	want["concerns/"+onward.GetForwardedConcernId()] = false
	person++
	referred := testkit.Insist(t, f.As("youth"), referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE, Client: testkit.ClientOf(testkit.PersonCode(person)),
		Receiver: &commonv1.Party{Agency: "hva-pohjois-savo"}, Basis: basis, Reason: "Jäämässä kadulle.", Urgency: commonv1.Urgency_URGENCY_EMERGENCY,
	})
	want["referrals/"+referred.GetReferral().GetReferralId()] = false
	testkit.Insist(t, f.As("county"), concerns.TriageConcern, &concernv1.TriageConcernRequest{RequestId: uuid.NewString(), ConcernId: judged, Urgency: commonv1.Urgency_URGENCY_EMERGENCY})
	want["concerns/"+judged] = true

	got := list(f.As("standby"), "sosiaalipaivystys")
	for subject, held := range want {
		if item := got[subject]; item == nil || item.GetOnCall() != held || item.GetUrgency() != commonv1.Urgency_URGENCY_EMERGENCY {
			t.Errorf("%s in the list of the unit on call: %v", subject, item)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the unit on call has %d matters, want %d", len(got), len(want))
	}
	if item := list(f.As("county"), "tyoikaiset-kuopio")["concerns/"+judged]; item == nil || item.GetOnCall() {
		t.Errorf("the holder's own list: %v", item)
	}
	// The sender is told where it went; what came in office hours went where it was sent.
	for id, unit := range map[string]string{reported: "sosiaalipaivystys", office: "tyoikaiset-kuopio"} {
		if shown := testkit.Insist(t, f.As("kela"), concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}); shown.GetConcern().GetReceiver().GetUnit() != unit {
			t.Errorf("the reporter reads the receiver %v, want %s", shown.GetConcern().GetReceiver(), unit)
		}
	}
	read := testkit.Insist(t, f.As("standby"), concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: judged})
	if read.GetConcern().GetOnCall().GetUnit() != "sosiaalipaivystys" {
		t.Errorf("the unit on call reads %v", read.GetConcern().GetOnCall())
	}
	f.AdvanceTo(t, "2026-11-30T06:00:00Z")
	monday := report("kela", "hva-pohjois-savo", "tyoikaiset-kuopio", commonv1.Urgency_URGENCY_EMERGENCY)
	if item := list(f.As("standby"), "sosiaalipaivystys")["concerns/"+monday]; item != nil {
		t.Error(fmt.Sprint("an emergency in office hours is in the list of the unit on call: ", item))
	}
}
