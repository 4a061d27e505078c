// Package partner is the client kit for a partner agency's system. It connects to Koppi, reconnects, verifies
// messages, stores each message exactly once, and gets a response for each request that it sends.
package partner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Inbox stores the messages that a partner received, and its position.
type Inbox interface {
	// Position returns how far the inbox has come; the zero position for a new inbox.
	Position(ctx context.Context) (Position, error)
	// Take stores messages, or their effects, together with the position after the last of them: both or
	// neither, and durably before it returns. Therefore each message takes effect exactly once, even if the
	// connection breaks or a process dies. The messages are verified and follow the inbox's position.
	Take(ctx context.Context, messages []Message, behind Position) error
}

// Message is a delivered case message with the cursor after it.
type Message = *exchangev1.ExchangeResponse_Delivery

// Config configures a connection. Conn, Inbox and Logger are required.
type Config struct {
	// Conn connects to Koppi's gateway.
	Conn grpc.ClientConnInterface
	// Token returns a bearer token with role system. It is called each time a stream is opened. Nil for a connection
	// whose calls carry a token, such as that of Connect, or that shows a certificate.
	Token func(context.Context) (string, error)
	Inbox Inbox
	// Logger logs broken connections and retries, but no content of messages.
	Logger *slog.Logger
	// Consumer names this reader among those of the agency. Each consumer has its own inbox.
	Consumer string
	// Window is the most messages in flight; 0 is 256.
	Window uint32
}

const (
	defaultWindow = 256
	// Koppi sends a heartbeat every 20 s; a stream that is silent for this long is dead.
	silence  = 45 * time.Second
	minRetry = 100 * time.Millisecond
	maxRetry = 30 * time.Second
)

// Client keeps a connection to Koppi.
type Client struct {
	config Config
	sends  sends
}

// New returns a client. Run connects it.
func New(config Config) *Client {
	if config.Window == 0 {
		config.Window = defaultWindow
	}
	return &Client{config: config, sends: newSends()}
}

// Run keeps the connection until the context ends, and then returns nil. It returns an error if a retry
// cannot help and a person must investigate: a *ChainError, an inbox that fails, a consumer that another
// reader has taken over (TAKEN_OVER), a history that differs from the inbox (HISTORY_DIVERGED), or a refusal
// of the caller.
func (c *Client) Run(ctx context.Context) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = minRetry, maxRetry
	for {
		opened, err := c.connect(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for
		}
		if final(err) {
			return err
		}
		if opened {
			waits.Reset()
		}
		if opened && err == nil {
			// Koppi ended the stream in the regular way: it reached its maximum life, or the process is being
			// replaced.
			continue
		}
		wait := waits.NextBackOff()
		c.config.Logger.WarnContext(ctx, "the connection to Koppi is cut", slog.String("error", fmt.Sprint(err)), slog.Duration("again_in", wait))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// inboxError says that the partner's inbox failed.
type inboxError struct{ error }

func (e *inboxError) Unwrap() error { return e.error }

// final reports whether a retry cannot help. A refusal by Koppi has a reason; an error without one comes from
// the network, and one with an unknown reason from a later version of Koppi.
func final(err error) bool {
	var chain *ChainError
	var inbox *inboxError
	if errors.As(err, &chain) || errors.As(err, &inbox) {
		return true
	}
	return finalReasons[Reason(err)]
}

// ended returns nil for the regular end of a stream.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
