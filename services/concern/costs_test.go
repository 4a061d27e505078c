package concern_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// counting counts the queries of a store.
type counting struct {
	journal.Store
	queries atomic.Int64
}

func (c *counting) one() journal.Store { c.queries.Add(1); return c.Store }

func (c *counting) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	return c.one().Load(ctx, subjects...)
}

func (c *counting) WorklistEntries(ctx context.Context, query journal.Query) ([]journal.WorklistEntry, error) {
	return c.one().WorklistEntries(ctx, query)
}

func (c *counting) Deliveries(ctx context.Context, query journal.DeliveryQuery) ([]journal.Delivery, error) {
	return c.one().Deliveries(ctx, query)
}

func (c *counting) Sequences(ctx context.Context, agency string, ids ...string) (map[string]uint64, error) {
	return c.one().Sequences(ctx, agency, ids...)
}

func (c *counting) Consumers(ctx context.Context, agency string, names ...string) (map[string]journal.Consumer, error) {
	return c.one().Consumers(ctx, agency, names...)
}

func (c *counting) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	return c.one().Append(ctx, batch)
}

// TestAListAsksByTheHundred checks that the number of queries of a list does not grow with its length,
// for every kind of list.
func TestAListAsksByTheHundred(t *testing.T) {
	counted := &counting{}
	var mu registrar
	service, _ := start(t, func(deps *service.Deps) {
		counted.Store = deps.Store
		deps.Store = counted
	})
	service.Register(&mu)
	var client string
	submit := func(n int) {
		for i := range n {
			r := report()
			r.Receiver = &commonv1.Party{Agency: "hva", Unit: "b"}
			if i >= 18 {
				// An agency has at most twenty open reports about one client.
				r.Client = &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}}
			}
			made, err := service.SubmitConcern(kela(t), r)
			if err != nil {
				t.Fatal(err)
			}
			if i < 18 {
				client = made.GetConcern().GetClientId()
			}
		}
	}
	lists := map[string]func(size int32) error{
		"a list": func(size int32) error {
			_, err := service.ListConcerns(kela(t), &concernv1.ListConcernsRequest{PageSize: size})
			return err
		},
		"a worklist": func(size int32) error {
			_, err := mu.ReadWork(kela(t), &caseworkv1.ReadWorkRequest{Work: &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY, Sent: true}, Limit: size})
			return err
		},
		"consents": func(int32) error {
			_, err := mu.ReadConsents(kela(t), &caseworkv1.ReadConsentsRequest{Consents: &consentv1.ListConsentsRequest{ClientId: client, Purpose: "p"}})
			return err
		},
		"a timeline": func(size int32) error {
			_, err := mu.ReadHistory(kela(t), &caseworkv1.ReadHistoryRequest{ClientId: client, Purpose: "p", Limit: size})
			return err
		},
	}
	cost := func(list func(int32) error) int64 {
		before := counted.queries.Load()
		if err := list(1000); err != nil {
			t.Fatal(err)
		}
		return counted.queries.Load() - before
	}
	submit(2)
	few := map[string]int64{}
	for name, list := range lists {
		few[name] = cost(list)
	}
	submit(58)
	for name, list := range lists {
		if many := cost(list); many > few[name] {
			t.Errorf("%s of 60 makes %d queries, of 2 makes %d", name, many, few[name])
		}
	}
}

// unwilling is a store that refuses the clock's events of one matter, and panics on those of another.
type unwilling struct {
	journal.Store
	refused, panics string
}

func (u *unwilling) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	for _, event := range batch.Events {
		if strings.HasSuffix(event.Type, "Overdue") && event.Subject == u.refused {
			return journal.Appended{}, errors.New("refused by the test")
		}
		if strings.HasSuffix(event.Type, "Overdue") && event.Subject == u.panics {
			panic("010594Y9032")
		}
	}
	return u.Store.Append(ctx, batch)
}

// TestOneBadMatterStopsNoClock checks that the clock goes on with the other matters if it fails on one,
// and that its error names the matter but nothing of its content.
func TestOneBadMatterStopsNoClock(t *testing.T) {
	bad := &unwilling{}
	service, store := start(t, func(deps *service.Deps) {
		bad.Store = deps.Store
		deps.Store = bad
		adjustable, err := clock.Open(t.Context(), deps.Settings, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		deps.Clock = adjustable
	})
	var subjects []string
	for range 130 {
		r := report()
		r.RequestId, r.Client = uuid.NewString(), &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}}
		made, err := service.SubmitConcern(kela(t), r)
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, "concerns/"+made.GetConcern().GetConcernId())
	}
	bad.refused, bad.panics = subjects[0], subjects[1]
	err := service.AdvanceClock(t.Context(), service.Now().AddDate(0, 0, 20))
	if err == nil || !strings.Contains(err.Error(), subjects[0]) || !strings.Contains(err.Error(), subjects[1]) || strings.Contains(err.Error(), "010594Y9032") {
		t.Errorf("the error is %v", err)
	}
	late := map[string]bool{}
	for event, err := range store.RawEvents(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(event.Type, "Overdue") {
			late[event.Subject] = true
		}
	}
	for i, subject := range subjects {
		if late[subject] != (i > 1) {
			t.Errorf("matter %d: recorded as overdue: %v", i, late[subject])
		}
	}
	bad.refused, bad.panics = "", ""
	if err := service.AdvanceClock(t.Context(), service.Now().Add(time.Second)); err != nil {
		t.Error(fmt.Errorf("once the store accepts it again: %w", err))
	}
}
