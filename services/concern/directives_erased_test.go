package concern_test

import (
	"testing"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/retention"
)

// After a client's directives were erased, a new prohibition of the client is valid.
func TestProhibitionAfterErasure(t *testing.T) {
	w := startDirectives(t)
	for range 3 {
		prohibited, err := w.prohibit()
		if err != nil || prohibited.GetLiftedAt() != nil {
			t.Fatal(err)
		}
		if _, err := w.send(byLaw()); fault.ReasonOf(err) != fault.TransferProhibited {
			t.Fatal(err)
		}
		for stream, err := range w.store.RawStreams(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if err := w.store.Expire(t.Context(), journal.Expiry{Subject: stream.Subject, ReleaseBut: retention.RequestKeys}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.send(byLaw()); err != nil {
			t.Fatalf("the erased prohibition still applies: %v", err)
		}
	}
}
