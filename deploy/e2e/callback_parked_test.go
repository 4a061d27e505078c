package e2e

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/partner"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// choosy refuses subjects for good while they are in it.
type choosy struct {
	*inbox
	mu      sync.Mutex
	refuses map[string]bool
	again   chan *exchangev1.CaseMessage
}

func (c *choosy) refuse(subject string, refuse bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuses[subject] = refuse
}

func (c *choosy) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, message := range messages {
		if c.refuses[message.GetMessage().GetSubject()] && !partner.Tombstone(message.GetMessage()) {
			return errors.Join(errors.New("this system cannot read it"), partner.ErrRefused)
		}
	}
	return c.inbox.Take(ctx, messages, behind)
}

func (c *choosy) TakeAgain(ctx context.Context, messages []*exchangev1.CaseMessage) error {
	c.mu.Lock()
	refused := c.refuses[messages[0].GetSubject()]
	c.mu.Unlock()
	if refused {
		return partner.ErrRefused
	}
	if err := c.File.TakeAgain(ctx, messages); err != nil {
		return err
	}
	for _, message := range messages {
		c.again <- message
	}
	return nil
}

// A message that is refused for good parks its subject: messages of other subjects are still
// delivered, tombstones keep the sequence gapless, and on request the parked messages are delivered
// again, in order.
func TestParkedCallbacks(t *testing.T) {
	e := newEndpoint(t)
	b := newCalled(t, "CONNECT", e.address, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)})
	box := &choosy{inbox: openInbox(t, "kela"), refuses: map[string]bool{}, again: make(chan *exchangev1.CaseMessage, 100)}
	defer func() { _ = box.Close() }()
	handler, err := partner.NewEndpoint(box, slog.New(slog.NewTextHandler(left.log(), nil)), newSecret)
	if err != nil {
		t.Fatal(err)
	}
	conn := b.grpc()
	service, parking := concernv1.NewConcernServiceClient(conn), exchangev1.NewParkingServiceClient(conn)
	submit := func() string {
		response, err := service.SubmitConcern(b.asWorker("kela"), submission())
		if err != nil {
			t.Fatal(err)
		}
		return response.GetConcern().GetConcernId()
	}
	bad := submit()
	box.refuse("concerns/"+bad, true)
	box.refuse(bad, true)
	submit()
	e.set(handler.ServeHTTP)
	box.reach(t, 2)
	operator := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+b.tokens["operator"])
	listed, err := parking.ListParked(operator, &exchangev1.ListParkedRequest{})
	if err != nil || len(listed.GetParked()) != 1 {
		t.Fatalf("%v, %v", listed, err)
	}
	parked := listed.GetParked()[0]
	if parked.GetSequence() != 1 || parked.GetAgency() != "kela" || parked.GetService() != "concern" || !strings.HasSuffix(parked.GetSubject(), bad) {
		t.Errorf("%v", parked)
	}
	// What follows of the subject is parked too.
	if _, err := service.TakeConcern(b.asWorker("county"), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: bad}); err != nil {
		t.Fatal(err)
	}
	submit()
	box.reach(t, 4)
	retry := &exchangev1.RetryParkedRequest{Agency: "kela", Consumer: callback.Consumer, Service: "concern", Subject: parked.GetSubject()}
	if _, err := parking.RetryParked(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+b.tokens["county"]), retry); err == nil {
		t.Error("another agency's worker tries again")
	}
	if out := runs(t, koppiProgram, "callbacks", "list", "--address", b.address); !strings.Contains(out, parked.GetSubject()) || !strings.Contains(out, "FAILED_PRECONDITION") {
		t.Errorf("the list says: %s", out)
	}
	// It is refused again, and stays parked.
	runs(t, koppiProgram, "callbacks", "retry", "--address", b.address, "kela", "concern", bad)
	eventually(t, func() bool {
		listed, err := parking.ListParked(operator, &exchangev1.ListParkedRequest{})
		return err == nil && len(listed.GetParked()) == 1 && !listed.GetParked()[0].GetRetry() && listed.GetParked()[0].GetRefusedAt().AsTime().After(parked.GetRefusedAt().AsTime())
	})
	box.refuse(bad, false)
	box.refuse("concerns/"+bad, false)
	mustRetry(t, operator, parking, retry)
	for _, sequence := range []uint64{1, 3} {
		if message := <-box.again; message.GetSequence() != sequence || !message.GetRedelivered() || message.GetEvent() == nil {
			t.Errorf("%d %v, want %d again", message.GetSequence(), message.GetRedelivered(), sequence)
		}
	}
	eventually(t, func() bool {
		listed, err := parking.ListParked(operator, &exchangev1.ListParkedRequest{})
		return err == nil && len(listed.GetParked()) == 0
	})
	submit()
	box.reach(t, 5)
	verified(t, box.path, 5)
}

func mustRetry(t *testing.T, ctx context.Context, parking exchangev1.ParkingServiceClient, retry *exchangev1.RetryParkedRequest) {
	t.Helper()
	if _, err := parking.RetryParked(ctx, retry); err != nil {
		t.Fatal(err)
	}
}
