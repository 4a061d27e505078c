package notify

import (
	"context"
	"time"

	"koppi.internal/pkg/periodic"
)

// pollEvery is how late a message can be whose notification was lost.
const pollEvery = time.Second

// Poll returns the job that makes up for lost notifications: it reads the last sequences of all mailboxes
// once a second. It makes one query for each process, however many readers wait. The caller says where its
// failures are logged, and runs it.
func (h *Hub) Poll(sequences func(context.Context) (map[string]uint64, error)) periodic.Job {
	return periodic.Job{Name: "read positions of mailboxes", Every: pollEvery, Later: true, Do: func(ctx context.Context) error {
		found, err := sequences(ctx)
		for agency, sequence := range found {
			h.Notify(agency, sequence)
		}
		return err
	}}
}
