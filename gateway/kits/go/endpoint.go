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

// Called is the Inbox of an agency whose endpoint Koppi calls. Holds lets the endpoint tell a message that is
// delivered again from a different message at the same place, which can happen after Koppi was restored from
// a backup.
type Called interface {
	Inbox
	// Holds reports whether a message was taken, by service, sequence and chain hash.
	Holds(ctx context.Context, message *exchangev1.CaseMessage) (bool, error)
}

// Redeliveries is an Inbox that also takes parked messages, which are delivered again out of sequence. An
// Inbox that does not implement it refuses them.
type Redeliveries interface {
	// TakeAgain stores messages that were tombstones when they were first delivered. The same message may be
	// delivered more than once.
	TakeAgain(ctx context.Context, messages []*exchangev1.CaseMessage) error
}

// ErrRefused is wrapped by the error of an Inbox that refuses messages permanently. Koppi then parks their
// subject until somebody requests another delivery. After any other error Koppi retries.
var ErrRefused = errors.New("partner: refused")

// Endpoint handles Koppi's calls to an agency. It takes each message once, in order, and verifies that none
// is missing. It serves Connect JSON with signed bodies as an http.Handler, and gRPC as a
// CallbackServiceServer.
type Endpoint struct {
	exchangev1.UnimplementedCallbackServiceServer

	inbox    Called
	logger   *slog.Logger
	verifies []*webhooks.Webhook

	mu sync.Mutex // serialises Deliver
}

// maxBody is the largest body of a call, in bytes. Koppi sends up to 1 MiB of messages, or a single larger
// one, and their JSON form is longer.
const maxBody = 16 << 20

// NewEndpoint returns an endpoint. Secrets are the keys with which bodies may be signed, each "whsec_"
// followed by base64; give two during a rotation. Over gRPC none is needed, because the server identifies
// Koppi by mutual TLS. It returns an error if a secret has another form.
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

// ServeHTTP answers a signed call. It verifies the signature before it parses the body.
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

// Deliver takes messages. Messages that were taken before have no effect.
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
	known, err := held(ctx, e.inbox, position, r.GetMessages())
	if err != nil {
		return e.lost(ctx, count(known), err), nil
	}
	fresh, behind, err := follow(position, r.GetMessages()[known:], r.GetCursor())
	taken, refused := e.take(ctx, position, fresh, behind)
	if refused == nil && err != nil {
		return e.lost(ctx, count(known)+taken, err), nil
	}
	return &exchangev1.DeliverResponse{Accepted: count(known) + taken, Refused: refused}, nil
}

// count is a number of messages of one call, of which there are few.
func count(messages int) uint32 { return uint32(messages) } //nolint:gosec // of one call

// lost refuses messages that fail verification, but not permanently: once a person has resolved the problem,
// delivery continues.
func (e *Endpoint) lost(ctx context.Context, accepted uint32, err error) *exchangev1.DeliverResponse {
	e.logger.ErrorContext(ctx, "Koppi's messages do not fit together", slog.String("error", err.Error()))
	var chain *ChainError
	if !errors.As(err, &chain) {
		return &exchangev1.DeliverResponse{Accepted: accepted, Refused: refusal(err)}
	}
	return &exchangev1.DeliverResponse{Accepted: accepted, Refused: &rpcstatus.Status{Code: int32(codes.DataLoss), Message: chain.Problem}}
}

// take stores messages together. If one of them is refused permanently, it stores them one by one to find out
// which.
func (e *Endpoint) take(ctx context.Context, before Position, fresh []Message, behind Position) (taken uint32, refused *rpcstatus.Status) {
	if len(fresh) == 0 {
		return 0, nil
	}
	err := e.inbox.Take(ctx, fresh, behind)
	if err == nil {
		return count(len(fresh)), nil
	}
	if len(fresh) == 1 || !errors.Is(err, ErrRefused) {
		return 0, refusal(err)
	}
	for _, one := range fresh {
		// It was verified with the others.
		after, err := before.Follow(one.GetMessage(), one.GetCursor())
		if err == nil {
			err = e.inbox.Take(ctx, []Message{one}, after)
		}
		if err != nil {
			return taken, refusal(err)
		}
		before = after
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
		if err := Intact(message); err != nil {
			return &exchangev1.DeliverResponse{Refused: &rpcstatus.Status{Code: int32(codes.DataLoss), Message: "the message is not what was hashed"}}
		}
	}
	if err := keeper.TakeAgain(ctx, messages); err != nil {
		return &exchangev1.DeliverResponse{Refused: refusal(err)}
	}
	return &exchangev1.DeliverResponse{Accepted: count(len(messages))}
}

func refusal(err error) *rpcstatus.Status {
	if errors.Is(err, ErrRefused) {
		return &rpcstatus.Status{Code: int32(codes.FailedPrecondition), Message: "the message cannot be taken"}
	}
	return &rpcstatus.Status{Code: int32(codes.Unavailable), Message: "try again"}
}
