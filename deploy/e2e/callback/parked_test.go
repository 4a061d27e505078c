package callback

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/partner"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// choosy refuses subjects for good while they are in it.
type choosy struct {
	*partnertest.Inbox
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
	return c.Inbox.Take(ctx, messages, behind)
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
	e := partnertest.NewEndpoint(t)
	f := newCalled(t, "CONNECT", e.Address, callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)})
	box := &choosy{Inbox: partnertest.OpenInbox(t, "kela"), refuses: map[string]bool{}, again: make(chan *exchangev1.CaseMessage, 100)}
	defer func() { _ = box.Close() }()
	handler, err := partner.NewEndpoint(box, slog.New(slog.NewTextHandler(leaktest.LogWriter(), nil)), partnertest.CallbackSecret)
	if err != nil {
		t.Fatal(err)
	}
	conn := f.Conn()
	service, parking := concernv1.NewConcernServiceClient(conn), exchangev1.NewParkingServiceClient(conn)
	submit := func() string {
		response, err := service.SubmitConcern(f.As("kela"), testkit.Submission())
		if err != nil {
			t.Fatal(err)
		}
		return response.GetConcern().GetConcernId()
	}
	bad := submit()
	box.refuse("concerns/"+bad, true)
	box.refuse(bad, true)
	submit()
	e.Handle(handler.ServeHTTP)
	box.Reach(t, 2)
	operator := testkit.WithToken(t, f.Tokens["operator"])
	listed, err := parking.ListParked(operator, &exchangev1.ListParkedRequest{})
	if err != nil || len(listed.GetParked()) != 1 {
		t.Fatalf("%v, %v", listed, err)
	}
	parked := listed.GetParked()[0]
	if parked.GetSequence() != 1 || parked.GetAgency() != "kela" || parked.GetService() != "concern" || !strings.HasSuffix(parked.GetSubject(), bad) {
		t.Errorf("%v", parked)
	}
	// What follows of the subject is parked too.
	if _, err := service.TakeConcern(f.As("county"), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: bad}); err != nil {
		t.Fatal(err)
	}
	submit()
	box.Reach(t, 4)
	retry := &exchangev1.RetryParkedRequest{Agency: "kela", Consumer: callback.Consumer, Service: "concern", Subject: parked.GetSubject()}
	if _, err := parking.RetryParked(testkit.WithToken(t, f.Tokens["county"]), retry); err == nil {
		t.Error("another agency's worker tries again")
	}
	if out := clustertest.Run(t, clustertest.KoppiCommand, "callbacks", "list", "--address", f.Address); !strings.Contains(out, parked.GetSubject()) || !strings.Contains(out, "FAILED_PRECONDITION") {
		t.Errorf("the list says: %s", out)
	}
	// It is refused again, and stays parked.
	clustertest.Run(t, clustertest.KoppiCommand, "callbacks", "retry", "--address", f.Address, "kela", "concern", bad)
	testkit.Eventually(t, func() bool {
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
	testkit.Eventually(t, func() bool {
		listed, err := parking.ListParked(operator, &exchangev1.ListParkedRequest{})
		return err == nil && len(listed.GetParked()) == 0
	})
	submit()
	box.Reach(t, 5)
	partnertest.CheckFile(t, box.Path, 5)
}

func mustRetry(t *testing.T, ctx context.Context, parking exchangev1.ParkingServiceClient, retry *exchangev1.RetryParkedRequest) {
	t.Helper()
	if _, err := parking.RetryParked(ctx, retry); err != nil {
		t.Fatal(err)
	}
}
