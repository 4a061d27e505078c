package merged

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const defaultPage = 100

// OpenConsumer opens a consumer in all services, with one epoch for all. Earlier readers of that
// consumer are superseded.
func (e *Exchange) OpenConsumer(ctx context.Context, r *exchangev1.OpenConsumerRequest) (*exchangev1.OpenConsumerResponse, error) {
	epoch := r.GetTakeover()
	if epoch == 0 {
		epoch = nextEpoch()
	}
	opened, err := mailbox.OpenAll(ctx, e.mailboxes(), r.GetCursor(), r.GetConsumer(), epoch)
	if err != nil {
		return nil, err
	}
	return &exchangev1.OpenConsumerResponse{Cursor: opened.GetCursor(), Backlog: opened.GetBacklog(), Takeover: opened.GetTakeover()}, nil
}

// ListMessages reads a share of the page from each service; shares are equal in number and in
// bytes. A service that does not answer is skipped if the request has a cursor, which keeps the
// reader's position in it. It fails with INVALID_CURSOR, and with UNAVAILABLE if no service
// answers, or not the one that the request names.
func (e *Exchange) ListMessages(ctx context.Context, r *exchangev1.ListMessagesRequest) (*exchangev1.ListMessagesResponse, error) {
	given, err := mailbox.ParseCursor(r.GetCursor())
	if err != nil {
		return nil, fault.New(fault.InvalidCursor, "this is no cursor").Field("cursor", "as it was given")
	}
	size := r.GetPageSize()
	if size == 0 {
		size = defaultPage
	}
	share := max(1, size/int32(len(e.config.Services))) //nolint:gosec // a few services
	if r.GetService() != "" {
		share = size
	}
	response := &exchangev1.ListMessagesResponse{}
	var next mailbox.Cursor
	answered, alone := false, r.GetService() != "" || len(e.config.Services) == 1
	// One service after the other, and not by fanout: each records in its access log what it returned, and
	// a page that is refused must not be recorded as read by the services behind the one that refuses.
	for _, service := range e.config.Services {
		if r.GetService() != "" && r.GetService() != service.Name {
			next = append(next, given.At(service.Name))
			continue
		}
		page, err := exchangev1.NewExchangeServiceClient(service.Conn).ListMessages(identity.Forward(ctx), &exchangev1.ListMessagesRequest{
			Cursor: r.GetCursor(), PageSize: share, Consumer: r.GetConsumer(), WithRecords: r.GetWithRecords(), Takeover: r.GetTakeover(),
			Subject: r.GetSubject(),
		})
		if err != nil && (r.GetCursor() == "" || !mailbox.Transient(err) || alone) {
			return nil, err
		}
		if err != nil {
			next = append(next, given.At(service.Name))
			continue
		}
		answered = true
		at, err := mailbox.ParseCursor(page.GetNextCursor())
		if err != nil {
			return nil, err
		}
		messages, behind := page.GetMessages(), at.At(service.Name)
		if taken := e.share(messages, r.GetService() != ""); taken < len(messages) {
			response.Backlog += uint64(len(messages) - taken) //nolint:gosec // a page
			messages, behind = messages[:taken], mailbox.Behind(messages[taken-1])
		}
		next = append(next, behind)
		response.Messages = append(response.Messages, messages...)
		response.Backlog += page.GetBacklog()
	}
	if !answered && r.GetService() != "" {
		return nil, fault.New(fault.InvalidField, "there is no such service").Field("service", "unknown")
	}
	if !answered {
		return nil, fault.New(fault.Unavailable, "no service answers")
	}
	response.NextCursor = next.String()
	return response, nil
}

// share is how many of a service's messages fit on a page, at least one; the others come with the
// next page. single is true if the page is of this service only.
func (e *Exchange) share(messages []*exchangev1.CaseMessage, single bool) int {
	most, page := matter.MaxAnswer, mailbox.Page{}
	if !single {
		most /= len(e.config.Services)
	}
	for i, message := range messages {
		if !page.Within(most, message) {
			return i
		}
	}
	return len(messages)
}

// AcknowledgeMessages moves the consumer's position in each service that the cursor names. The
// others are not called, so that a service that is down does not prevent the acknowledgement of
// messages that others sent.
func (e *Exchange) AcknowledgeMessages(ctx context.Context, r *exchangev1.AcknowledgeMessagesRequest) (*exchangev1.AcknowledgeMessagesResponse, error) {
	cursor, err := mailbox.ParseCursor(r.GetCursor())
	if err != nil {
		return nil, fault.New(fault.InvalidCursor, "this is no cursor").Field("cursor", "as it was given")
	}
	// Only some services, and not by fanout: the first that fails ends the call, as the reader then repeats
	// it.
	for _, service := range e.config.Services {
		if cursor.At(service.Name).Sequence == 0 && len(cursor) > 0 {
			continue
		}
		if _, err := exchangev1.NewExchangeServiceClient(service.Conn).AcknowledgeMessages(identity.Forward(ctx), r); err != nil {
			return nil, err
		}
	}
	return &exchangev1.AcknowledgeMessagesResponse{}, nil
}

// Watch notifies a page of changes in all services. It ends when the stream of one service ends;
// the page then connects again and reads everything anew.
func (e *Exchange) Watch(r *exchangev1.WatchRequest, stream grpc.ServerStreamingServer[exchangev1.WatchResponse]) error {
	var one sync.Mutex // serializes sends
	silent := len(e.config.Services)
	_, _, err := fanout.All(identity.Forward(stream.Context()), e.conns, func(ctx context.Context, _ string, conn grpc.ClientConnInterface) (struct{}, error) {
		from, err := exchangev1.NewExchangeServiceClient(conn).Watch(ctx, r)
		for first := true; err == nil; first = false {
			var change *exchangev1.WatchResponse
			if change, err = from.Recv(); err != nil {
				break
			}
			one.Lock()
			if first {
				silent--
			}
			// The first heartbeat means that no change is missed from now on, so it is sent only once
			// all services have answered.
			if change.GetHeartbeat() == nil || silent == 0 {
				err = stream.Send(change)
			}
			one.Unlock()
		}
		return struct{}{}, err
	})
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
