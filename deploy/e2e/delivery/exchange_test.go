package delivery

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/partner"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// The systems of two agencies use connections that are cut a hundred times at random points while a
// thousand commands run. Each gets every message once, in order, and each command takes effect
// once.
func TestCuts(t *testing.T) {
	t.Parallel()
	const commands, cuts = 1000, 100
	f := testkit.NewFixture(t)
	systems := map[string]*partner.Client{}
	inboxes := map[string]*partnertest.Inbox{}
	lines := map[string]*testkit.Proxy{}
	for _, agency := range []string{"kela", "hva-pohjois-savo"} {
		lines[agency] = testkit.NewProxy(t, f.Address, func() int64 { return 500 + rand.Int64N(40_000) })
		inboxes[agency] = partnertest.OpenInbox(t, agency)
		systems[agency] = partnertest.Connect(t, lines[agency].Address, f.Token(scenario.CastParty{Agency: agency, Role: "system"}), inboxes[agency])
	}
	county := concernv1.NewConcernServiceClient(f.Conn())
	worker := f.As("county")
	done := partnertest.NewAcknowledged()
	var ran atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for ran.Load() < commands || lines["kela"].Cuts.Load() < cuts {
				response, err := systems["kela"].Send(t.Context(), testkit.Submission())
				if err != nil {
					t.Error(err)
					return
				}
				id := response.(*concernv1.SubmitConcernResponse).GetConcern().GetConcernId()
				done.Add(id)
				if _, err := systems["hva-pohjois-savo"].Send(t.Context(), &concernv1.ReceiveConcernRequest{ConcernId: id}); err != nil {
					t.Error(err)
				}
				if _, err := county.TakeConcern(worker, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}); err != nil {
					t.Error(err)
				}
				if _, err := county.CloseConcern(worker, &concernv1.CloseConcernRequest{
					RequestId: uuid.NewString(), ConcernId: id, Outcome: concernv1.Outcome_OUTCOME_GUIDED,
				}); err != nil {
					t.Error(err)
				}
				ran.Add(4)
			}
		})
	}
	group.Wait()
	heads, err := f.Koppi.Store("concern").Positions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for agency, box := range inboxes {
		box.Reach(t, heads[agency].Sequence)
		partnertest.CheckMailbox(t, box.Path, heads[agency].Sequence, done.Concerns())
		t.Logf("%s: %d commands, %d messages, %d cuts", agency, ran.Load(), heads[agency].Sequence, lines[agency].Cuts.Load())
	}
}
