package concern_test

import (
	"testing"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/retention"
)

// Given a client who was erased, wishes and all, when the client wishes again, that stands.
func TestProhibitionAfterErasure(t *testing.T) {
	w := startWished(t)
	for range 3 {
		prohibited, err := w.prohibit()
		if err != nil || prohibited.GetLiftedAt() != nil {
			t.Fatal(err)
		}
		if _, err := w.send(byLaw()); fault.ReasonOf(err) != fault.TransferProhibited {
			t.Fatal(err)
		}
		for loop, err := range w.store.RawStreams(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if err := w.store.Expire(t.Context(), journal.Expiry{Subject: loop.Subject, ReleaseBut: retention.RequestKeys}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.send(byLaw()); err != nil {
			t.Fatalf("what was erased stops it: %v", err)
		}
	}
}
