package accesslog

import (
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A worker finds a client who rings by identity code, if the worker's agency may read a matter of the
// client. What others know, and what nobody knows, get the same answer. Each search is recorded, and the
// client sees who looked; why, only the worker's agency reads.
func TestFindClient(t *testing.T) {
	f := testkit.NewFixture(t)
	casework, concerns := caseworkv1.NewCaseworkServiceClient(f.Conn()), concernv1.NewConcernServiceClient(f.Conn())
	kela, county, nurse := f.As("kela"), f.As("county"), f.As("nurse")
	asked := func(code string) *caseworkv1.FindClientRequest {
		return &caseworkv1.FindClientRequest{PersonalIdentityCode: code, Purpose: "Asiakas soitti"}
	}
	report := testkit.Submission()
	report.Client, report.Receiver = testkit.Anna(), testkit.County
	id := testkit.Must(concerns.SubmitConcern(kela, report)).GetConcern().GetConcernId()

	own := testkit.Must(concerns.GetConcern(county, &concernv1.GetConcernRequest{ConcernId: id})).GetConcern().GetClientId()
	if found := testkit.Must(casework.FindClient(county, asked(testkit.AnnaCode))).GetClientId(); found != own || found == "" {
		t.Errorf("found %q, but the matter's client is %q", found, own)
	}
	elsewhere, nowhere := testkit.Must(casework.FindClient(nurse, asked(testkit.AnnaCode))), testkit.Must(casework.FindClient(nurse, asked("140391-9021")))
	if !proto.Equal(elsewhere, nowhere) || elsewhere.GetClientId() != "" {
		t.Errorf("known to others: %v, to nobody: %v", elsewhere, nowhere)
	}
	testkit.Must(concerns.RevokeConcern(kela, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Väärä henkilö."}))
	if after := testkit.Must(casework.FindClient(county, asked(testkit.AnnaCode))); after.GetClientId() != "" {
		t.Errorf("found by a matter that was entered in error: %v", after)
	}

	behalf := f.Token(scenario.CastParty{Agency: "kela", Role: "system"})
	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"half a code": {testkit.Refusal(casework.FindClient(county, asked("010594"))), fault.InvalidIdentityCode},
		"no purpose":  {testkit.Refusal(casework.FindClient(county, &caseworkv1.FindClientRequest{PersonalIdentityCode: testkit.AnnaCode})), fault.InvalidField},
		"a system":    {testkit.Refusal(casework.FindClient(testkit.WithToken(t, behalf), asked(testkit.AnnaCode))), fault.RoleNotAllowed},
		"a client":    {testkit.Refusal(casework.FindClient(f.As("client"), asked(testkit.AnnaCode))), fault.RoleNotAllowed},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}

	var seen int
	for _, access := range testkit.Must(casework.ListAccesses(f.As("client"), &caseworkv1.ListAccessesRequest{})).GetAccesses() {
		if access.GetMethod() == "koppi.casework.v1.MatterService/FindKnownClient" {
			seen++
		}
	}
	// One of the nurse, who found nothing, and two of the county.
	if seen != 3 {
		t.Errorf("the client sees %d searches", seen)
	}
}
