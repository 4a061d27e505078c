package notify

import (
	"context"
	"time"
)

// pollEvery is how late a message can be whose wake was lost.
const pollEvery = time.Second

// Poll looks at the ends of all mailboxes once a second until the context ends:
// one query per process, however many readers wait. A failed look is told to
// failed and made up for by the next.
func (h *Hub) Poll(ctx context.Context, heads func(context.Context) (map[string]uint64, error), failed func(error)) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		sequences, err := heads(ctx)
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		for agency, sequence := range sequences {
			h.Notify(agency, sequence)
		}
	}
}
