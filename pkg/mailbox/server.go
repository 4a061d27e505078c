package mailbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/periodic"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	defaultPage = 100
	maxPage     = 1000
	// defaultConsumer is the name of a consumer whose reader gives no name.
	defaultConsumer = "default"
	// CallbackConsumer is the consumer that the gateway uses to call an agency's endpoint.
	CallbackConsumer = "callback"
)

// Config configures a server. All fields but Erasures are required.
type Config struct {
	// Service is the service whose journal it is, such as "concern".
	Service string
	// Accepts lists the gRPC services whose unary calls may be sent on a stream.
	Accepts []string
	Store   journal.Store
	// Settings keep the state of endpoints.
	Settings journal.Settings
	Clock    clock.Clock
	Notify   notify.Notifier
	// Calls connects to the handlers of the services in Accepts, including their interceptors.
	Calls  grpc.ClientConnInterface
	Logger *slog.Logger
	// Readable limits what a page of a caller is notified of; it returns nil for a caller who reads all of
	// the agency.
	Readable func(identity.Caller) *journal.Readable
	// Erasures returns for each delivery why its key was destroyed; nil if that is not known.
	Erasures func(ctx context.Context, gone []journal.Delivery) []exchangev1.Erasure
}

// Server serves the mailboxes of one service from its journal.
type Server struct {
	exchangev1.UnimplementedExchangeServiceServer

	config  Config
	methods Methods
	readers Readers
	// drained is closed when open streams should end.
	drained chan struct{}
}

// New returns a server. Run must run at the same time. It returns an error if this program does not contain
// the contract of a service in Accepts.
func New(config Config) (*Server, error) {
	methods, err := MethodsOf(config.Accepts...)
	if err != nil {
		return nil, err
	}
	return &Server{config: config, methods: methods, drained: make(chan struct{})}, nil
}

// Run polls for lost notifications and for consumers that were taken over, until the context ends. Then it
// ends all streams, so that their readers reconnect to another process.
func (s *Server) Run(ctx context.Context) {
	defer close(s.drained)
	var running sync.WaitGroup
	defer running.Wait()
	for _, job := range []periodic.Job{s.readers.Check(s.epochs), s.config.Notify.Poll(s.sequences)} {
		job.Level, job.Logger, job.About = slog.LevelError, s.config.Logger, []slog.Attr{slog.String("service", s.config.Service)}
		running.Go(func() { job.Run(ctx) })
	}
}

func (s *Server) sequences(ctx context.Context) (map[string]uint64, error) {
	heads, err := s.config.Store.Positions(ctx)
	sequences := make(map[string]uint64, len(heads))
	for agency, head := range heads {
		sequences[agency] = head.Sequence
	}
	return sequences, err
}

// ListMessages returns messages of the caller's mailbox after a cursor, or after the consumer's durable
// cursor if the given one is empty. It writes the range to the access log before it returns.
func (s *Server) ListMessages(ctx context.Context, r *exchangev1.ListMessagesRequest) (*exchangev1.ListMessagesResponse, error) {
	caller, err := system(ctx)
	if err != nil {
		return nil, err
	}
	if r.GetService() != "" && r.GetService() != s.config.Service {
		return nil, fault.New(fault.InvalidField, "there is no such service").Field("service", "unknown")
	}
	size := int(r.GetPageSize())
	if size == 0 {
		size = defaultPage
	}
	query := journal.DeliveryQuery{Agency: caller.Agency, Limit: min(size, maxPage), Bytes: matter.MaxAnswer, Subject: r.GetSubject()}
	// Run the two reads concurrently, so that the store can combine them.
	var group errgroup.Group
	if r.GetTakeover() != 0 {
		group.Go(func() error { return s.holder(ctx, caller.Agency, r.GetConsumer(), r.GetTakeover()) })
	}
	page, err := s.page(ctx, r.GetCursor(), r.GetConsumer(), query)
	if taken := group.Wait(); taken != nil {
		return nil, taken
	}
	if err != nil {
		return nil, err
	}
	response := &exchangev1.ListMessagesResponse{}
	messages, all := s.messages(ctx, page.deliveries, r.GetWithRecords())
	from := page.from
	response.Messages = messages
	if len(messages) > 0 {
		from = Behind(messages[len(messages)-1])
	}
	response.NextCursor = Cursor{from}.String()
	// After a page that is not full there are no more messages.
	if !all || page.full || query.Subject != "" {
		heads, err := s.config.Store.Positions(ctx, caller.Agency)
		if err != nil {
			return nil, fault.Store(err)
		}
		response.Backlog = backlog(heads[caller.Agency].Sequence, from.Sequence)
	}
	if len(messages) == 0 || r.GetTakeover() != 0 {
		return response, nil
	}
	return response, s.recordRange(ctx, caller, exchangev1.ExchangeService_ListMessages_FullMethodName, messages[0].GetSequence(), from.Sequence)
}

