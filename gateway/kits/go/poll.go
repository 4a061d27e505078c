package partner

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Poll reads what waits in the mailbox into the inbox, verifies it, and acknowledges it; it returns how many messages
// the inbox took. It is for systems that read from time to time; Client keeps a connection. Each consumer has its own
// inbox. The connection's calls carry a token, as those of Connect do.
func Poll(ctx context.Context, conn grpc.ClientConnInterface, inbox Called, consumer string) (taken int, err error) {
	exchange := exchangev1.NewExchangeServiceClient(conn)
	for {
		position, err := inbox.Position(ctx)
		if err != nil {
			return taken, fmt.Errorf("partner: inbox: %w", err)
		}
		page, err := exchange.ListMessages(ctx, &exchangev1.ListMessagesRequest{Cursor: position.Cursor, Consumer: consumer, WithRecords: true})
		if err != nil {
			return taken, err
		}
		known, err := held(ctx, inbox, position, page.GetMessages())
		if err != nil {
			return taken, err
		}
		fresh, behind, err := follow(position, page.GetMessages()[known:], page.GetNextCursor())
		if err != nil {
			return taken, err
		}
		if len(fresh) > 0 {
			if err := inbox.Take(ctx, fresh, behind); err != nil {
				return taken, fmt.Errorf("partner: inbox: %w", err)
			}
			taken += len(fresh)
		}
		if len(page.GetMessages()) > 0 {
			acknowledged := &exchangev1.AcknowledgeMessagesRequest{Cursor: page.GetNextCursor(), Consumer: consumer}
			if _, err := exchange.AcknowledgeMessages(ctx, acknowledged); err != nil {
				return taken, err
			}
		}
		if page.GetBacklog() == 0 {
			return taken, nil
		}
	}
}

// follow verifies messages that come together. Koppi sends only the cursor after the last of them, which is the one
// to store. On an error it returns those before the message that fails.
func follow(position Position, messages []*exchangev1.CaseMessage, cursor string) (fresh []Message, behind Position, err error) {
	for i, message := range messages {
		after := ""
		if i == len(messages)-1 {
			after = cursor
		}
		next, err := position.Follow(message, after)
		if err != nil {
			return fresh, position, err
		}
		position = next
		fresh = append(fresh, &exchangev1.ExchangeResponse_Delivery{Message: message, Cursor: after})
	}
	return fresh, position, nil
}

// held returns how many messages at the beginning were taken before. A *ChainError says that the inbox holds another
// message in the place of the next one.
func held(ctx context.Context, inbox Called, position Position, messages []*exchangev1.CaseMessage) (known int, err error) {
	for _, message := range messages {
		if message.GetSequence() > position.Heads[message.GetService()].Sequence {
			return known, nil
		}
		is, err := inbox.Holds(ctx, message)
		if err == nil && !is {
			err = chainError(message, CheckHistory, "the inbox holds another: Koppi's history is not the inbox's")
		}
		if err != nil {
			return known, err
		}
		known++
	}
	return known, nil
}
