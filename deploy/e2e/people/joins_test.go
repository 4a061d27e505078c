package people

import (
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Where people read by unit, a report joins an open one of its own area alone: each unit has its report in its list,
// and neither learns of the other's.
func TestReportsJoinWithinAnArea(t *testing.T) {
	for _, order := range [][2]string{{"terveysasema-kuopio", "paihdepalvelut"}, {"paihdepalvelut", "terveysasema-kuopio"}} {
		f := testkit.NewFixture(t)
		conn := f.Conn()
		concerns, casework := concernv1.NewConcernServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
		report := func(unit string) *concernv1.Concern {
			t.Helper()
			r := testkit.Submission()
			r.RequestId, r.Client, r.Receiver = uuid.NewString(), testkit.Anna(), &commonv1.Party{Agency: "terveys-pohjois-savo", Unit: unit}
			return testkit.Insist(t, f.As("kela"), concerns.SubmitConcern, r).GetConcern()
		}
		var ids []string
		for _, unit := range order {
			ids = append(ids, report(unit).GetConcernId())
		}
		for i, unit := range order {
			worker := testkit.WithToken(t, f.Token(scenario.CastParty{Agency: "terveys-pohjois-savo", Unit: unit, Worker: "w-" + unit, Role: "health_professional"}))
			list := testkit.Insist(t, worker, casework.ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY})
			if len(list.GetItems()) != 1 || list.GetItems()[0].GetSubject() != "concerns/"+ids[i] {
				t.Errorf("%s lists %v, want its own report", unit, list.GetItems())
			}
			read := testkit.Insist(t, worker, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: ids[i]}).GetConcern()
			if read.GetState() != concernv1.ConcernState_CONCERN_STATE_SUBMITTED || read.GetJoinedConcernId() != "" || len(read.GetJoinedConcernIds()) > 0 {
				t.Errorf("%s reads %s, joined to %q, with %v", unit, read.GetState(), read.GetJoinedConcernId(), read.GetJoinedConcernIds())
			}
		}
		// One more to the first unit joins that unit's.
		third := report(order[0])
		if third.GetJoinedConcernId() != ids[0] {
			t.Errorf("a second report to %s joined %q, want %q", order[0], third.GetJoinedConcernId(), ids[0])
		}
	}
}