// AcknowledgeMessages moves the consumer's durable cursor forward. A cursor behind the durable one changes
// nothing.
func (s *Server) AcknowledgeMessages(ctx context.Context, r *exchangev1.AcknowledgeMessagesRequest) (*exchangev1.AcknowledgeMessagesResponse, error) {
	caller, err := system(ctx)
	if err != nil {
		return nil, err
	}
	cursor, err := ParseCursor(r.GetCursor())
	if err != nil {
		return nil, invalidCursor()
	}
	box := own{Server: s, agency: caller.Agency}
	return &exchangev1.AcknowledgeMessagesResponse{}, box.Advance(ctx, r.GetConsumer(), cursor.At(s.config.Service), r.GetTakeover())
}

// OpenConsumer takes over a consumer for a reader that polls.
func (s *Server) OpenConsumer(ctx context.Context, r *exchangev1.OpenConsumerRequest) (*exchangev1.OpenConsumerResponse, error) {
	caller, err := system(ctx)
	if err != nil {
		return nil, err
	}
	box := own{Server: s, agency: caller.Agency, method: exchangev1.ExchangeService_OpenConsumer_FullMethodName}
	opened, err := box.Open(ctx, r.GetCursor(), r.GetConsumer(), r.GetTakeover())
	if err != nil {
		return nil, err
	}
	// End an older stream of this consumer in this process.
	s.readers.enter(consumerKey{caller.Agency, consumer(r.GetConsumer())}, opened.Epoch, func(error) {})()
	return &exchangev1.OpenConsumerResponse{Cursor: Cursor{opened.At}.String(), Backlog: opened.Backlog, Takeover: opened.Epoch}, nil
}

// Exchange serves a partner system's stream: it delivers messages from the agency's mailbox and answers each
// sent request with a receipt.
func (s *Server) Exchange(stream Stream) error {
	return Serve(stream, func(ctx context.Context) (SessionConfig, func(), error) {
		caller, err := system(ctx)
		if err != nil {
			return SessionConfig{}, nil, err
		}
		notifications := NewNotifications()
		leave := s.config.Notify.Join(caller.Agency, notifications.Of(s.config.Service))
		return SessionConfig{
			Mailboxes: []Mailbox{own{Server: s, agency: caller.Agency, method: exchangev1.ExchangeService_Exchange_FullMethodName}},
			Agency:    caller.Agency, Expires: caller.Expires, Notifications: notifications, Readers: &s.readers, Drained: s.drained, Methods: s.methods,
			Invoke: func(call Call) error {
				if call.OnBehalfOf != "" && !caller.ActsFor(call.OnBehalfOf) {
					// The gateway has named the worker in the token; nothing beside it counts.
					return fault.New(fault.InvalidField, "a service acts only for whom the token names").Field(identity.FieldOnBehalfOf, "empty, or as the token")
				}
				return s.config.Calls.Invoke(identity.Forward(ctx), call.Path, call.In, call.Out)
			},
		}, leave, nil
	})
}

// move advances a consumer or takes it over.
func (s *Server) move(ctx context.Context, advance journal.Advance) (journal.Consumer, error) {
	advance.At = s.config.Clock.Now()
	moved, err := s.config.Store.Advance(ctx, advance)
	if errors.Is(err, journal.ErrTakenOver) {
		return moved, takenOver()
	}
	return moved, fault.Store(err)
}

// recordRange writes to the access log that a range of a mailbox is read. If to is 0, the range has no end.
func (s *Server) recordRange(ctx context.Context, caller identity.Caller, method string, from, to uint64) error {
	purpose := fmt.Sprintf("mailbox %d-%d", from, to)
	if to == 0 {
		purpose = fmt.Sprintf("mailbox from %d on", from)
	}
	return s.record(ctx, caller, method, purpose)
}

func (s *Server) record(ctx context.Context, caller identity.Caller, method, purpose string) error {
	party, onBehalfOf := caller.Recorded()
	by, err := proto.Marshal(party)
	if err != nil {
		return fmt.Errorf("mailbox: marshal party: %w", err)
	}
	_, err = s.config.Store.Append(ctx, journal.Batch{Accesses: []journal.Access{{
		At: s.config.Clock.Now(), By: by, Role: string(caller.Role), OnBehalfOf: onBehalfOf, Method: method, Purpose: purpose,
	}}})
	return fault.Store(err)
}

// system admits only systems of an agency, because a mailbox belongs to an agency.
func system(ctx context.Context) (identity.Caller, error) {
	caller, ok := identity.FromContext(ctx)
	if !ok {
		return caller, fault.New(fault.TokenRequired, "a token is missing")
	}
	if !caller.System || caller.Agency == "" {
		return caller, fault.New(fault.RoleNotAllowed, "a mailbox is read by the agency's systems")
	}
	return caller, nil
}

func consumer(name string) string {
	if name == "" {
		return defaultConsumer
	}
	return name
}

func position(service string, sequence uint64, chain []byte) Position {
	at := Position{Service: service, Sequence: sequence}
	copy(at.Chain[:], chain)
	return at
}

func backlog(head, at uint64) uint64 { return head - min(head, at) }

func invalidCursor() error {
	return fault.New(fault.InvalidCursor, "this is no cursor").Field("cursor", "as it was given")
}

func diverged() error {
	return fault.New(fault.HistoryDiverged, "the mailbox does not hold this cursor")
}
