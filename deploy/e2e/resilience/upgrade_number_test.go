package resilience

import (
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// Matters of the previous version have numbers under this one, equal for both parties, and are found
// by them, also those that have ended. They keep their numbers when the previous version works on
// them, as do matters of this version.
func TestUpgradeNumbers(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := clustertest.NewProcessOf(t, clustertest.Previous(t, clustertest.KoppiCommand), "up", "--dev", "--data", data)
	numbers := map[string]string{}
	begin := func(conn grpc.ClientConnInterface) {
		kela, concerns := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), concernv1.NewConcernServiceClient(conn)
		for i := range 3 {
			id := testkit.Insist(t, kela, concerns.SubmitConcern, testkit.Submission()).GetConcern().GetConcernId()
			if numbers[id] = ""; i == 0 {
				testkit.Insist(t, kela, concerns.WithdrawConcern, &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Turha."})
			}
		}
	}
	for round, version := range []func(testing.TB, string) string{clustertest.Previous, clustertest.Build, clustertest.Previous, clustertest.Build} {
		d.Path = version(t, clustertest.KoppiCommand)
		d.Start()
		conn := testkit.Dial(t, d.Address)
		begin(conn)
		if round%2 == 0 {
			// A step by the previous version writes the rows again.
			county, concerns := testkit.As(t, conn, testkit.County, "ps-21", "social_worker"), concernv1.NewConcernServiceClient(conn)
			for _, concern := range testkit.Insist(t, county, concerns.ListConcerns, &concernv1.ListConcernsRequest{}).GetConcerns() {
				if slices.Contains(concern.GetAvailableActions(), "TakeConcern") {
					testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId()})
				}
			}
		} else {
			checkNumbers(t, conn, numbers)
		}
		d.End(syscall.SIGTERM)
	}
	for _, by := range []func(testing.TB, string) string{clustertest.Previous, clustertest.Build} {
		clustertest.RunProgram(t, by(t, clustertest.KoppiCommand), "fsck", "--data", data)
	}
}

// checkNumbers checks that each matter has the number that it had before, which both parties read and
// by which both find the matter, and notes the numbers of new matters.
func checkNumbers(t *testing.T, conn grpc.ClientConnInterface, numbers map[string]string) {
	t.Helper()
	kela, county := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	concerns := concernv1.NewConcernServiceClient(conn)
	// The clock returns once the job has run.
	testkit.Insist(t, t.Context(), devv1.NewDevServiceClient(conn).AdvanceClock, &devv1.AdvanceClockRequest{
		Target: &devv1.AdvanceClockRequest_By{By: durationpb.New(time.Second)},
	})
	seen := map[string]bool{}
	for id, before := range numbers {
		number := testkit.Insist(t, kela, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern().GetMatterNumber()
		other := testkit.Insist(t, county, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern().GetMatterNumber()
		if len(number) != 9 || other != number || before != "" && before != number || seen[number] {
			t.Errorf("%s has the number %s, for the receiver %s, and had %s", id, number, other, before)
		}
		numbers[id], seen[number] = number, true
		sent := testkit.Insist(t, kela, concerns.ListConcerns, &concernv1.ListConcernsRequest{MatterNumber: number, Sent: true}).GetConcerns()
		received := testkit.Insist(t, county, concerns.ListConcerns, &concernv1.ListConcernsRequest{MatterNumber: number}).GetConcerns()
		if found := fmt.Sprint(len(sent), len(received)); found != "1 1" || sent[0].GetConcernId() != id || received[0].GetConcernId() != id {
			t.Errorf("%s of %s finds %s", number, id, found)
		}
	}
}
