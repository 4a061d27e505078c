package operations

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// When the hour of an emergency that nobody has handled is over, a real Prometheus raises one
// alarm. Operators see it before matters that have been overdue for longer, with whom to telephone.
// The alarm ends when a person takes the emergency.
func TestUrgentUntouchedRings(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	env := clustertest.NewEnvironment(t, "fsync=off")
	env.Observed = true
	c := env.Start(t, 1, nil, "--clock", start.Format(time.RFC3339))
	p := prometheusOf(t, c)
	conn := testkit.Dial(t, c.Gateways[0].Address)
	concerns, dev := concernv1.NewConcernServiceClient(conn), devv1.NewDevServiceClient(conn)
	kela, county := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	operator := testkit.WithToken(t, testkit.Insist(t, t.Context(), dev.IssueToken, &devv1.IssueTokenRequest{Worker: "op-1", Role: "operator"}).GetToken())
	submit := func(urgency commonv1.Urgency) string {
		t.Helper()
		r := testkit.Submission()
		r.Urgency, r.Basis.ConsentedAt = urgency, timestamppb.New(start.Add(-time.Hour))
		testkit.Insist(t, kela, concerns.SubmitConcern, r)
		return testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	advance := func(by time.Duration) {
		t.Helper()
		testkit.Insist(t, t.Context(), dev.AdvanceClock, &devv1.AdvanceClockRequest{Target: &devv1.AdvanceClockRequest_By{By: durationpb.New(by)}})
	}
	const untouched = `koppi_loops_untouched{koppi_service="concern", koppi_waiting_on="hva-pohjois-savo", koppi_urgency="URGENCY_EMERGENCY"}`
	const rings = `ALERTS{alertname="KoppiUrgentUntouched", alertstate="firing"}`

	late := submit(commonv1.Urgency_URGENCY_NORMAL)
	advance(10 * 24 * time.Hour)
	emergency := submit(commonv1.Urgency_URGENCY_EMERGENCY)
	// That a system has received it is no touch, and puts nothing off.
	testkit.Insist(t, testkit.As(t, conn, testkit.County, "", "system"), concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: emergency})
	advance(59 * time.Minute)
	// Each sending counts once for its ground; a repetition by request_id and the steps after it do not count.
	const grounds = `sum(koppi_grounds_used_total{koppi_ground="shl-35-1", koppi_reviewed="false"})`
	p.insist(grounds + ` == 2`)
	p.insist(`sum(max by (koppi_phase, koppi_waiting_on) (koppi_loops_open{koppi_service="concern"})) == 2`)
	p.insist(`sum(max by (koppi_phase, koppi_waiting_on) (koppi_loops_overdue{koppi_service="concern"})) == 1`)
	if ringing := p.ask(rings); len(ringing) > 0 {
		t.Errorf("it rings before the hour: %s", ringing)
	}
	advance(2 * time.Minute)
	p.insist(untouched + ` == 1`)
	p.insist(rings)
	if ringing := p.ask(rings); len(ringing) != 1 || !strings.Contains(string(ringing[0]), `"koppi_waiting_on":"hva-pohjois-savo"`) || !strings.Contains(string(ringing[0]), `"severity":"page"`) {
		t.Errorf("it rings so: %s", ringing)
	}

	overview := testkit.Insist(t, operator, operatorv1.NewOperatorServiceClient(conn).GetOverview, &operatorv1.GetOverviewRequest{})
	counted := int64(0)
	for _, open := range overview.GetOpen() {
		counted += open.GetUntouched()
	}
	silent := overview.GetSilent()
	if counted != 1 || len(silent) != 2 || silent[0].GetSubject() != "concerns/"+emergency || silent[0].GetUrgency() != commonv1.Urgency_URGENCY_EMERGENCY ||
		silent[0].GetWaitingOn() != "hva-pohjois-savo" || silent[0].GetSender() != "kela" ||
		silent[1].GetSubject() != "concerns/"+late || silent[1].GetUrgency() != commonv1.Urgency_URGENCY_UNSPECIFIED {
		t.Errorf("%d untouched, silent: %v", counted, silent)
	}
	casework := caseworkv1.NewCaseworkServiceClient(conn)
	if phone := phoneOf(testkit.Insist(t, operator, casework.GetAgencies, &caseworkv1.GetAgenciesRequest{})); phone != "+358 17 000 0001" {
		t.Errorf("operators are to ring %q", phone)
	}
	if phone := phoneOf(testkit.Insist(t, county, casework.GetAgencies, &caseworkv1.GetAgenciesRequest{})); phone != "" {
		t.Errorf("an agency is told whom operators ring: %q", phone)
	}

	testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: emergency})
	p.insist(untouched + ` == 0`)
	p.insist(`absent(` + rings + `)`)
}

// phoneOf is the duty phone of the county, as it is told.
func phoneOf(told *caseworkv1.GetAgenciesResponse) string {
	for _, agency := range told.GetAgencies() {
		if agency.GetAgency() == "hva-pohjois-savo" {
			return agency.GetDutyPhone()
		}
	}
	return "no agency"
}
