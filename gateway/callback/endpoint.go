package callback

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/telemetry"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	// maxAnswer bounds how much of an endpoint's answer is read, in bytes.
	maxAnswer = 64 << 10
	idleTime  = 90 * time.Second
	// minSecret is the length of whsec_ and 24 bytes in base64, the minimum of Standard Webhooks.
	minSecret = len("whsec_") + 32
)

// endpoint is an agency's endpoint, over either protocol.
type endpoint interface {
	deliver(ctx context.Context, request *exchangev1.DeliverRequest) (*exchangev1.DeliverResponse, error)
	close()
}

// connectEndpoint is an endpoint called over Connect: by POST with a JSON body, which is signed with every
// secret that is valid now.
type connectEndpoint struct {
	url     string
	signers []*webhooks.Webhook
	client  *http.Client
}

func newConnectEndpoint(callback *directory.Callback, secrets []string, guard Guard, secured *tls.Config) (*connectEndpoint, error) {
	e := &connectEndpoint{url: strings.TrimSuffix(callback.URL.String(), "/") + exchangev1.CallbackService_Deliver_FullMethodName}
	for _, secret := range secrets {
		if !strings.HasPrefix(secret, "whsec_") {
			return nil, errors.New("a secret begins with whsec_")
		}
		signer, err := webhooks.NewWebhook(secret)
		if err != nil {
			return nil, errors.New("a secret is whsec_ and base64")
		}
		if len(secret) < minSecret {
			return nil, errors.New("a secret is too short: at least 24 random bytes")
		}
		e.signers = append(e.signers, signer)
	}
	if len(e.signers) == 0 {
		return nil, errors.New("its bodies are signed, and it has no secret")
	}
	e.client = &http.Client{
		// No proxy from the environment is used: it would dial in place of the guard.
		Transport: &http.Transport{DialContext: guard.dial, TLSClientConfig: secured, IdleConnTimeout: idleTime, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("an endpoint does not redirect")
		},
	}
	return e, nil
}

func (e *connectEndpoint) deliver(ctx context.Context, request *exchangev1.DeliverRequest) (*exchangev1.DeliverResponse, error) {
	body, err := protojson.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("callback: %w", err)
	}
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("callback: %w", err)
	}
	call.Header.Set("Content-Type", "application/json")
	call.Header.Set("Connect-Protocol-Version", "1")
	if traceparent := telemetry.Traceparent(ctx); traceparent != "" {
		call.Header.Set("Traceparent", traceparent)
	}
	if err := e.sign(call.Header, body, time.Now()); err != nil { //nolint:forbidigo // the wire's time
		return nil, err
	}
	answer, err := e.client.Do(call)
	if err != nil {
		return nil, fmt.Errorf("callback: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("callback: %w", err)
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || kind != "application/json" || len(text) > maxAnswer {
		return nil, &refusal{
			code: codeOf(answer.StatusCode), after: retryAfter(answer.Header.Get("Retry-After"), time.Now()), //nolint:forbidigo // the wire's time
			status: answer.StatusCode,
			said:   fmt.Sprintf("callback: the endpoint answered with status %d, type %q", answer.StatusCode, kind),
		}
	}
	response := &exchangev1.DeliverResponse{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, response); err != nil {
		// The text of the answer is not repeated: it may quote what the endpoint was sent.
		return nil, errors.New("callback: the endpoint's answer is no DeliverResponse")
	}
	return response, nil
}

// sign adds the headers of Standard Webhooks. The id is derived from the content, so that a
// repetition has the same one.
func (e *connectEndpoint) sign(header http.Header, body []byte, now time.Time) error {
	sum := sha256.Sum256(body)
	id := "msg_" + hex.EncodeToString(sum[:16])
	signatures := make([]string, 0, len(e.signers))
	for _, signer := range e.signers {
		signature, err := signer.Sign(id, now, body)
		if err != nil {
			return fmt.Errorf("callback: %w", err)
		}
		signatures = append(signatures, signature)
	}
	header.Set(webhooks.HeaderWebhookID, id)
	header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
	header.Set(webhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}

func (e *connectEndpoint) close() { e.client.CloseIdleConnections() }

// grpcEndpoint is an endpoint called over gRPC with mutual TLS.
type grpcEndpoint struct{ conn *grpc.ClientConn }

func newGRPCEndpoint(callback *directory.Callback, guard Guard, secured *tls.Config) (*grpcEndpoint, error) {
	port := callback.URL.Port()
	if port == "" {
		port = "443"
	}
	transport := insecure.NewCredentials()
	if callback.URL.Scheme == "https" {
		if len(secured.Certificates) == 0 {
			return nil, errors.New("gRPC is called with a certificate of ours: name it with --callback-cert and --callback-key")
		}
		transport = credentials.NewTLS(secured)
	}
	conn, err := grpc.NewClient("passthrough:///"+net.JoinHostPort(callback.URL.Hostname(), port),
		grpc.WithTransportCredentials(transport), grpc.WithNoProxy(), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) { return guard.dial(ctx, "tcp", address) }))
	if err != nil {
		return nil, fmt.Errorf("callback: %w", err)
	}
	return &grpcEndpoint{conn}, nil
}

func (e *grpcEndpoint) deliver(ctx context.Context, request *exchangev1.DeliverRequest) (*exchangev1.DeliverResponse, error) {
	response, err := exchangev1.NewCallbackServiceClient(e.conn).Deliver(ctx, request)
	if err == nil {
		return response, nil
	}
	from := status.Convert(err)
	refused := &refusal{code: from.Code(), said: "callback: the endpoint answered with " + from.Code().String()}
	for _, detail := range from.Details() {
		if info, is := detail.(*errdetails.RetryInfo); is {
			refused.after = info.GetRetryDelay().AsDuration()
		}
	}
	return nil, refused
}

func (e *grpcEndpoint) close() { _ = e.conn.Close() }
