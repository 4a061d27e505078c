package exchange

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Watch tells a page of the caller's agency which subjects have changed: what it
// is shown of each, and no content. A heartbeat at once says that from now on
// nothing is missed; a page then reads its list.
func (s *Server) Watch(_ *exchangev1.WatchRequest, stream grpc.ServerStreamingServer[exchangev1.WatchResponse]) error {
	ctx := stream.Context()
	caller, ok := identity.FromContext(ctx)
	if !ok {
		return fault.New(fault.TokenRequired, "a token is missing")
	}
	if caller.Agency == "" || !caller.Role.IsWorker() && caller.Role != identity.RoleSystem {
		return fault.New(fault.RoleNotAllowed, "a worklist is an agency's")
	}
	woken, unsubscribe := s.config.Notify.Subscribe(caller.Agency)
	defer unsubscribe()
	heads, err := s.config.Store.Positions(ctx, caller.Agency)
	if err != nil {
		return fault.Store(err)
	}
	if err := s.record(ctx, caller, exchangev1.ExchangeService_Watch_FullMethodName, "which matters change"); err != nil {
		return err
	}
	out := newOutlet(stream.Send)
	defer out.close()
	w := &watcher{server: s, caller: caller, read: heads[caller.Agency].Sequence, beat: true}
	return w.run(ctx, woken, out)
}

// watcher is one page that watches; its fields belong to run.
type watcher struct {
	server *Server
	caller identity.Caller
	read   uint64
	behind bool
	// changes wait to be sent, one a subject, and beat is a heartbeat that is due.
	changes []*exchangev1.WatchResponse
	beat    bool
}

func (w *watcher) run(ctx context.Context, woken <-chan struct{}, out *sender[exchangev1.WatchResponse]) error {
	heartbeat := time.NewTicker(heartbeatEvery)
	defer heartbeat.Stop()
	life, farewell := LifeOf(w.caller)
	end := time.NewTimer(life)
	defer end.Stop()
	for {
		if err := w.fill(ctx); err != nil {
			return err
		}
		next, pop := w.next()
		var to chan<- *exchangev1.WatchResponse
		if next != nil {
			to = out.messages
		}
		select {
		case to <- next:
			pop()
		case <-woken:
			w.behind = true
		case <-heartbeat.C:
			w.beat = true
		case err := <-out.failed:
			return err
		case <-end.C:
			return farewell
		case <-w.server.drained:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *watcher) next() (message *exchangev1.WatchResponse, pop func()) {
	switch {
	case w.beat:
		beat := &exchangev1.WatchResponse{Kind: &exchangev1.WatchResponse_Heartbeat{Heartbeat: &exchangev1.ExchangeResponse_Heartbeat{}}}
		return beat, func() { w.beat = false }
	case len(w.changes) > 0:
		return w.changes[0], func() { w.changes = w.changes[1:] }
	}
	return nil, nil
}

// fill reads on once everything read has been sent. Of several messages about one
// subject the last counts.
func (w *watcher) fill(ctx context.Context) error {
	if len(w.changes) > 0 || !w.behind {
		return nil
	}
	query := journal.DeliveryQuery{Agency: w.caller.Agency, After: w.read, Limit: readAhead, Bytes: loop.MaxAnswer}
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
		// Of what cannot be delivered the page is told that it has changed.
		message := Message(w.server.config.Service, delivery, false)
		w.changes = append(w.changes, &exchangev1.WatchResponse{Kind: &exchangev1.WatchResponse_Changed_{Changed: &exchangev1.WatchResponse_Changed{
			Subject: delivery.Subject, Etag: loop.Etag(delivery.Subject, delivery.Agency, delivery.SubjectVersion), Status: message.GetStatus(),
		}}})
	}
	return nil
}
