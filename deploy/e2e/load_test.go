package e2e

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/identity"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// load is two agencies at work: Kela's system reports, the county takes, both
// systems stand in connection, and all of them insist until they are answered.
type load struct {
	t      *testing.T
	county concernv1.ConcernServiceClient
	worker context.Context
	boxes  map[string]*inbox
	done   *answered
	// takes holds the first answer of each request.
	takes sync.Map
	// known is what of an answer each version that answers knows: all of it where there is one.
	known func(*concernv1.TakeConcernResponse) *concernv1.TakeConcernResponse
	stop  atomic.Bool
	group sync.WaitGroup
}

// newLoad begins to work over a connection.
func newLoad(t *testing.T, conn grpc.ClientConnInterface) *load {
	t.Helper()
	l := &load{
		t: t, county: concernv1.NewConcernServiceClient(conn), done: newAnswered(),
		boxes: map[string]*inbox{"kela": openInbox(t, "kela"), "hva-pohjois-savo": openInbox(t, "hva")},
		known: func(whole *concernv1.TakeConcernResponse) *concernv1.TakeConcernResponse { return whole },
	}
	token := func(party scenario.CastParty) string {
		r := &devv1.IssueTokenRequest{Agency: party.Agency, Unit: party.Unit, Worker: party.Worker, Role: party.Role}
		return insist(t, t.Context(), devv1.NewDevServiceClient(conn).IssueToken, r).GetToken()
	}
	system := func(agency string) string {
		return token(scenario.CastParty{Agency: agency, Role: string(identity.RoleSystem)})
	}
	kela := connectOver(t, conn, system("kela"), l.boxes["kela"])
	connectOver(t, conn, system("hva-pohjois-savo"), l.boxes["hva-pohjois-savo"])
	l.worker = metadata.AppendToOutgoingContext(t.Context(), "authorization",
		"Bearer "+token(scenario.CastParty{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: "social_worker"}))
	for range 8 {
		l.group.Go(func() {
			for !l.stop.Load() {
				response, err := kela.Send(t.Context(), submission())
				if err != nil {
					t.Error(err)
					return
				}
				id := response.(*concernv1.SubmitConcernResponse).GetConcern().GetConcernId()
				l.done.add(id)
				take := &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}
				l.takes.Store(take, insist(t, l.worker, l.county.TakeConcern, take))
			}
		})
	}
	return l
}

// finish ends the work, asks everything again, which must get the first answer, and
// holds both inboxes against what was acknowledged. It returns how many commands
// there were: as many messages are in each mailbox.
func (l *load) finish() uint64 {
	l.t.Helper()
	l.stop.Store(true)
	l.group.Wait()
	commands := uint64(len(l.done.reports))
	l.takes.Range(func(take, first any) bool {
		commands++
		if again := insist(l.t, l.worker, l.county.TakeConcern, take.(*concernv1.TakeConcernRequest)); !proto.Equal(l.known(again), l.known(first.(*concernv1.TakeConcernResponse))) {
			l.t.Errorf("asked again: %v, first: %v", again, first)
		}
		return true
	})
	for _, box := range l.boxes {
		box.reach(l.t, commands)
		whole(l.t, box.path, commands, l.done.reports)
	}
	return commands
}
