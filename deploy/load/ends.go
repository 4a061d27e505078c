package load

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/grpc"

	"koppi.internal/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// ends collects the positions at which mailboxes end.
type ends struct {
	conn   grpc.ClientConnInterface
	tokens *tokens

	mu    sync.Mutex
	found map[string]partner.Position
}

// find reads an agency's mailbox from a position to its end.
func (e *ends) find(ctx context.Context, agency string, from partner.Position) error {
	ctx, err := e.tokens.as(ctx, system(agency))
	if err != nil {
		return fmt.Errorf("%s: %w", agency, err)
	}
	client := exchangev1.NewExchangeServiceClient(e.conn)
	end := partner.Position{Cursor: from.Cursor, Heads: map[string]partner.Head{}}
	for {
		page, err := client.ListMessages(ctx, &exchangev1.ListMessagesRequest{Cursor: end.Cursor, Consumer: "load-end", PageSize: 1000})
		if err != nil {
			return fmt.Errorf("read the mailbox of %s: %w", agency, err)
		}
		for _, message := range page.GetMessages() {
			end.Heads[message.GetService()] = partner.Head{Sequence: message.GetSequence(), ChainHash: message.GetChainHash()}
		}
		if page.GetNextCursor() != "" {
			end.Cursor = page.GetNextCursor()
		}
		if page.GetBacklog() == 0 {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.found[agency] = end
			return nil
		}
	}
}

// breaks are the matters with a message that says that they are overdue.
type breaks struct {
	mu       sync.Mutex
	subjects map[string]bool
}

func (b *breaks) see(message *exchangev1.CaseMessage) {
	if !message.GetStatus().GetOverdue() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subjects[message.GetSubject()] = true
}

func (b *breaks) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.subjects)
}
