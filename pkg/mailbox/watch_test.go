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

// A page is told what has changed for its agency, each subject as it now is, and
// nothing of what came before it looked.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, never)
		b.tell(3, "concerns/old")
		watch := func(agency string) exchangev1.ExchangeService_WatchClient {
			s, err := b.client.Watch(metadata.AppendToOutgoingContext(b.as(agency), "role", "benefit_handler"), &exchangev1.WatchRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if r, err := s.Recv(); err != nil || r.GetHeartbeat() == nil {
				t.Fatalf("%v %v", r, err)
			}
			return s
		}
		kela, other := watch("kela"), watch("hva")
		b.tell(1, "concerns/new")
		b.tell(1, "concerns/old")
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
				t.Errorf("%v, wanted %v", changed, want)
			}
		}
		began := time.Now()
		if r, err := other.Recv(); err != nil || r.GetHeartbeat() == nil || time.Since(began) > 20*time.Second {
			t.Errorf("another agency is told %v %v", r, err)
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

// A page that does not read holds up nothing, and then is told each subject's last
// state once.
func TestSlowWatch(t *testing.T) {
	b := newBench(t, never)
	s, err := b.client.Watch(metadata.AppendToOutgoingContext(b.as("kela"), "role", "benefit_handler"), &exchangev1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != nil {
		t.Fatal(err)
	}
	// Far more than lines and buffers hold of it.
	const changes = 20_000
	b.tell(changes, "concerns/busy")
	told, last := 0, matter.Etag("concerns/busy", "kela", changes)
	for {
		r, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		told++
		if r.GetChanged().GetEtag() == last {
			break
		}
	}
	if told > changes/2 {
		t.Errorf("told %d times of %d changes", told, changes)
	}
}

func TestWhoMayWatch(t *testing.T) {
	b := newBench(t, never)
	for role, want := range map[string]fault.Reason{"client": fault.RoleNotAllowed, "operator": fault.RoleNotAllowed} {
		s, err := b.client.Watch(metadata.AppendToOutgoingContext(b.as("kela"), "role", role), &exchangev1.WatchRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(); fault.ReasonOf(err) != want {
			t.Errorf("%s: %v", role, err)
		}
	}
	s, err := b.client.Watch(t.Context(), &exchangev1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); fault.ReasonOf(err) != fault.TokenRequired {
		t.Errorf("nobody: %v", err)
	}
}
