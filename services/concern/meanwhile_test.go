package concern_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/pkg/journal"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// meanwhile is a real store in which something happens once, between two readings of one command.
type meanwhile struct {
	journal.Store
	// subject is what the command loads.
	subject string
	// loaded is closed when the command has loaded it.
	loaded chan struct{}
	// beforeLoad happens before the command loads it, beforeKeys between that load and the reading of unique
	// keys; nil for nothing.
	beforeLoad, beforeKeys func()
	loads, keys            sync.Once
}

func (m *meanwhile) Load(ctx context.Context, subjects ...string) ([][]journal.Event, error) {
	if !slices.Contains(subjects, m.subject) {
		return m.Store.Load(ctx, subjects...)
	}
	var first bool
	m.loads.Do(func() { first = true })
	if first && m.beforeLoad != nil {
		m.beforeLoad()
	}
	histories, err := m.Store.Load(ctx, subjects...)
	if first {
		close(m.loaded)
	}
	return histories, err
}

func (m *meanwhile) UniqueKeys(ctx context.Context, keys ...string) (map[string]journal.UniqueKey, error) {
	var first bool
	m.keys.Do(func() { first = true })
	if first && m.beforeKeys != nil {
		<-m.loaded
		m.beforeKeys()
	}
	return m.Store.UniqueKeys(ctx, keys...)
}

// A repetition that reads the matter before the first run is recorded, and the request_id after it, gets the
// first answer.
func TestRepetitionDuringTheFirst(t *testing.T) {
	service, reads := watched(t)
	c, err := reportOf(t, service, 0, "010594Y9032")
	if err != nil {
		t.Fatal(err)
	}
	r := &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: c.GetConcernId()}
	var first *concernv1.TakeConcernResponse
	reads.Store = &meanwhile{Store: reads.Store, subject: "concerns/" + c.GetConcernId(), loaded: make(chan struct{}), beforeKeys: func() {
		if first, err = service.TakeConcern(hva(t), r); err != nil {
			t.Error(err)
		}
	}}
	again, err := service.TakeConcern(hva(t), r)
	if err != nil || again.GetConcern().GetEtag() != first.GetConcern().GetEtag() || first.GetConcern().GetEtag() == "" {
		t.Errorf("%v, and first %v: %v", again.GetConcern().GetState(), first.GetConcern().GetState(), err)
	}
}

// A report of the caller's own agency that joins the same concern while the caller's report is decided is known
// to the caller, as one that came before.
func TestOwnReportThatJoinsMeanwhile(t *testing.T) {
	service, reads := watched(t)
	lead, err := reportOf(t, service, 0, "010594Y9032")
	if err != nil {
		t.Fatal(err)
	}
	var other *concernv1.Concern
	reads.Store = &meanwhile{Store: reads.Store, subject: "concerns/" + lead.GetConcernId(), loaded: make(chan struct{}), beforeLoad: func() {
		if other, err = reportOf(t, service, 39, "010594Y9032"); err != nil {
			t.Error(err)
		}
	}}
	own, err := reportOf(t, service, 39, "010594Y9032")
	if err != nil || own.GetJoinedConcernId() != other.GetConcernId() || other.GetConcernId() == "" {
		t.Errorf("joined %q, and not %q: %v", own.GetJoinedConcernId(), other.GetConcernId(), err)
	}
}
