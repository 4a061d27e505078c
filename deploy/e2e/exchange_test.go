package e2e

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/partner"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// inbox is a partner's file, and a signal whenever more is in it.
type inbox struct {
	*partner.File
	path  string
	taken chan struct{}
}

func openInbox(t *testing.T, name string) *inbox {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".jsonl")
	file, err := partner.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &inbox{File: file, path: path, taken: make(chan struct{}, 1)}
}

func (i *inbox) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	err := i.File.Take(ctx, messages, behind)
	select {
	case i.taken <- struct{}{}:
	default:
	}
	return err
}

// reach waits until the inbox holds the messages of a mailbox up to a sequence.
func (i *inbox) reach(t *testing.T, sequence uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		position, _ := i.Position(ctx)
		if position.Heads["concern"].Sequence >= sequence {
			return
		}
		select {
		case <-i.taken:
		case <-ctx.Done():
			t.Fatalf("the inbox is at %d of %d", position.Heads["concern"].Sequence, sequence)
		}
	}
}

// dialStubborn is a connection that soon tries again.
func dialStubborn(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(strings.TrimPrefix(address, "http://"), watched(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond}, MinConnectTimeout: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// connect stands in connection as an agency's system until the test ends.
func connect(t *testing.T, address, token string, box *inbox) *partner.Client {
	t.Helper()
	return connectOver(t, dialStubborn(t, address), token, box)
}

func connectOver(t *testing.T, conn grpc.ClientConnInterface, token string, box *inbox) *partner.Client {
	t.Helper()
	client := partner.New(partner.Config{
		Conn: conn, Token: func(context.Context) (string, error) { return token, nil }, Inbox: box,
		Logger: slog.New(slog.NewTextHandler(left.log(), nil)), Window: 64,
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = box.Close()
	})
	return client
}

func submission() *concernv1.SubmitConcernRequest {
	return &concernv1.SubmitConcernRequest{
		RequestId: uuid.NewString(), Receiver: &commonv1.Party{Agency: "hva-pohjois-savo"}, Urgency: commonv1.Urgency_URGENCY_NORMAL,
		Client: &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}, Language: "fi"},
		Basis: &commonv1.LegalBasis{
			Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour)),
		},
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: strings.Repeat("Kaksi vuokraa maksamatta. ", 10),
	}
}

// whole holds an inbox against the mailbox: every message once, in order, the
// chain whole, and one ConcernSubmitted for every report.
func whole(t *testing.T, path string, head uint64, submitted map[string]bool) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	ids, reports := map[string]bool{}, map[string]bool{}
	position, _, err := partner.Verify(file, func(message *exchangev1.CaseMessage) {
		ids[message.GetMessageId()] = true
		if message.GetEvent().MessageName().Name() == "ConcernSubmitted" {
			if reports[message.GetSubject()] {
				t.Errorf("%s was submitted twice", message.GetSubject())
			}
			reports[message.GetSubject()] = true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := position.Heads["concern"].Sequence; got != head || uint64(len(ids)) != head {
		t.Errorf("%d messages, %d different, of %d", got, len(ids), head)
	}
	if len(reports) != len(submitted) {
		t.Errorf("%d reports are told of, and %d were acknowledged", len(reports), len(submitted))
	}
	for id := range submitted {
		if !reports["concerns/"+id] {
			t.Errorf("report %s was acknowledged and is not told of", id)
		}
	}
}

// answered are the reports that were acknowledged.
type answered struct {
	mu      sync.Mutex
	reports map[string]bool
	// more signals another.
	more chan struct{}
}

func newAnswered() *answered {
	return &answered{reports: map[string]bool{}, more: make(chan struct{}, 1)}
}

func (a *answered) add(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reports[id] = true
	select {
	case a.more <- struct{}{}:
	default:
	}
}

// The systems of two agencies use connections that are cut a hundred times at random points while a
// thousand commands run. Each gets every message once, in order, and each command takes effect
// once.
func TestCuts(t *testing.T) {
	t.Parallel()
	const commands, cuts = 1000, 100
	b := newBench(t)
	systems := map[string]*partner.Client{}
	inboxes := map[string]*inbox{}
	lines := map[string]*cutter{}
	for _, agency := range []string{"kela", "hva-pohjois-savo"} {
		lines[agency] = cut(t, b.address, func() int64 { return 500 + rand.Int64N(40_000) })
		inboxes[agency] = openInbox(t, agency)
		systems[agency] = connect(t, lines[agency].address, b.token(scenario.CastParty{Agency: agency, Role: "system"}), inboxes[agency])
	}
	county := concernv1.NewConcernServiceClient(b.grpc())
	worker := b.asWorker("county")
	done := newAnswered()
	var ran atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for ran.Load() < commands || lines["kela"].cuts.Load() < cuts {
				response, err := systems["kela"].Send(t.Context(), submission())
				if err != nil {
					t.Error(err)
					return
				}
				id := response.(*concernv1.SubmitConcernResponse).GetConcern().GetConcernId()
				done.add(id)
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
	heads, err := b.koppi.Store("concern").Positions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for agency, box := range inboxes {
		box.reach(t, heads[agency].Sequence)
		whole(t, box.path, heads[agency].Sequence, done.reports)
		t.Logf("%s: %d commands, %d messages, %d cuts", agency, ran.Load(), heads[agency].Sequence, lines[agency].cuts.Load())
	}
}
