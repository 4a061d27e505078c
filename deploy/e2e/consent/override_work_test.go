package consent

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// An override waits in the worklists of the officers who may decide on it, and in no others, until
// it is decided or has lapsed.
func TestOverridesWaitInWorklists(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	conn := f.Conn()
	consents, casework := consentv1.NewConsentServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	worker := func(agency, unit, name, role string) context.Context {
		return testkit.WithToken(t, f.Token(scenario.CastParty{Agency: agency, Unit: unit, Worker: name, Role: role}))
	}
	first, second := f.As("county"), worker("hva-pohjois-savo", "tyoikaiset-kuopio", "ps-22", "social_worker")
	others := map[string]context.Context{
		"who asked": first, "another unit": worker("hva-pohjois-savo", "palveluohjaus", "ps-30", "social_worker"), "another agency": f.As("kela"),
	}
	unit := &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT, PageSize: 1}
	list := func(ctx context.Context, r *caseworkv1.ListWorkRequest) (waiting []*caseworkv1.WorkItem) {
		t.Helper()
		token := ""
		for range 20 {
			page := testkit.Insist(t, ctx, casework.ListWork, &caseworkv1.ListWorkRequest{
				Queue: r.GetQueue(), Unit: r.GetUnit(), Sent: r.GetSent(), OverdueOnly: r.GetOverdueOnly(), PageSize: r.GetPageSize(), PageToken: token,
			})
			for _, item := range page.GetItems() {
				if strings.HasPrefix(item.GetSubject(), "overrides/") {
					waiting = append(waiting, item)
				}
			}
			if token = page.GetNextPageToken(); token == "" {
				return waiting
			}
		}
		t.Fatalf("the list does not end: %v", waiting)
		return nil
	}
	waits := func(when string, want ...string) {
		t.Helper()
		var got []string
		for _, item := range list(second, unit) {
			got = append(got, strings.TrimPrefix(item.GetSubject(), "overrides/"))
		}
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: %v wait, want %v", when, got, want)
		}
	}
	testkit.Insist(t, f.As("client"), consents.ProhibitTransfer, prohibition(nil, healthCare))
	if err := testkit.Refusal(referralv1.NewReferralServiceClient(conn).SendReferral(first, referred(byLaw(), testkit.Health))); fault.ReasonOf(err) != fault.TransferProhibited {
		t.Fatal(err)
	}
	waits("none is asked for")
	var asked []string
	for range 3 {
		asked = append(asked, testkit.Insist(t, first, consents.RequestOverride, &consentv1.RequestOverrideRequest{
			RequestId: uuid.NewString(), Client: testkit.Anna(), Service: "referral", Receiver: "terveys-pohjois-savo",
			Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS, Provision: "703/2023 § 55", Reason: "Henki on vaarassa.",
		}).GetOverride().GetOverrideId())
	}
	waits("three are asked for", asked...)
	for who, ctx := range others {
		if got := list(ctx, unit); len(got) != 0 {
			t.Errorf("in the list of %s wait %v", who, got)
		}
	}
	for name, r := range map[string]*caseworkv1.ListWorkRequest{
		"the unit's": unit, "the agency's": {Queue: caseworkv1.Queue_QUEUE_AGENCY},
	} {
		for _, item := range list(second, r) {
			if item.GetClientId() != readDirectives(t, second, conn, item.GetClientId()).GetOverrides()[0].GetClientId() || item.GetHolder().GetUnit() != "tyoikaiset-kuopio" ||
				item.GetHolder().GetWorker() != "" || item.GetStatus().GetWaitingOn().GetAgency() != "hva-pohjois-savo" || item.GetStatus().GetDueAt() == nil || item.GetService() != "referral" {
				t.Errorf("in %s list: %v", name, item)
			}
		}
		if got := list(second, r); len(got) != 3 {
			t.Errorf("in %s list wait %v", name, got)
		}
	}
	for name, r := range map[string]*caseworkv1.ListWorkRequest{
		"what was sent": {Queue: caseworkv1.Queue_QUEUE_AGENCY, Sent: true}, "what is overdue": {Queue: caseworkv1.Queue_QUEUE_AGENCY, OverdueOnly: true},
	} {
		if got := list(second, r); len(got) != 0 {
			t.Errorf("in the list of %s wait %v", name, got)
		}
	}
	if got := list(testkit.WithToken(t, f.Token(testkit.SystemOf("hva-pohjois-savo"))), &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY}); len(got) != 0 {
		t.Errorf("a system may decide %v", got)
	}
	for i, approve := range []bool{true, false} {
		testkit.Insist(t, second, consents.DecideOverride, &consentv1.DecideOverrideRequest{RequestId: uuid.NewString(), Client: testkit.Anna(), Service: "referral", OverrideId: asked[i], Approve: approve})
		waits("one more is decided", asked[i+1:]...)
	}
	if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"by":"86400s"}`); err != nil {
		t.Fatal(err)
	}
	waits("the last has lapsed")
}
