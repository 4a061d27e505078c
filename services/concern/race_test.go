package concern_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/service"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern"
)

// skewed is the clock of a replica that differs from the other clocks.
type skewed time.Duration

func (s skewed) Now() time.Time { return clock.System().Now().Add(time.Duration(s)) }

// replicas are services over one store, whose clocks differ.
func replicas(t *testing.T) ([]*tested, *faulty) {
	t.Helper()
	var shared service.Deps
	first, store := start(t, func(deps *service.Deps) { shared = *deps })
	all := []*tested{first}
	for _, off := range []time.Duration{-3 * time.Second, 2 * time.Second} {
		shared.Clock = skewed(off)
		service, err := concern.New(shared)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, serve(service))
	}
	return all, store
}

// Concurrent steps on replicas whose clocks differ are taken or refused as usual, and the times of a
// matter never go back.
func TestTimesOfAMatterNeverGoBack(t *testing.T) {
	services, store := replicas(t)
	for round := range 25 {
		lead := submitted(t, services[round%3], report())
		subjects := []string{"concerns/" + lead.GetConcernId()}
		var mu sync.Mutex
		var together sync.WaitGroup
		for i := range 6 {
			service := services[i%3]
			together.Go(func() {
				joined, err := service.SubmitConcern(kela(t), report())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				subjects = append(subjects, "concerns/"+joined.GetConcern().GetConcernId())
			})
		}
		for i := range 3 {
			together.Go(func() {
				_, err := services[i].TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: lead.GetConcernId()})
				if err != nil && fault.ReasonOf(err) != fault.IllegalStep {
					t.Error(err)
				}
			})
		}
		together.Wait()
		closed := &concernv1.CloseConcernRequest{
			RequestId: uuid.NewString(), ConcernId: lead.GetConcernId(), Outcome: concernv1.Outcome_OUTCOME_GUIDED,
		}
		if _, err := services[(round+1)%3].CloseConcern(hva(t), closed); err != nil {
			t.Fatal(err)
		}
		checkTimes(t, store, subjects)
	}
}

func checkTimes(t *testing.T, store journal.Store, subjects []string) {
	t.Helper()
	histories, err := store.Load(t.Context(), subjects...)
	if err != nil {
		t.Fatal(err)
	}
	for _, events := range histories {
		for i := 1; i < len(events); i++ {
			if events[i].At.Before(events[i-1].At) {
				t.Fatalf("%s: %s at %s comes before %s at %s", events[i].Subject, events[i].Type, events[i].At, events[i-1].Type, events[i-1].At)
			}
		}
	}
}

// midway runs a function once, after unique keys were read and before their holders are.
type midway struct {
	*faulty
	once sync.Once
	then func()
}

func (b *midway) UniqueKeys(ctx context.Context, keys ...string) (map[string]journal.UniqueKey, error) {
	held, err := b.faulty.UniqueKeys(ctx, keys...)
	if len(held) > 0 {
		b.once.Do(b.then)
	}
	return held, err
}

// A report does not join a concern that was closed while the report was decided: nobody would handle
// it.
func TestNothingJoinsWhatWasClosedMeanwhile(t *testing.T) {
	var shared service.Deps
	service, store := start(t, func(deps *service.Deps) { shared = *deps })
	lead := submitted(t, service, report())
	hook := &midway{faulty: store, then: func() {
		for _, step := range []func() error{
			func() error {
				_, err := service.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: lead.GetConcernId()})
				return err
			},
			func() error {
				_, err := service.CloseConcern(hva(t), &concernv1.CloseConcernRequest{
					RequestId: uuid.NewString(), ConcernId: lead.GetConcernId(), Outcome: concernv1.Outcome_OUTCOME_GUIDED,
				})
				return err
			},
		} {
			if err := step(); err != nil {
				t.Error(err)
			}
		}
	}}
	shared.Store = hook
	slow, err := concern.New(shared)
	if err != nil {
		t.Fatal(err)
	}
	late := submitted(t, serve(slow), report())
	seen, err := service.GetConcern(hva(t), &concernv1.GetConcernRequest{ConcernId: late.GetConcernId()})
	if err != nil || seen.GetConcern().GetState() != concernv1.ConcernState_CONCERN_STATE_SUBMITTED {
		t.Errorf("the report is %s: %v", seen.GetConcern().GetState(), err)
	}
}
