package rulestest

import (
	"maps"
	"slices"

	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
)

// acknowledging is the step by which a holder acknowledges a revocation, in every service.
const acknowledging = "AcknowledgeRevocation"

// checkRevoked checks that the holders of each matter that was just entered in error are exactly
// the agencies to which it was disclosed, without those that revoked it, and that each of them can
// acknowledge. What each was disclosed may meanwhile have become a tombstone: the consent may have
// been withdrawn before.
func (w *Fixture[S, F]) checkRevoked(t *rapid.T, before, changed map[string]matter.History[S]) {
	var by []string
	revoked := map[string]matter.History[S]{}
	for subject, history := range changed {
		if head := history.State.Common(); head.IsRevoked() && !before[subject].State.Common().IsRevoked() {
			revoked[subject] = history
			by = append(by, head.Revocation.By.GetAgency())
		}
	}
	for subject, history := range revoked {
		holders := history.State.Common().Revocation.Holders
		for _, holder := range holders {
			if view := history.Views[holder]; view.Version == 0 || !slices.Contains(w.service.Allowed(view, People[holder]), acknowledging) {
				t.Fatalf("%q is a holder of the revoked %s and cannot acknowledge it", holder, subject)
			}
		}
		for _, agency := range slices.Sorted(maps.Keys(history.Views)) {
			if history.Views[agency].Version > 0 && !slices.Contains(by, agency) && !slices.Contains(holders, agency) {
				t.Fatalf("%s was disclosed to %s, which is no holder of it once it is revoked: %q", subject, agency, holders)
			}
		}
	}
}
