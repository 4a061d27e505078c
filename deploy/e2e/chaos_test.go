package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/partner"
	"koppi.internal/pkg/process"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// chaosFor is how long things are killed; the soak does so for longer.
func chaosFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("SOAK_CHAOS")
	if text == "" {
		return 20 * time.Second
	}
	for_, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return for_
}

// Two replicas of each process under load, while in random order a service, a
// gateway, PostgreSQL and Redis are killed, stopped and flushed, and lines are cut:
// no acknowledged command is lost, none takes effect twice, every mailbox is whole.
func TestChaos(t *testing.T) {
	g := newGround(t)
	c := g.cluster(t, 2)
	var lines []*cutter
	var addresses []string
	for _, gateway := range c.gateways {
		line := cut(t, gateway.address, func() int64 { return -1 })
		lines, addresses = append(lines, line), append(addresses, trimScheme(line.address))
	}
	conn, err := process.Calling{}.Dial(addresses)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	token := func(party scenario.CastParty) string {
		r := &devv1.IssueTokenRequest{Agency: party.Agency, Unit: party.Unit, Worker: party.Worker, Role: party.Role}
		return insist(t, t.Context(), devv1.NewDevServiceClient(conn).IssueToken, r).GetToken()
	}
	boxes := map[string]*inbox{"kela": openInbox(t, "kela"), "hva-pohjois-savo": openInbox(t, "hva")}
	systems := map[string]*partner.Client{}
	for agency, box := range boxes {
		systems[agency] = connectOver(t, conn, token(scenario.CastParty{Agency: agency, Role: string(identity.RoleSystem)}), box)
	}
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
				response, err := systems["kela"].Send(t.Context(), submission())
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
	deeds := c.wreak(done, lines, chaosFor(t))
	stop.Store(true)
	group.Wait()
	steps := uint64(0)
	takes.Range(func(take, first any) bool {
		steps++
		if again := insist(t, worker, county.TakeConcern, take.(*concernv1.TakeConcernRequest)); !proto.Equal(again, first.(proto.Message)) {
			t.Errorf("asked again: %v, first: %v", again, first)
		}
		return true
	})
	want := uint64(len(done.reports)) + steps
	for agency, box := range boxes {
		box.reach(t, want)
		whole(t, box.path, want, done.reports)
		if got := c.fsck()[agency].Sequence; got != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, got, want)
		}
	}
	t.Logf("%d commands through %v", want, deeds)
}

// wreak kills, stops, flushes and cuts for a while, each time only once commands
// get through again.
func (c *cluster) wreak(done *answered, lines []*cutter, for_ time.Duration) map[string]int {
	deeds := map[string]int{}
	restart := func(d *daemon) {
		d.end(syscall.SIGKILL)
		d.start()
	}
	all := map[string]func(){
		"service killed":     func() { restart(c.concerns[rand.IntN(2)]) },
		"gateway killed":     func() { restart(c.gateways[rand.IntN(2)]) },
		"service drained":    func() { d := c.concerns[rand.IntN(2)]; d.end(syscall.SIGTERM); d.start() },
		"PostgreSQL crashed": func() { c.postgres.Down("immediate"); c.postgres.Up() },
		"Redis stopped":      func() { c.redis.Down(); <-done.more; c.redis.Up() },
		"Redis flushed":      func() { _ = c.redis.Client().FlushAll(context.Background()).Err() },
		"lines cut":          func() { lines[rand.IntN(2)].cutAll() },
	}
	for until := time.Now().Add(for_); time.Now().Before(until); {
		for name, deed := range all {
			<-done.more
			<-time.After(time.Duration(rand.Int64N(int64(200 * time.Millisecond))))
			deed()
			deeds[name]++
		}
	}
	return deeds
}
