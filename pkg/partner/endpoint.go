package partner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Called is the Inbox of an agency that is called. After Koppi was restored from a backup
// it tells what it is called with again from what stands in the place of that.
type Called interface {
	Inbox
	// Holds tells whether a message was taken: by service, sequence and chain hash.
	Holds(ctx context.Context, message *exchangev1.CaseMessage) (bool, error)
}

// Redeliveries is an Inbox that also takes parked messages, which come again outside
// the order of sequences. One that is none refuses them.
type Redeliveries interface {
	// TakeAgain keeps messages that were tombstones when they were first delivered.
	// They may come more than once.
	TakeAgain(ctx context.Context, messages []*exchangev1.CaseMessage) error
}

// ErrRefused is what an Inbox's error wraps that refuses messages for good: Koppi parks
// their subject until somebody asks for another delivery. Any other error is tried
// again.
var ErrRefused = errors.New("partner: refused")

// Endpoint is the handler of an agency that is called by Koppi. It takes each message
// once, in order, and proves that none is missing. It serves Connect JSON with signed
// bodies as an http.Handler, and gRPC as a CallbackServiceServer.
type Endpoint struct {
	exchangev1.UnimplementedCallbackServiceServer

	inbox    Called
	logger   *slog.Logger
	verifies []*webhooks.Webhook

	mu sync.Mutex // one takes at a time
}

// maxBody bounds one call: Koppi sends 1 MiB of messages or one that is larger, and
// each is longer as JSON.
const maxBody = 16 << 20

// NewEndpoint makes an endpoint. Secrets are those with which bodies may be signed,
// "whsec_" and base64: two while one follows the other. Over gRPC none is needed:
// there the server's mutual TLS knows Koppi.
func NewEndpoint(inbox Called, logger *slog.Logger, secrets ...string) (*Endpoint, error) {
	e := &Endpoint{inbox: inbox, logger: logger}
	for _, secret := range secrets {
		verifier, err := webhooks.NewWebhook(secret)
		if err != nil || !strings.HasPrefix(secret, "whsec_") {
			return nil, errors.New("partner: a secret is whsec_ and base64")
		}
		e.verifies = append(e.verifies, verifier)
	}
	return e, nil
}

// ServeHTTP answers a signed call. What is not signed is refused before it is read as
// anything.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, exchangev1.CallbackService_Deliver_FullMethodName) {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		answerError(w, http.StatusRequestEntityTooLarge, "resource_exhausted", "the body is too long")
		return
	}
	if !e.signed(body, r.Header) {
		answerError(w, http.StatusUnauthorized, "unauthenticated", "the body is not signed by Koppi")
		return
	}
	request, err := readRequest(body)
	if err != nil {
		e.logger.ErrorContext(r.Context(), "a call of Koppi's cannot be read", slog.String("error", err.Error()))
		answerError(w, http.StatusBadRequest, "invalid_argument", "the body is no DeliverRequest")
		return
	}
	response, err := e.Deliver(r.Context(), request)
	if err != nil {
		answerError(w, http.StatusServiceUnavailable, "unavailable", "try again")
		return
	}
	text, err := protojson.Marshal(response)
	if err != nil {
		answerError(w, http.StatusInternalServerError, "internal", "try again")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

func answerError(w http.ResponseWriter, code int, name, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `{"code":%q,"message":%q}`, name, message)
}

func (e *Endpoint) signed(body []byte, header http.Header) bool {
	for _, verifier := range e.verifies {
		if verifier.Verify(body, header) == nil {
			return true
		}
	}
	return false
}

