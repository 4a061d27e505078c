package rulestest

import (
	"testing"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// ExpectDue fails the test if an agency is shown another due time (in Helsinki, "2.1.2006 15.04"),
// basis or provision of a matter. Senders and participants are shown neither basis nor provision.
func (w *Fixture[S, F]) ExpectDue(t testing.TB, agency, subject, at string, basis commonv1.DueBasis, provision string) {
	t.Helper()
	view := w.View(agency, subject)
	status := w.Rules.Status(view.State, view.Reader)
	got := status.GetDueAt().AsTime().In(matter.Helsinki()).Format("2.1.2006 15.04")
	if got != at || status.GetDueBasis() != basis || status.GetDueProvision() != provision {
		t.Errorf("%s: due %s, %s %q; want %s, %s %q", agency, got, status.GetDueBasis(), status.GetDueProvision(), at, basis, provision)
	}
}
