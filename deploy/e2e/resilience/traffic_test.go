package resilience

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/partner"
	"koppi.internal/pkg/identity"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// traffic is two agencies at work. Kela's system reports and the county takes; both systems have a
// standing connection, and each command is repeated until it is answered.
type traffic struct {
	t      *testing.T
	county concernv1.ConcernServiceClient
	worker context.Context
	boxes  map[string]*partnertest.Inbox
	done   *partnertest.Acknowledged
	// takes holds the first answer of each request.
	takes sync.Map
	// known is the part of an answer that all versions know which answer; the whole where there is one.
	known func(*concernv1.TakeConcernResponse) *concernv1.TakeConcernResponse
	stop  atomic.Bool
	group sync.WaitGroup
}

// newTraffic begins over a connection.
func newTraffic(t *testing.T, conn grpc.ClientConnInterface) *traffic {
	t.Helper()
	l := &traffic{
		t: t, county: concernv1.NewConcernServiceClient(conn), done: partnertest.NewAcknowledged(),
		boxes: map[string]*partnertest.Inbox{"kela": partnertest.OpenInbox(t, "kela"), "hva-pohjois-savo": partnertest.OpenInbox(t, "hva")},
		known: func(whole *concernv1.TakeConcernResponse) *concernv1.TakeConcernResponse { return whole },
	}
	system := func(agency string) *partner.Client {
		token := testkit.IssueToken(t, conn, &devv1.IssueTokenRequest{Agency: agency, Role: string(identity.RoleSystem)})
		return partnertest.ConnectOver(t, conn, token, l.boxes[agency])
	}
	kela := system("kela")
	system("hva-pohjois-savo")
	l.worker = testkit.As(t, conn, testkit.County, "ps-21", string(identity.RoleSocialWorker))
	for range 8 {
		l.group.Go(func() {
			for !l.stop.Load() {
				response, err := kela.Send(t.Context(), testkit.Submission())
				if err != nil {
					t.Error(err)
					return
				}
				id := response.(*concernv1.SubmitConcernResponse).GetConcern().GetConcernId()
				l.done.Add(id)
				take := &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}
				l.takes.Store(take, testkit.Insist(t, l.worker, l.county.TakeConcern, take))
			}
		})
	}
	return l
}

// finish ends the traffic and repeats every command, which must get its first answer. It compares both
// inboxes with what was acknowledged, and returns how many commands there were: each mailbox holds as
// many messages.
func (l *traffic) finish() uint64 {
	l.t.Helper()
	l.stop.Store(true)
	l.group.Wait()
	commands := uint64(len(l.done.Concerns()))
	l.takes.Range(func(take, first any) bool {
		commands++
		if again := testkit.Insist(l.t, l.worker, l.county.TakeConcern, take.(*concernv1.TakeConcernRequest)); !proto.Equal(l.known(again), l.known(first.(*concernv1.TakeConcernResponse))) {
			l.t.Errorf("asked again: %v, first: %v", again, first)
		}
		return true
	})
	for _, box := range l.boxes {
		box.Reach(l.t, commands)
		partnertest.CheckMailbox(l.t, box.Path, commands, l.done.Concerns())
	}
	return commands
}
