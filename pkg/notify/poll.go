package notify

import (
	"context"
	"time"
)

// pollEvery is how late a message can be whose notification was lost.
const pollEvery = time.Second

// Poll reads the last sequences of all mailboxes once a second, until the context ends. It makes one query
// for each process, however many readers wait. An error is passed to failed; the next poll makes up for it.
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
