package mailbox

import (
	"context"

	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Watch notifies a page of the caller's agency which subjects have changed: the version that the agency is
// shown, and no content. The first message is a heartbeat, after which no change is missed; the page reads
// its list when it arrives.
func (s *Server) Watch(_ *exchangev1.WatchRequest, stream grpc.ServerStreamingServer[exchangev1.WatchResponse]) error {
	ctx := stream.Context()
	caller, ok := identity.FromContext(ctx)
	if !ok {
		return fault.New(fault.TokenRequired, "a token is missing")
	}
	if caller.Agency == "" || !caller.Role.IsWorker() && caller.Role != identity.RoleSystem {
		return fault.New(fault.RoleNotAllowed, "a worklist is an agency's")
	}
	notified, unsubscribe := s.config.Notify.Subscribe(caller.Agency)
	defer unsubscribe()
	heads, err := s.config.Store.Positions(ctx, caller.Agency)
	if err != nil {
		return fault.Store(err)
	}
	if err := s.record(ctx, caller, exchangev1.ExchangeService_Watch_FullMethodName, "which matters change"); err != nil {
		return err
	}
	out := newSender(stream.Send)
	defer out.close()
	w := &watcher{server: s, caller: caller, read: heads[caller.Agency].Sequence, beat: true}
	return w.run(ctx, notified, out)
}

// watcher is the state of one page that watches. Only the goroutine in run may use its fields.
type watcher struct {
	server *Server
	caller identity.Caller
	read   uint64
	behind bool
	// changes are waiting to be sent, one for each subject; beat says that a heartbeat is due.
	changes []*exchangev1.WatchResponse
	beat    bool
}

func (w *watcher) run(ctx context.Context, notified <-chan struct{}, out *sender[exchangev1.WatchResponse]) error {
	pulse := NewPulse(heartbeatEvery, w.caller.Expires)
	defer pulse.Stop()
	for {
		if err := w.fill(ctx); err != nil {
			return err
		}
		if !out.busy {
			out.start(w.batch())
		}
		select {
		case err := <-out.sent:
			if out.busy = false; err != nil {
				return err
			}
		case <-notified:
			w.behind = true
		case <-pulse.C:
			if !pulse.Beat() {
				return pulse.Farewell
			}
			w.beat = true
		case <-w.server.drained:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// batch removes and returns what waits to be sent.
func (w *watcher) batch() []*exchangev1.WatchResponse {
	batch := w.changes
	if w.changes = nil; w.beat {
		w.beat = false
		batch = append(batch, &exchangev1.WatchResponse{Kind: &exchangev1.WatchResponse_Heartbeat{Heartbeat: &exchangev1.ExchangeResponse_Heartbeat{}}})
	}
	return batch
}

// fill reads more deliveries once all changes were taken. Of several deliveries about one subject it
// keeps the last.
func (w *watcher) fill(ctx context.Context) error {
	if len(w.changes) > 0 || !w.behind {
		return nil
	}
	query := journal.DeliveryQuery{Agency: w.caller.Agency, After: w.read, Limit: readAhead, Bytes: matter.MaxAnswer}
	deliveries, err := w.server.config.Store.Deliveries(ctx, query)
	if err != nil {
		return fault.Store(err)
	}
	w.behind = query.IsFull(deliveries)
	latest := map[string]journal.Delivery{}
	for _, delivery := range deliveries {
		latest[delivery.Subject] = delivery
		w.read = delivery.Sequence
	}
	w.changes = nil
	for _, delivery := range deliveries {
		if latest[delivery.Subject].Sequence != delivery.Sequence {
			continue
		}
		if may, err := w.mayRead(ctx, delivery.Subject); err != nil {
			return err
		} else if !may {
			continue
		}
		// For a message that cannot be delivered, the page still learns that the subject has changed.
		message := Message(w.server.config.Service, delivery, false)
		w.changes = append(w.changes, &exchangev1.WatchResponse{Kind: &exchangev1.WatchResponse_Changed_{Changed: &exchangev1.WatchResponse_Changed{
			Subject: delivery.Subject, Etag: matter.Etag(delivery.Subject, delivery.Agency, delivery.SubjectVersion), Status: message.GetStatus(),
		}}})
	}
	return nil
}

// mayRead tells whether the caller may read a subject of its agency.
func (w *watcher) mayRead(ctx context.Context, subject string) (bool, error) {
	readable := w.server.config.Readable(w.caller)
	if readable == nil {
		return true, nil
	}
	entries, err := w.server.config.Store.WorklistEntries(ctx, journal.Query{
		Agency: w.caller.Agency, Subject: subject, Readable: readable, WithHidden: true, Limit: 1,
	})
	return len(entries) > 0, fault.Store(err)
}
