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

// If the process fails between destroying the keys of a revoked report and recording that, the
// revocation is not answered. A repetition of the request, or else the clock, completes it.
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
				t.Fatalf("it was answered although nothing could be recorded: %v", err)
			}
			wantTombstones(t, store, "hva", true, false)
			events := func() int { return len(must(store.Load(t.Context(), "concerns/"+id))[0]) }
			if events() != 2 {
				t.Fatal("it was recorded although nothing could be")
			}
			store.breaks.Store(false)
			store.broken.Store(false)
			again(t, service, revoke)
			eventually(t, "the erasure is recorded", func() bool { return events() == 3 })
		})
	}
}

// When a revocation is answered, all that was disclosed of the report and of its forward is erased. No
// clock runs in this test.
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
		for _, message := range must(store.Deliveries(t.Context(), journal.DeliveryQuery{Agency: agency})) {
			if !message.Tombstone && message.Class != journal.ClassNotice {
				t.Errorf("%s still has a message about %s, forwarded as %s", agency, message.Subject, forwarded.GetForwardedConcernId())
			}
		}
	}
}

// wantTombstones compares which of an agency's messages are tombstones.
func wantTombstones(t *testing.T, store *faulty, agency string, want ...bool) {
	t.Helper()
	var got []bool
	for _, message := range must(store.Deliveries(t.Context(), journal.DeliveryQuery{Agency: agency})) {
		got = append(got, message.Tombstone)
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

// A holder of a revoked report that repeats an earlier request learns that it was done, and is shown
// nothing of the report.
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
			t.Fatalf("revoked, and repeated: %v", err)
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
