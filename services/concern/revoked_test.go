package concern_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// Given a report that is revoked, when the process fails between destroying the key of
// what was told of it and recording that, the revocation is not answered; the same request
// is, once that is recorded, and the clock does both again where nobody asks.
func TestCopiesAreErasedAfterFailure(t *testing.T) {
	for name, again := range map[string]func(*testing.T, *tested, *concernv1.RevokeConcernRequest){
		"the same request": func(t *testing.T, service *tested, revoke *concernv1.RevokeConcernRequest) {
			if revoked, err := service.RevokeConcern(kela(t), revoke); err != nil || revoked.GetConcern().GetRevocation() == nil {
				t.Errorf("the same request: %v", err)
			}
		},
		"the clock": func(t *testing.T, service *tested, _ *concernv1.RevokeConcernRequest) {
			ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
			ended := make(chan error, 1)
			go func() { ended <- service.Run(ctx) }()
			t.Cleanup(func() { stop(); <-ended })
		},
	} {
		t.Run(name, func(t *testing.T) {
			service, store := start(t)
			id := submitted(t, service, report()).GetConcernId()
			store.breaks.Store(true)
			revoke := &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "väärä henkilö"}
			if _, err := service.RevokeConcern(kela(t), revoke); fault.ReasonOf(err) != fault.Unavailable {
				t.Fatalf("it was answered while nothing could be recorded: %v", err)
			}
			wantTombstones(t, store, "hva", true, false)
			events := func() int { return len(must(store.Load(t.Context(), "concerns/"+id))[0]) }
			if events() != 2 {
				t.Fatal("it was recorded while nothing could be")
			}
			store.breaks.Store(false)
			store.broken.Store(false)
			again(t, service, revoke)
			eventually(t, "that they are is recorded", func() bool { return events() == 3 })
		})
	}
}

// Given a report that was told, when it is revoked, everything that was told of it, and of
// what was forwarded of it, is gone at the moment of the answer: no clock runs here.
func TestCopiesAreErasedBeforeAnswer(t *testing.T) {
	service, store := start(t)
	id := submitted(t, service, report()).GetConcernId()
	if _, err := service.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}); err != nil {
		t.Fatal(err)
	}
	forwarded, err := service.ForwardConcern(hva(t), &concernv1.ForwardConcernRequest{
		RequestId: uuid.NewString(), ConcernId: id, Receiver: &commonv1.Party{Agency: "third"},
		Basis: report().GetBasis(), Topics: report().GetTopics(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.RevokeConcern(kela(t), &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "väärä henkilö"}); err != nil {
		t.Fatal(err)
	}
	for _, agency := range []string{"kela", "hva", "third"} {
		for _, told := range must(store.Deliveries(t.Context(), journal.DeliveryQuery{Agency: agency})) {
			if !told.Tombstone && told.Class != journal.ClassNotice {
				t.Errorf("%s has what was told of %s, forwarded as %s", agency, told.Subject, forwarded.GetForwardedConcernId())
			}
		}
	}
}

// wantTombstones compares which of an agency's messages are tombstones.
func wantTombstones(t *testing.T, store *faulty, agency string, want ...bool) {
	t.Helper()
	var got []bool
	for _, told := range must(store.Deliveries(t.Context(), journal.DeliveryQuery{Agency: agency})) {
		got = append(got, told.Tombstone)
	}
	if !slices.Equal(got, want) {
		t.Errorf("tombstones of %s: %v, want %v", agency, got, want)
	}
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
func TestRepeatedRequestDisclosesNothingRevoked(t *testing.T) {
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

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
