package accesslog

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A client sees who read and changed its data, over all services, by agency and unit, in pages,
// while more is recorded. An agency sees what its own workers did.
func TestWhoLooked(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	work := f.BeginMatters(conn)
	concerns, casework := concernv1.NewConcernServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	read := func(ctx context.Context) *concernv1.Concern {
		return testkit.Must(concerns.GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: work.Concern.GetConcernId()})).GetConcern()
	}
	pseudonym := read(f.As("county")).GetClientId()
	list := func(ctx context.Context, r *caseworkv1.ListAccessesRequest) []*caseworkv1.Access {
		t.Helper()
		var all []*caseworkv1.Access
		for {
			page, err := casework.ListAccesses(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			all, r.PageToken = append(all, page.GetAccesses()...), page.GetNextPageToken()
			if r.GetPageToken() == "" {
				return all
			}
			read(f.As("county")) // moves no page
		}
	}
	whole := list(f.As("client"), &caseworkv1.ListAccessesRequest{PageSize: 1000})
	seen := map[string]int{}
	for i, one := range whole {
		seen[one.GetBy().GetAgency()+" "+one.GetMethod()[strings.LastIndexByte(one.GetMethod(), '/')+1:]]++
		// The law gives the client the names of workers of social services, benefits and health care.
		named := one.GetBy() != nil && one.GetBy().GetUnit() != ""
		if (one.GetBy().GetWorker() != "") != named || one.GetPurpose() != "" || (one.GetBy() == nil) != one.GetByClient() {
			t.Errorf("the client is told %v", one)
		}
		if i > 0 && one.GetAt().AsTime().After(whole[i-1].GetAt().AsTime()) {
			t.Errorf("%d is later than the one before", i)
		}
	}
	for _, want := range []string{
		"kela SubmitConcern", "hva-pohjois-savo TakeConcern", "hva-pohjois-savo SendReferral", "terveys-pohjois-savo AcceptReferral",
		"hva-pohjois-savo OpenConsultation", "hva-pohjois-savo CreatePlan", "hva-pohjois-savo GetConcern",
	} {
		if seen[want] == 0 {
			t.Errorf("not among them: %s in %v", want, seen)
		}
	}
	// Until the first reading, so that both lists are of the same.
	until := timestamppb.New(whole[0].GetAt().AsTime().Add(time.Microsecond))
	large := list(f.As("client"), &caseworkv1.ListAccessesRequest{PageSize: 1000, To: until})
	paged := list(f.As("client"), &caseworkv1.ListAccessesRequest{PageSize: 3, To: until})
	if len(paged) != len(large) {
		t.Fatalf("%d in pages, %d at once", len(paged), len(large))
	}
	for i := range paged {
		if !proto.Equal(paged[i], large[i]) {
			t.Errorf("%d: %v, not %v", i, paged[i], large[i])
		}
	}
	own := list(f.As("county"), &caseworkv1.ListAccessesRequest{ClientId: pseudonym})
	for _, one := range own {
		if one.GetBy().GetAgency() != "hva-pohjois-savo" || one.GetBy().GetWorker() == "" {
			t.Errorf("the county is told %v", one)
		}
	}
	if len(own) == 0 || len(own) >= len(whole)+20 {
		t.Errorf("the county is told of %d", len(own))
	}
	other := testkit.WithToken(t, f.Token(scenario.CastParty{Role: "client", PersonalIdentityCode: "020516C903K"}))
	if others := list(other, &caseworkv1.ListAccessesRequest{}); len(others) != 0 {
		t.Errorf("another client is told %v", others)
	}
	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"an operator":  {testkit.Refusal(casework.ListAccesses(f.As("operator"), &caseworkv1.ListAccessesRequest{})), fault.RoleNotAllowed},
		"of nobody":    {testkit.Refusal(casework.ListAccesses(f.As("county"), &caseworkv1.ListAccessesRequest{})), fault.InvalidField},
		"another's id": {testkit.Refusal(casework.ListAccesses(f.As("kela"), &caseworkv1.ListAccessesRequest{ClientId: pseudonym})), fault.UnknownClient},
		"no token":     {testkit.Refusal(casework.ListAccesses(f.As("client"), &caseworkv1.ListAccessesRequest{PageToken: "abc"})), fault.InvalidPageToken},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}
}