// Deliver takes messages. Of those taken before, nothing happens again.
func (e *Endpoint) Deliver(ctx context.Context, r *exchangev1.DeliverRequest) (*exchangev1.DeliverResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(r.GetMessages()) > 0 && r.GetMessages()[0].GetRedelivered() {
		return e.again(ctx, r.GetMessages()), nil
	}
	position, err := e.inbox.Position(ctx)
	if err != nil {
		return nil, status.Error(codes.Unavailable, "the inbox is not ready")
	}
	known, err := e.known(ctx, position, r.GetMessages())
	if err != nil {
		return e.lost(ctx, known, err), nil
	}
	var fresh []taking
	behind := position
	for i, message := range r.GetMessages() {
		if i < int(known) {
			continue
		}
		// Only the last one's cursor is known; it is the one that counts.
		cursor := ""
		if i == len(r.GetMessages())-1 {
			cursor = r.GetCursor()
		}
		if behind, err = behind.Follow(message, cursor); err != nil {
			break
		}
		fresh = append(fresh, taking{&exchangev1.ExchangeResponse_Delivery{Message: message, Cursor: cursor}, behind})
	}
	taken, refused := e.take(ctx, fresh)
	if refused == nil && err != nil {
		return e.lost(ctx, known+taken, err), nil
	}
	return &exchangev1.DeliverResponse{Accepted: known + taken, Refused: refused}, nil
}

// known counts the messages at the beginning that were taken before. A *ChainError says
// that another was taken in the place of the next.
func (e *Endpoint) known(ctx context.Context, position Position, messages []*exchangev1.CaseMessage) (known uint32, err error) {
	for _, message := range messages {
		if message.GetSequence() > position.Heads[message.GetService()].Sequence {
			return known, nil
		}
		held, err := e.inbox.Holds(ctx, message)
		if err == nil && !held {
			err = &ChainError{message.GetMailbox(), message.GetService(), message.GetSequence(), "the inbox holds another: Koppi's history is not the inbox's"}
		}
		if err != nil {
			return known, err
		}
		known++
	}
	return known, nil
}

// lost refuses what does not fit, never for good: somebody has to look into it, and then
// it goes on.
func (e *Endpoint) lost(ctx context.Context, accepted uint32, err error) *exchangev1.DeliverResponse {
	e.logger.ErrorContext(ctx, "Koppi's messages do not fit together", slog.String("error", err.Error()))
	var chain *ChainError
	if !errors.As(err, &chain) {
		return &exchangev1.DeliverResponse{Accepted: accepted, Refused: refusal(err)}
	}
	return &exchangev1.DeliverResponse{Accepted: accepted, Refused: &rpcstatus.Status{Code: int32(codes.DataLoss), Message: chain.Problem}}
}

// taking is a message, and the position behind it.
type taking struct {
	Message
	behind Position
}

// take keeps messages together, or one by one where one of them is refused for good,
// so that it is known which.
func (e *Endpoint) take(ctx context.Context, fresh []taking) (taken uint32, refused *rpcstatus.Status) {
	if len(fresh) == 0 {
		return 0, nil
	}
	messages := make([]Message, 0, len(fresh))
	for _, one := range fresh {
		messages = append(messages, one.Message)
	}
	err := e.inbox.Take(ctx, messages, fresh[len(fresh)-1].behind)
	if err == nil {
		return uint32(len(fresh)), nil //nolint:gosec // of one call
	}
	if len(fresh) == 1 || !errors.Is(err, ErrRefused) {
		return 0, refusal(err)
	}
	for _, one := range fresh {
		if _, refused := e.take(ctx, []taking{one}); refused != nil {
			return taken, refused
		}
		taken++
	}
	return taken, nil
}

func (e *Endpoint) again(ctx context.Context, messages []*exchangev1.CaseMessage) *exchangev1.DeliverResponse {
	keeper, ok := e.inbox.(Redeliveries)
	if !ok {
		return &exchangev1.DeliverResponse{Refused: &rpcstatus.Status{Code: int32(codes.Unimplemented), Message: "this inbox takes nothing again"}}
	}
	for _, message := range messages {
		if err := intact(message); err != nil {
			return &exchangev1.DeliverResponse{Refused: &rpcstatus.Status{Code: int32(codes.DataLoss), Message: "the message is not what was hashed"}}
		}
	}
	if err := keeper.TakeAgain(ctx, messages); err != nil {
		return &exchangev1.DeliverResponse{Refused: refusal(err)}
	}
	return &exchangev1.DeliverResponse{Accepted: uint32(len(messages))} //nolint:gosec // of one call
}

func refusal(err error) *rpcstatus.Status {
	if errors.Is(err, ErrRefused) {
		return &rpcstatus.Status{Code: int32(codes.FailedPrecondition), Message: "the message cannot be taken"}
	}
	return &rpcstatus.Status{Code: int32(codes.Unavailable), Message: "try again"}
}
