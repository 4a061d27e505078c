package merged

import (
	"context"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/mailbox"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// remoteMailbox is a caller's mailbox at one service, over gRPC. Its calls carry the caller's own token.
type remoteMailbox struct {
	service string
	client  exchangev1.ExchangeServiceClient
	// consumer and epoch are those with which the mailbox was opened. Messages read later are recorded
	// under that opening in the access log.
	consumer string
	epoch    uint64
}

func (m *remoteMailbox) Service() string { return m.service }

func (m *remoteMailbox) Open(ctx context.Context, cursor, consumer string, epoch uint64) (mailbox.Opened, error) {
	response, err := m.client.OpenConsumer(identity.Forward(ctx), &exchangev1.OpenConsumerRequest{Cursor: cursor, Consumer: consumer, Takeover: epoch})
	if err != nil {
		return mailbox.Opened{}, err
	}
	at, err := mailbox.ParseCursor(response.GetCursor())
	if err != nil {
		return mailbox.Opened{}, err
	}
	m.consumer, m.epoch = consumer, response.GetTakeover()
	return mailbox.Opened{At: at.At(m.service), Backlog: response.GetBacklog(), Epoch: response.GetTakeover()}, nil
}

func (m *remoteMailbox) Read(ctx context.Context, after mailbox.Position, limit int, withRecords bool) ([]*exchangev1.CaseMessage, bool, error) {
	response, err := m.client.ListMessages(identity.Forward(ctx), &exchangev1.ListMessagesRequest{
		Cursor: mailbox.Cursor{after}.String(), PageSize: int32(limit), WithRecords: withRecords, Consumer: m.consumer, Takeover: m.epoch, //nolint:gosec // at most a page
	})
	// A service of the previous version reports no backlog; a full page then means that there may
	// be more.
	return response.GetMessages(), response.GetBacklog() > 0 || len(response.GetMessages()) == limit, err
}

func (m *remoteMailbox) Advance(ctx context.Context, consumer string, at mailbox.Position, epoch uint64) error {
	_, err := m.client.AcknowledgeMessages(identity.Forward(ctx), &exchangev1.AcknowledgeMessagesRequest{
		Cursor: mailbox.Cursor{at}.String(), Consumer: consumer, Takeover: epoch,
	})
	return err
}
