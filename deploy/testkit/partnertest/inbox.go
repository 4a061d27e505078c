// Package partnertest is an agency's own system in tests: its inbox, its connection, and the endpoint
// at which Koppi calls it.
package partnertest

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/partner"
)

// Inbox is a partner's file that signals whenever it takes messages.
type Inbox struct {
	*partner.File
	Path  string
	taken chan struct{}
}

// OpenInbox opens an empty inbox in a temporary folder.
func OpenInbox(t testing.TB, name string) *Inbox {
	t.Helper()
	return ReopenInbox(t, filepath.Join(t.TempDir(), name+".jsonl"))
}

// ReopenInbox opens an inbox that was closed.
func ReopenInbox(t testing.TB, path string) *Inbox {
	t.Helper()
	file, err := partner.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return &Inbox{File: file, Path: path, taken: make(chan struct{}, 1)}
}

// Take takes messages, as partner.Inbox says.
func (i *Inbox) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	err := i.File.Take(ctx, messages, behind)
	select {
	case i.taken <- struct{}{}:
	default:
	}
	return err
}

// Reach waits until the inbox holds the messages of the concern service's mailbox up to a sequence.
// It fails the test after a minute.
func (i *Inbox) Reach(t testing.TB, sequence uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		position, _ := i.Position(ctx)
		if position.Heads["concern"].Sequence >= sequence {
			return
		}
		select {
		case <-i.taken:
		case <-ctx.Done():
			t.Fatalf("the inbox is at %d of %d", position.Heads["concern"].Sequence, sequence)
		}
	}
}

// Connect opens the standing connection of an agency's system to an address until the test ends, and
// closes the inbox then.
func Connect(t testing.TB, address, token string, box *Inbox) *partner.Client {
	t.Helper()
	return ConnectOver(t, testkit.Dial(t, address), token, box)
}

// ConnectOver is Connect over a connection.
func ConnectOver(t testing.TB, conn grpc.ClientConnInterface, token string, box *Inbox) *partner.Client {
	t.Helper()
	client := partner.New(partner.Config{
		Conn: conn, Token: func(context.Context) (string, error) { return token, nil }, Inbox: box, Logger: Logger(), Window: 64,
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = box.Close()
	})
	return client
}

// Logger is a partner's logger, whose lines leaktest records.
func Logger() *slog.Logger { return slog.New(slog.NewTextHandler(leaktest.LogWriter(), nil)) }
