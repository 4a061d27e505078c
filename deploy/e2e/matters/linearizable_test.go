package matters

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/process"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// handing is one operation on who holds a concern: a look, or handing it to a worker,
// to whom it is handed once only, if it is still held by whom the caller saw.
type handing struct {
	look bool
	// seen is the worker on whose etag it rests; empty for none.
	seen, to string
}

// handed is what came of it.
type handed struct {
	holder  string
	refused bool
}

// register is what holding must look like: a register with compare and swap.
var register = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		in, out := input.(handing), output.(handed)
		switch {
		case in.look:
			return out.holder == state, state
		case in.seen != "" && in.seen != state:
			return out.refused, state
		}
		return !out.refused && out.holder == in.to, in.to
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// Workers concurrently hand one concern to each other through two replicas of each process, of
// which one is killed now and then. The answers are linearizable: as if the workers had acted one
// after another.
func TestConcurrentCommandsAreLinearizable(t *testing.T) {
	const workers, steps = 6, 12
	c := clustertest.NewEnvironment(t).Start(t, 2, []string{"concern"})
	conn, err := process.Calling{}.Dial([]string{c.Gateways[0].Address, c.Gateways[1].Address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	service := concernv1.NewConcernServiceClient(conn)
	kela, county := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	id := testkit.Insist(t, kela, service.SubmitConcern, testkit.Submission()).GetConcern().GetConcernId()
	testkit.Insist(t, county, service.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	first := handTo(id, "w-0", "")
	if holder := testkit.Insist(t, county, service.ReassignConcern, first).GetConcern().GetStatus().GetWaitingOn().GetWorker(); holder != "w-0" {
		t.Fatalf("handed to w-0, and %q holds it", holder)
	}
	history := []porcupine.Operation{{Input: handing{to: "w-0"}, Output: handed{holder: "w-0"}, Call: 0, Return: 1}}
	var mu sync.Mutex
	began := time.Now()
	now := func() int64 { return time.Since(began).Nanoseconds() + 2 }
	var done atomic.Int64
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			seen, etag := "", ""
			for step := range steps {
				in, out, called := handing{look: true}, handed{}, now()
				if rand.IntN(3) == 0 {
					concern := testkit.Insist(t, county, service.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern()
					seen, etag = concern.GetStatus().GetWaitingOn().GetWorker(), concern.GetEtag()
					out.holder = seen
				} else {
					in = handing{to: fmt.Sprintf("w-%d-%d", worker, step)}
					if etag != "" && rand.IntN(2) == 0 {
						in.seen = seen
					}
					request := handTo(id, in.to, "")
					if in.seen != "" {
						request.Etag = etag
					}
					out.holder, etag, out.refused = hand(t, func() (*concernv1.ReassignConcernResponse, error) {
						return service.ReassignConcern(county, request, grpc.WaitForReady(true))
					})
					seen = out.holder
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: worker + 1, Input: in, Output: out, Call: called, Return: now()})
				mu.Unlock()
				done.Add(1)
			}
		})
	}
	for _, d := range []*clustertest.Process{c.Services["concern"][0], c.Gateways[1], c.Services["concern"][1]} {
		for from := done.Load(); done.Load() < min(from+10, workers*steps-1); {
			<-time.After(time.Millisecond)
		}
		d.End(syscall.SIGKILL)
		d.Start()
	}
	group.Wait()
	result, info := porcupine.CheckOperationsVerbose(register, history, time.Minute)
	if result != porcupine.Ok {
		path := t.ArtifactDir() + "/history.html"
		t.Errorf("%s: %v; see %s", result, porcupine.VisualizePath(register, info, path), path)
	}
	c.Fsck()
}

func handTo(concern, worker, etag string) *concernv1.ReassignConcernRequest {
	return &concernv1.ReassignConcernRequest{
		RequestId: uuid.NewString(), ConcernId: concern, Etag: etag, Reason: "työvuoro",
		To: &commonv1.Party{Agency: "hva-pohjois-savo", Unit: "tyoikaiset-kuopio", Worker: worker},
	}
}

// hand insists until it is answered; that another was faster is an answer.
func hand(t *testing.T, call func() (*concernv1.ReassignConcernResponse, error)) (holder, etag string, refused bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		response, err := call()
		switch reason := fault.ReasonOf(err); {
		case err == nil:
			return response.GetConcern().GetStatus().GetWaitingOn().GetWorker(), response.GetConcern().GetEtag(), false
		case reason == fault.StaleEtag:
			return "", "", true
		case reason != "" && reason != fault.Unavailable && reason != fault.Busy || time.Now().After(until):
			t.Error(err)
			return "", "", true
		}
		<-time.After(5 * time.Millisecond)
	}
}
