package limit

import (
	"testing"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// At most 60 searches of one worker are in any hour; a search that is refused says when to come again. A
// system's searches count for the worker on whose behalf it acts, and another worker has searches of its
// own.
func TestSearches(t *testing.T) {
	limiter, err := Settings{Calls: 1000}.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	worker := identity.Caller{Agency: "kela", Worker: "kela-17", Role: identity.RoleBenefitHandler}
	system := identity.Caller{Agency: "kela", Worker: "kela-17", Role: identity.RoleBenefitHandler, System: true}
	atOnce := 0
	var refused error
	for refused == nil && atOnce <= 60 {
		who := worker
		if atOnce%2 == 1 {
			who = system
		}
		if refused = limiter.AllowSearch(t.Context(), who); refused == nil {
			atOnce++
		}
	}
	if atOnce+searchesPerHour > 60 || atOnce < 15 {
		t.Errorf("%d at once and %d an hour", atOnce, searchesPerHour)
	}
	if after := fault.RetryAfterOf(refused); fault.ReasonOf(refused) != fault.Busy || after <= 0 || after > 2*time.Minute {
		t.Errorf("refused with %v, again after %v", refused, after)
	}
	if err := limiter.AllowSearch(t.Context(), identity.Caller{Agency: "kela", Worker: "kela-18", Role: identity.RoleBenefitHandler}); err != nil {
		t.Errorf("another worker: %v", err)
	}
}
