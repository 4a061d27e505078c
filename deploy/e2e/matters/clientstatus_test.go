package matters

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// The client reads in all four services what to expect next and whom to call, in lists and in each
// matter. No agency does.
func TestClientStatus(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	conn := f.Conn()
	concern := f.BeginMatters(conn).Concern
	concerns, referrals := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	lists := map[string]func(context.Context) []*commonv1.ClientStatus{
		"CONTACT hva-pohjois-savo/tyoikaiset-kuopio 017 000 2300": func(ctx context.Context) []*commonv1.ClientStatus {
			return statuses(testkit.Must(concerns.ListConcerns(ctx, &concernv1.ListConcernsRequest{})).GetConcerns())
		},
		"WORD terveys-pohjois-savo/terveysasema-kuopio 017 000 3100": func(ctx context.Context) []*commonv1.ClientStatus {
			return statuses(testkit.Must(referrals.ListReferrals(ctx, &referralv1.ListReferralsRequest{})).GetReferrals())
		},
		"OTHERS_ANSWER terveys-pohjois-savo/terveysasema-kuopio 017 000 3100": func(ctx context.Context) []*commonv1.ClientStatus {
			return statuses(testkit.Must(consultations.ListConsultations(ctx, &consultationv1.ListConsultationsRequest{})).GetConsultations())
		},
		"REVIEW hva-pohjois-savo/tyoikaiset-kuopio 017 000 2300": func(ctx context.Context) []*commonv1.ClientStatus {
			return statuses(testkit.Must(plans.ListPlans(ctx, &planv1.ListPlansRequest{})).GetPlans())
		},
	}
	for want, list := range lists {
		told := list(f.As("client"))
		if len(told) != 1 || expected(told[0]) != want || told[0].GetBy() == nil || told[0].GetLate() {
			t.Errorf("the client is told %v; want %s", told, want)
		}
		if point := told[0].GetContact(); len(point.GetPhoneHours()) == 0 || point.GetAddress() == "" || point.GetEmergencyPhone() != "017 000 0112" || point.GetUnitNames()["fi"] == "" {
			t.Errorf("the client is told to call %v", point)
		}
		for _, agency := range []string{"kela", "county", "nurse"} {
			for _, one := range list(f.As(agency)) {
				if one != nil {
					t.Errorf("%s is told %v", agency, one)
				}
			}
		}
	}
	get := func(name string) *concernv1.Concern {
		return testkit.Must(concerns.GetConcern(f.As(name), &concernv1.GetConcernRequest{ConcernId: concern.GetConcernId()})).GetConcern()
	}
	testkit.Insist(t, f.As("county"), concerns.CloseConcern, &concernv1.CloseConcernRequest{
		RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), Outcome: concernv1.Outcome_OUTCOME_GUIDED,
	})
	if told := get("client").GetClientStatus(); told.GetExpect() != commonv1.ClientExpectation_CLIENT_EXPECTATION_NOTHING || told.GetContact() != nil {
		t.Errorf("of an ended matter the client is told %v", told)
	}
	if told := get("county").GetClientStatus(); told != nil {
		t.Errorf("the receiver is told %v", told)
	}
}

// The directory says to every caller how to reach agencies and units.
func TestDirectoryNamesContactPoints(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	casework := caseworkv1.NewCaseworkServiceClient(f.Conn())
	for _, name := range []string{"client", "kela", "operator"} {
		for _, agency := range testkit.Must(casework.GetAgencies(f.As(name), &caseworkv1.GetAgenciesRequest{})).GetAgencies() {
			unit := agency.GetUnits()[0]
			if agency.GetEmergencyPhone() == "" || unit.GetPhone() == "" || len(unit.GetPhoneHours()) == 0 || unit.GetAddress() == "" {
				t.Errorf("%s reads %v", name, agency)
			}
			if short := agency.GetShortNames()["sv"]; agency.GetAgency() == "kela" && short != "FPA" {
				t.Errorf("%s reads %q", name, short)
			}
		}
	}
	routes := testkit.Must(casework.FindUnits(f.As("kela"), &caseworkv1.FindUnitsRequest{Agency: "terveys-pohjois-savo", Municipality: "297"})).GetRoutes()
	if len(routes) == 0 || routes[0].GetUnit().GetPhone() != "017 000 3100" {
		t.Errorf("the routes are %v", routes)
	}
}

// expected names what is expected, and whom to call.
func expected(told *commonv1.ClientStatus) string {
	point := told.GetContact()
	return told.GetExpect().String()[len("CLIENT_EXPECTATION_"):] + " " + point.GetParty().GetAgency() + "/" + point.GetParty().GetUnit() +
		point.GetParty().GetWorker() + " " + point.GetPhone()
}

func statuses[M interface {
	GetClientStatus() *commonv1.ClientStatus
}](matters []M) []*commonv1.ClientStatus {
	var all []*commonv1.ClientStatus
	for _, one := range matters {
		all = append(all, one.GetClientStatus())
	}
	return all
}
