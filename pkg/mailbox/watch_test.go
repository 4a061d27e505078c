package mailbox_test

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// A page that watches is notified of the changes for its agency, with the current state of each subject, and not of
// changes before it watched.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, never)
		f.append(3, "concerns/old")
		watch := func(agency string) exchangev1.ExchangeService_WatchClient {
			s, err := f.client.Watch(metadata.AppendToOutgoingContext(f.as(agency), "role", "benefit_handler"), &exchangev1.WatchRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if r, err := s.Recv(); err != nil || r.GetHeartbeat() == nil {
				t.Fatalf("%v %v", r, err)
			}
			return s
		}
		kela, other := watch("kela"), watch("hva")
		f.append(1, "concerns/new")
		f.append(1, "concerns/old")
		for _, want := range []struct {
			subject string
			version uint64
		}{{"concerns/new", 1}, {"concerns/old", 4}} {
			r, err := kela.Recv()
			if err != nil {
				t.Fatal(err)
			}
			changed := r.GetChanged()
			if changed.GetSubject() != want.subject || changed.GetEtag() != matter.Etag(want.subject, "kela", want.version) ||
				changed.GetStatus().GetPhase() != commonv1.LoopPhase_LOOP_PHASE_SENT {
				t.Errorf("%v, want %v", changed, want)
			}
		}
		began := time.Now()
		if r, err := other.Recv(); err != nil || r.GetHeartbeat() == nil || time.Since(began) > 20*time.Second {
			t.Errorf("another agency is notified of %v %v", r, err)
		}
		for {
			if _, err := other.Recv(); err != nil {
				if !errors.Is(err, io.EOF) || time.Since(began) > time.Hour {
					t.Errorf("ended after %v with %v", time.Since(began), err)
				}
				break
			}
		}
	})
}

// A page that does not read delays nobody. When it reads, it gets the last state of each subject once.
func TestSlowWatch(t *testing.T) {
	f := newFixture(t, never)
	s, err := f.client.Watch(metadata.AppendToOutgoingContext(f.as("kela"), "role", "benefit_handler"), &exchangev1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != nil {
		t.Fatal(err)
	}
	// Far more than windows and buffers hold.
	const changes = 20_000
	f.append(changes, "concerns/busy")
	notified, last := 0, matter.Etag("concerns/busy", "kela", changes)
	for {
		r, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		notified++
		if r.GetChanged().GetEtag() == last {
			break
		}
	}
	if notified > changes/2 {
		t.Errorf("notified %d times of %d changes", notified, changes)
	}
}

// Only workers and systems of an agency may watch.
func TestWhoMayWatch(t *testing.T) {
	f := newFixture(t, never)
	for role, want := range map[string]fault.Reason{"client": fault.RoleNotAllowed, "operator": fault.RoleNotAllowed} {
		s, err := f.client.Watch(metadata.AppendToOutgoingContext(f.as("kela"), "role", role), &exchangev1.WatchRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(); fault.ReasonOf(err) != want {
			t.Errorf("%s: %v", role, err)
		}
	}
	s, err := f.client.Watch(t.Context(), &exchangev1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); fault.ReasonOf(err) != fault.TokenRequired {
		t.Errorf("nobody: %v", err)
	}
}
