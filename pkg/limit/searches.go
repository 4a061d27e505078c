package limit

import (
	"context"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// searchesPerHour is the rate at which one worker may look for clients. Half of them may come at once,
// before the rate applies: at most 60 in any hour.
const searchesPerHour = 40

// AllowSearch counts one more search for a client by a worker. It refuses with reason BUSY if there are
// too many in an hour. A nil limiter allows everything.
func (l *Limiter) AllowSearch(ctx context.Context, caller identity.Caller) error {
	if l == nil {
		return nil
	}
	w := whoIs(caller)
	if w.person == "" {
		// A system acts on behalf of a worker, whose searches are counted.
		w.person = named(caller.Agency, caller.Worker)
	}
	if over := l.over(ctx, []share{{key: "koppi:searches:person:" + w.person, calls: searchesPerHour, period: time.Hour}}); over != nil {
		return fault.New(fault.Busy, "too many searches for clients: at most 20 at once and 60 in an hour").RetryAfter(over.after)
	}
	return nil
}
