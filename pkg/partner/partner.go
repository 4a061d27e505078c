// Package partner is the kit by which a partner agency's system stands in
// connection with Koppi: it connects, reconnects, verifies, keeps what it was told
// exactly once, and gets an answer for everything that it sends.
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

	"koppi.internal/pkg/fault"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Inbox is where a partner keeps what it was told, and how far it has come.
type Inbox interface {
	// Position is how far the inbox has come; a new one is at the zero position.
	Position(ctx context.Context) (Position, error)
	// Take keeps messages, or their effect, together with the position behind the
	// last of them: both or neither, and durable before it returns. That is what
	// makes each message take effect exactly once, whatever is cut or killed. The
	// messages are verified and follow what the inbox holds.
	Take(ctx context.Context, messages []Message, behind Position) error
}

// Message is a delivered case message and the cursor behind it.
type Message = *exchangev1.ExchangeResponse_Delivery

// Config is what a connection needs. Conn, Token, Inbox and Logger are required.
type Config struct {
	// Conn leads to Koppi's gateway.
	Conn grpc.ClientConnInterface
	// Token gives a bearer token of role system; it is asked for at each opening.
	Token func(context.Context) (string, error)
	Inbox Inbox
	// Logger is told of cuts and retries, and of nothing that a message holds.
	Logger *slog.Logger
	// Consumer names this reader among the agency's; each has its own inbox.
	Consumer string
	// Window is how many messages may be on their way at once; 0 is 256.
	Window uint32
}

const (
	defaultWindow = 256
	// Koppi is heard every 20 s; a line silent for this long is dead.
	silence  = 45 * time.Second
	minRetry = 100 * time.Millisecond
	maxRetry = 30 * time.Second
)

// Client is a standing connection.
type Client struct {
	config Config
	sends  sends
}

// New prepares a connection. Run makes it.
func New(config Config) *Client {
	if config.Window == 0 {
		config.Window = defaultWindow
	}
	return &Client{config: config, sends: newSends()}
}

// Run keeps the connection until the context ends, and then returns nil. It
// returns an error where trying again cannot help and a person must look: a
// *ChainError, an inbox that fails, another reader that took the consumer over
// (TAKEN_OVER), a history that is not the inbox's (HISTORY_DIVERGED), or a refusal
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
			// Koppi ends streams now and then: an hour has passed, or it moves.
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

// inboxError says that the partner's own keeping failed.
type inboxError struct{ error }

func (e *inboxError) Unwrap() error { return e.error }

// final tells failures that trying again cannot mend. A refusal of Koppi's has a
// reason; what has none comes from the way.
func final(err error) bool {
	var chain *ChainError
	var inbox *inboxError
	if errors.As(err, &chain) || errors.As(err, &inbox) {
		return true
	}
	switch fault.ReasonOf(err) {
	case "", fault.Unavailable, fault.Busy, fault.Internal, fault.TokenExpired:
		return false
	}
	return true
}

// ended turns the regular end of a stream into no error.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
