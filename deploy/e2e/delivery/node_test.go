package delivery

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// example is the program of the kit in TypeScript that reads, as make kits builds it.
const example = "gateway/kits/node/dist/bin/watch.js"

// nodePartner is a running example.
type nodePartner struct {
	inbox string
	// kept is the last sequence that it says it has; more signals another.
	kept atomic.Uint64
	more chan struct{}
	// ended is closed with its output.
	ended  chan struct{}
	errors *bytes.Buffer
}

func startNode(t *testing.T, address, token, protocol string) *nodePartner {
	t.Helper()
	if _, err := os.Stat(testkit.Path(example)); err != nil {
		t.Fatal("the kit in TypeScript is not built: make kits")
	}
	folder := t.TempDir()
	tokenFile := filepath.Join(folder, "token")
	if err := os.WriteFile(tokenFile, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &nodePartner{inbox: filepath.Join(folder, "inbox.jsonl"), more: make(chan struct{}, 1), ended: make(chan struct{}), errors: &bytes.Buffer{}}
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, "node", testkit.Path(example), address, tokenFile, p.inbox, "node-"+protocol, protocol)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.Stderr = p.errors
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal("node is missing: apt-get install nodejs npm: ", err)
	}
	go p.read(t, out)
	t.Cleanup(func() {
		stop()
		<-p.ended
		if err := command.Wait(); err != nil && ctx.Err() == nil {
			t.Errorf("the example: %v: %s", err, p.errors)
		}
	})
	return p
}

func (p *nodePartner) read(t *testing.T, out io.Reader) {
	defer close(p.ended)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		number, _, _ := strings.Cut(lines.Text(), " ")
		sequence, err := strconv.ParseUint(number, 10, 64)
		if last := p.kept.Swap(sequence); err != nil || sequence != last+1 {
			t.Errorf("the example says %q after %d", lines.Text(), last)
		}
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
}

// reach waits until the example has kept a sequence.
func (p *nodePartner) reach(t *testing.T, sequence uint64) {
	t.Helper()
	timeout := time.After(time.Minute)
	for p.kept.Load() < sequence {
		select {
		case <-p.more:
		case <-p.ended:
			t.Fatalf("the example ended at %d of %d: %s", p.kept.Load(), sequence, p.errors)
		case <-timeout:
			t.Fatalf("the example is at %d of %d: %s", p.kept.Load(), sequence, p.errors)
		}
	}
}

// A client in TypeScript, which is not built from our Go code, uses connections that are cut a
// hundred times at random points while a thousand commands run, over Connect and over gRPC.
func TestLongCutsInNode(t *testing.T) {
	t.Parallel()
	const commands, cuts = 1000, 100
	// How far the commands may run ahead of the readers.
	const ahead = 40
	f := testkit.NewFixture(t)
	lines := map[string]*testkit.Proxy{}
	partners := map[string]*nodePartner{}
	for _, protocol := range []string{"connect", "grpc"} {
		lines[protocol] = testkit.NewProxy(t, f.Address, func() int64 { return 500 + rand.Int64N(20_000) })
		partners[protocol] = startNode(t, lines[protocol].Address, f.Tokens["system"], protocol)
	}
	service := concernv1.NewConcernServiceClient(f.Conn())
	reports := map[string]bool{}
	var head uint64
	for head < commands || min(lines["connect"].Cuts.Load(), lines["grpc"].Cuts.Load()) < cuts {
		response, err := service.SubmitConcern(f.As("kela"), testkit.Submission())
		if err != nil {
			t.Fatal(err)
		}
		id := response.GetConcern().GetConcernId()
		reports[id] = true
		if _, err := service.TakeConcern(f.As("county"), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}); err != nil {
			t.Fatal(err)
		}
		head += 2
		for _, partner := range partners {
			partner.reach(t, head-min(head, ahead))
		}
	}
	for protocol, partner := range partners {
		partner.reach(t, head)
		partnertest.CheckMailbox(t, partner.inbox, head, reports)
		t.Logf("%s: %d messages, %d cuts", protocol, head, lines[protocol].Cuts.Load())
	}
}
