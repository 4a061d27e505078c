package people

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/people"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

const (
	// heard is after what time a change counts at every gateway, and slack what a busy machine adds.
	heard = 2 * time.Second
	slack = 2 * time.Second
)

// inTime fails the test unless a change counts at the other gateway in time.
func inTime(t *testing.T, change string, counts func() bool) {
	t.Helper()
	began := time.Now()
	testkit.Eventually(t, counts)
	took := time.Since(began)
	if took > heard+slack {
		t.Errorf("%s: it counts after %v", change, took)
	}
	t.Logf("%s: %v", change, took.Round(time.Millisecond))
}

// TestLongGateways tests the people with several gateways: in each part of it, all processes run at the beginning.
func TestLongGateways(t *testing.T) {
	c := openCluster(t)
	t.Run("changes", func(t *testing.T) { c.changes(t) })
	t.Run("failures", func(t *testing.T) { c.failures(t) })
	c.Fsck()
}

// A change of a roster, an absence and an emergency reading through one gateway count at the other in time, and
// so do their ends.
func (c *cluster) changes(t *testing.T) {
	for _, on := range [][]string{{"nurse"}, nil} {
		must(t, c.a.duty(on...))
		inTime(t, "the roster", func() bool { return slices.Equal(c.b.readBy(c.matters, "nurse"), on) })
	}
	testkit.Insist(t, c.a.As("clinic"), c.a.consultations.SetReachability, &consultationv1.SetReachabilityRequest{Reachability: &consultationv1.Reachability{
		Party: &commonv1.Party{Agency: clinic.GetAgency(), Unit: clinic.GetUnit(), Worker: "pp-07"}, Reachable: true,
	}})
	away := &caseworkv1.SetAbsenceRequest{RequestId: id(), Worker: "pp-07", From: people.DayOf(time.Now()), To: people.DayOf(time.Now().AddDate(0, 0, 2))}
	set := testkit.Insist(t, c.a.As("clinic leader"), c.a.casework().SetAbsence, away)
	inTime(t, "an absence", func() bool { return !c.b.reachable() })
	testkit.Insist(t, c.a.As("clinic leader"), c.a.casework().SetAbsence, &caseworkv1.SetAbsenceRequest{
		RequestId: id(), AbsenceId: set.GetAbsence().GetAbsenceId(), Worker: "pp-07", Remove: true,
	})
	inTime(t, "the end of an absence", c.b.reachable)
	must(t, c.a.emergency("emergency"))
	inTime(t, "an emergency reading", func() bool { return c.b.referralOf("emergency", c.matters) != nil })
	if read := c.b.referralOf("emergency", c.matters); len(read.GetAvailableActions()) != 0 {
		t.Errorf("in an emergency, the reader is offered %v", read.GetAvailableActions())
	}
	testkit.Insist(t, t.Context(), devv1.NewDevServiceClient(c.a.conn).AdvanceClock, &devv1.AdvanceClockRequest{Target: &devv1.AdvanceClockRequest_By{By: durationpb.New(24 * time.Hour)}})
	if read := c.b.readBy(c.matters, "emergency"); read != nil {
		t.Error("an emergency reading does not end after 24 hours")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
