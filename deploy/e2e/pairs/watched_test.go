package pairs

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// arrivals are what comes to a reader by itself, in one world.
type arrivals struct {
	mu      sync.Mutex
	came    chan struct{}
	all     []any
	settled map[string]int
}

func newArrivals() *arrivals {
	return &arrivals{came: make(chan struct{}, 1), settled: map[string]int{}}
}

func (a *arrivals) add(one any) {
	a.mu.Lock()
	a.all = append(a.all, one)
	a.mu.Unlock()
	select {
	case a.came <- struct{}{}:
	default:
	}
}

// until waits until what has come is enough.
func (a *arrivals) until(t testing.TB, enough func(all []any) bool) {
	t.Helper()
	for timeout := time.After(20 * time.Second); ; {
		a.mu.Lock()
		done := enough(a.all)
		a.mu.Unlock()
		if done {
			return
		}
		select {
		case <-a.came:
		case <-timeout:
			t.Fatalf("it never came; what did: %d, %s", len(a.all), asJSON(a.all))
		}
	}
}

// watch keeps what a worker's page is told, from now on.
func (w *world) watch(token string) *arrivals {
	came := newArrivals()
	ctx := metadata.AppendToOutgoingContext(w.t.Context(), "authorization", "Bearer "+token)
	stream := testkit.Must(exchangev1.NewExchangeServiceClient(w.conn).Watch(ctx, &exchangev1.WatchRequest{}))
	if _, err := stream.Recv(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		for {
			disclosed, err := stream.Recv()
			if err != nil {
				return
			}
			if disclosed.GetChanged() != nil {
				came.add(asTree(testkit.Must(protojson.Marshal(disclosed))))
			}
		}
	}()
	return came
}

// settle waits until a page was told of each change, so that no two are told as one.
func (p *pairing) settle(w *world, disclosed []map[string]any) {
	came := p.watched[w]
	if came == nil {
		return
	}
	for _, message := range disclosed {
		subject, _ := message["subject"].(string)
		if w == p.a {
			subject, _ = p.names.inA(subject, p.loose).(string)
		}
		came.until(p.t, func(all []any) bool {
			count := 0
			for _, one := range all {
				changed, _ := one.(map[string]any)["changed"].(map[string]any)
				if changed["subject"] == subject {
					count++
				}
			}
			more := count > came.settled[subject]
			came.settled[subject] = count
			return more
		})
	}
}

// The page of a reader gets the same notifications in both histories, and none for a change that
// the reader may not know.
func TestPairsWatched(t *testing.T) {
	at := newTwins(t)
	p := newPair(t, at.a, at.b, 0, "r")
	p.watched = map[*world]*arrivals{p.b: p.b.watch(p.b.token(0, "r.1"))}
	lead := p.report("x.1", "t", "c", false, "")
	own := p.report("r.1", "t", "c", false, "")
	p.step("t.1", "concern", "ReceiveConcern", own)
	p.step("t.1", "concern", "ReceiveConcern", lead)
	p.step("t.1", "concern", "TriageConcern", lead, map[string]any{"urgency": "URGENCY_URGENT"})
	p.step("t.1", "concern", "TakeConcern", lead)
	p.step("t.1", "concern", "StartAssessment", lead)
	p.step("t.1", "concern", "CompleteAssessment", lead)
	everythingOfOthers(p)
	p.report("r.1", "t", "d", true, "")
	p.watched[p.a] = p.a.watch(p.a.token(0, "r.1"))
	p.compare()
	p.apart = append(p.apart, p.names.differ("Watch", "", p.watched[p.a].all, p.watched[p.b].all)...)
	if len(p.apart) > 0 {
		t.Error(p.explanation())
	}
}

// endpointOf takes each message with which an agency is called.
func endpointOf(t *testing.T) (*partnertest.Endpoint, *arrivals) {
	t.Helper()
	came := newArrivals()
	at := partnertest.NewEndpoint(t)
	at.Handle(func(w http.ResponseWriter, r *http.Request) {
		body, _ := asTree(testkit.Must(io.ReadAll(r.Body))).(map[string]any)
		messages, _ := body["messages"].([]any)
		for _, message := range messages {
			came.add(message)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"accepted": %d}`, len(messages))
	})
	return at, came
}

// An agency's endpoint is called with the same messages in both histories.
func TestPairsCalledBack(t *testing.T) {
	tracing(t)
	secrets := filepath.Join(t.TempDir(), "callbacks.json")
	if err := os.WriteFile(secrets, testkit.Must(json.Marshal(map[string][]string{agencyOf("r", 0): {partnertest.CallbackSecret}})), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := callback.Settings{CallbackSecrets: secrets}
	atA, cameA := endpointOf(t)
	atB, cameB := endpointOf(t)
	a := newWorld(t, 1, settings, agencyOf("r", 0), atA.Address+"/koppi")
	b := newWorld(t, 1, settings, agencyOf("r", 0), atB.Address+"/koppi")
	p := newPair(t, a, b, 0, "r")
	lead := p.report("x.1", "t", "c", false, recordedTrace())
	own := p.report("r.1", "t", "c", false, silentTrace())
	p.silently("t.1", "ReceiveConcern", own)
	p.silently("t.1", "TakeConcern", lead)
	everythingOfOthers(p)
	total := 0
	for _, one := range p.log {
		total += len(one.disclosed)
	}
	cameB.until(t, func(all []any) bool { return len(all) >= total })
	p.compare()
	cameA.until(t, func(all []any) bool { return len(all) >= total })
	p.apart = append(p.apart, p.names.differ("Deliver", "", cameA.all, cameB.all)...)
	if len(p.apart) > 0 {
		t.Error(p.explanation())
	}
}
