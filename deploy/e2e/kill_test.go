package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// suite is the whole of Koppi in a process of its own.
type suite struct {
	*daemon
	data string
}

func newSuite(t *testing.T) *suite {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	return &suite{daemon: newDaemon(t, koppiProgram, "up", "--dev", "--data", data), data: data}
}

// fsck verifies the journal at rest and returns the ends of its mailboxes.
func (p *suite) fsck() map[string]journal.Head {
	p.t.Helper()
	files := allinone.Paths(p.data, "concern")
	kek, err := seal.OpenKEK(files.KEK)
	if err != nil {
		p.t.Fatal(err)
	}
	store, err := sqlite.Open(p.t.Context(), sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek})
	if err != nil {
		p.t.Fatal(err)
	}
	report, err := journal.Fsck(p.t.Context(), store)
	if err := errors.Join(err, report.Err()); err != nil {
		p.t.Fatal(err)
	}
	heads, err := store.Heads(p.t.Context())
	if err := errors.Join(err, store.Close()); err != nil {
		p.t.Fatal(err)
	}
	return heads
}

// insist asks until there is an answer, with the same request_id each time.
func insist[Request, Response any](t *testing.T, ctx context.Context, call func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) Response {
	for until := time.Now().Add(time.Minute); ; {
		response, err := call(ctx, request, grpc.WaitForReady(true))
		reason := fault.ReasonOf(err)
		if err == nil {
			return response
		}
		if reason != "" && reason != fault.Unavailable || time.Now().After(until) {
			t.Error(err)
			return response
		}
		<-time.After(5 * time.Millisecond)
	}
}

// Koppi is killed twenty times at random moments while agencies work: nothing that
// was acknowledged is lost, no request takes effect twice, and every mailbox is
// whole.
func TestKills(t *testing.T) {
	const kills = 20
	p := newSuite(t)
	p.start()
	conn := dialStubborn(t, p.address)
	token := func(party scenario.CastParty) string {
		r := &devv1.IssueTokenRequest{Agency: party.Agency, Unit: party.Unit, Worker: party.Worker, Role: party.Role}
		return insist(t, t.Context(), devv1.NewDevServiceClient(conn).IssueToken, r).GetToken()
	}
	boxes := map[string]*inbox{"kela": openInbox(t, "kela"), "hva-pohjois-savo": openInbox(t, "hva")}
	kela := connect(t, p.address, token(scenario.CastParty{Agency: "kela", Role: string(identity.RoleSystem)}), boxes["kela"])
	connect(t, p.address, token(scenario.CastParty{Agency: "hva-pohjois-savo", Role: string(identity.RoleSystem)}), boxes["hva-pohjois-savo"])
	county := concernv1.NewConcernServiceClient(conn)
	worker := metadata.AppendToOutgoingContext(t.Context(), "authorization",
		"Bearer "+token(scenario.CastParty{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: "ps-21", Role: "social_worker"}))

	done := newAnswered()
	var takes sync.Map // request → first answer
	var stop atomic.Bool
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for !stop.Load() {
				response, err := kela.Send(t.Context(), submission())
				if err != nil {
					t.Error(err)
					return
				}
				id := response.(*concernv1.SubmitConcernResponse).GetConcern().GetConcernId()
				done.add(id)
				take := &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}
				takes.Store(take, insist(t, worker, county.TakeConcern, take))
			}
		})
	}
	for range kills {
		// Under load for sure, and then at any moment.
		<-done.more
		<-time.After(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
		p.end(syscall.SIGKILL)
		p.fsck()
		p.start()
	}
	stop.Store(true)
	group.Wait()
	steps := uint64(0)
	takes.Range(func(take, first any) bool {
		steps++
		again := insist(t, worker, county.TakeConcern, take.(*concernv1.TakeConcernRequest))
		if !proto.Equal(again, first.(proto.Message)) {
			t.Errorf("asked again: %v, first: %v", again, first)
		}
		return true
	})
	want := uint64(len(done.reports)) + steps
	for _, box := range boxes {
		box.reach(t, want)
		whole(t, box.path, want, done.reports)
	}
	p.end(syscall.SIGTERM)
	for agency, head := range p.fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	t.Logf("%d kills, %d commands", kills, want)
}
