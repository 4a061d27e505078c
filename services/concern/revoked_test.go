package concern_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Given a report that is revoked, when the process fails between destroying the key of
// what was told of it and recording that, the clock does both again.
func TestCopiesAreErasedInSpiteOfAFailure(t *testing.T) {
	service, store := start(t)
	id := submitted(t, service, report()).GetConcernId()
	if _, err := service.RevokeConcern(kela(t), &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "väärä henkilö"}); err != nil {
		t.Fatal(err)
	}
	store.broken.Store(true)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	defer func() { stop(); <-ended }()
	eventually(t, "the copies are tombstones", func() bool {
		told, err := store.Deliveries(t.Context(), journal.DeliveryQuery{Agency: "hva"})
		return err == nil && len(told) == 2 && told[0].Tombstone && !told[1].Tombstone
	})
	events := func() int {
		histories, err := store.Load(t.Context(), "concerns/"+id)
		if err != nil {
			t.Fatal(err)
		}
		return len(histories[0])
	}
	if events() != 2 {
		t.Fatal("it was recorded while nothing could be")
	}
	store.broken.Store(false)
	eventually(t, "that they are is recorded", func() bool { return events() == 3 })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// Given a report that is revoked, when a holder repeats a request from before, it is told
// that it was done, and nothing of what was wrong.
func TestAnOldRequestTellsNothingOfWhatWasRevoked(t *testing.T) {
	service, _ := start(t)
	id := submitted(t, service, report()).GetConcernId()
	take := &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}
	if again, err := service.TakeConcern(hva(t), take); err != nil || len(again.GetConcern().GetTopics()) == 0 {
		t.Fatal(err)
	}
	revoke := &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "väärä henkilö"}
	for range 2 {
		revoked, err := service.RevokeConcern(kela(t), revoke)
		if err != nil || revoked.GetConcern().GetRevocation() == nil {
			t.Fatalf("revoked, and asked again: %v", err)
		}
	}
	if again, err := service.TakeConcern(hva(t), take); fault.ReasonOf(err) != fault.IllegalStep || again.GetConcern() != nil {
		t.Errorf("%v, %v", again, err)
	}
}
