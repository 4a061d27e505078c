package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"koppi.internal/deploy/allinone"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
)

// suite is the whole of Koppi in a process of its own.
type suite struct {
	*daemon
	data string
}

func newSuite(t *testing.T) *suite {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	return &suite{daemon: newDaemon(t, koppiProgram, append([]string{"up", "--dev", "--data", data}, unlimited...)...), data: data}
}

// fsck verifies the journal at rest and returns the ends of its mailboxes.
func (p *suite) fsck() map[string]journal.Position {
	p.t.Helper()
	files := allinone.Paths(p.data, "concern")
	kek, err := seal.OpenKEK(files.KEK)
	if err != nil {
		p.t.Fatal(err)
	}
	store, err := sqlite.Open(p.t.Context(), sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := checked(store, "concern"); err != nil {
		p.t.Fatal(err)
	}
	heads, err := store.Positions(p.t.Context())
	if err := errors.Join(err, store.Close()); err != nil {
		p.t.Fatal(err)
	}
	return heads
}

// insist asks until there is an answer, with the same request_id each time.
func insist[Request, Response any](t *testing.T, ctx context.Context, call func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) Response {
	for until := time.Now().Add(3 * time.Minute); ; {
		response, err := call(ctx, request, grpc.WaitForReady(true))
		reason := fault.ReasonOf(err)
		if err == nil {
			return response
		}
		if reason != "" && reason != fault.Unavailable || time.Now().After(until) {
			t.Error(err)
			return response
		}
		<-time.After(5 * time.Millisecond)
	}
}

// Koppi is killed twenty times at random moments while agencies work. Nothing that was acknowledged
// is lost, no request takes effect twice, and every mailbox is complete.
func TestKills(t *testing.T) {
	const kills = 20
	p := newSuite(t)
	p.start()
	conn := dialStubborn(t, p.address)
	l := newLoad(t, conn)
	for range kills {
		// Under load for sure, and then at any moment.
		<-l.done.more
		<-time.After(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
		p.end(syscall.SIGKILL)
		p.fsck()
		p.start()
	}
	want := l.finish()
	p.end(syscall.SIGTERM)
	for agency, head := range p.fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	t.Logf("%d kills, %d commands", kills, want)
}
