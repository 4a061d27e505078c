package callback

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/loopback/porttest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// nodeEndpoint is the endpoint in TypeScript, as make builds it.
const nodeEndpoint = "gateway/kits/node/dist/bin/endpoint.js"

// nodeBox is that endpoint at a port, over a file of its own.
type nodeBox struct {
	t                            *testing.T
	program, port, secrets, kept string
}

func newNodeBox(t *testing.T) *nodeBox {
	t.Helper()
	if _, err := os.Stat(testkit.Path(nodeEndpoint)); err != nil {
		t.Fatal("the kit in TypeScript is not built: make kits")
	}
	folder := t.TempDir()
	n := &nodeBox{t: t, program: testkit.Path(nodeEndpoint), secrets: filepath.Join(folder, "secrets"), kept: filepath.Join(folder, "inbox.jsonl")}
	if err := os.WriteFile(n.secrets, []byte(partnertest.OldCallbackSecret+"\n"+partnertest.CallbackSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.port = fmt.Sprint(porttest.Free(t))
	return n
}

func (n *nodeBox) address() string { return "http://127.0.0.1:" + n.port }

// run returns once it listens.
func (n *nodeBox) run() (kill func()) {
	n.t.Helper()
	command := exec.Command("node", n.program, n.port, n.secrets, n.kept)
	out := testkit.Must(command.StdoutPipe())
	if err := command.Start(); err != nil {
		n.t.Fatal("node is missing: apt-get install nodejs npm: ", err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		n.t.Fatal(err)
	}
	return func() { _ = errors.Join(command.Process.Kill(), command.Wait()) }
}

// reach waits until so many messages are kept.
func (n *nodeBox) reach(messages int) {
	n.t.Helper()
	testkit.Eventually(n.t, func() bool {
		text, err := os.ReadFile(n.kept)
		return err == nil && bytes.Count(text, []byte("\n")) >= messages
	})
}

// The TypeScript endpoint accepts signed messages, and the Go kit verifies what it has stored. The
// endpoint is killed and restarted meanwhile.
func TestCallbackToNode(t *testing.T) {
	const commands = 100
	n := newNodeBox(t)
	f := newCalled(t, "CONNECT", n.address(), callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)})
	kill := n.run()
	service := concernv1.NewConcernServiceClient(f.Conn())
	for i := range commands {
		if i == commands/2 {
			kill()
			kill = n.run()
		}
		if _, err := service.SubmitConcern(f.As("kela"), testkit.Submission()); err != nil {
			t.Fatal(err)
		}
	}
	n.reach(commands)
	kill()
	partnertest.CheckFile(t, n.kept, commands)
}

// If Koppi's history differs from the one that the TypeScript endpoint has stored, as after a
// restore, the endpoint refuses each message that takes the place of another with DATA_LOSS. It
// treats none as a repeat, and loses nothing that it has stored.
func TestNodeRefusesAnotherHistory(t *testing.T) {
	n := newNodeBox(t)
	defer n.run()()
	submit := func(f *testkit.Fixture) {
		if _, err := concernv1.NewConcernServiceClient(f.Conn()).SubmitConcern(f.As("kela"), testkit.Submission()); err != nil {
			t.Fatal(err)
		}
	}
	before := newCalled(t, "CONNECT", n.address(), callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)})
	submit(before)
	submit(before)
	n.reach(2)
	kept := testkit.Must(os.ReadFile(n.kept))

	answers := make(chan *exchangev1.DeliverResponse, 10)
	way := httputil.NewSingleHostReverseProxy(testkit.Must(url.Parse(n.address())))
	way.ModifyResponse = func(response *http.Response) error {
		body, err := io.ReadAll(response.Body)
		answer := &exchangev1.DeliverResponse{}
		if err := errors.Join(err, protojson.Unmarshal(body, answer)); err != nil {
			return err
		}
		select {
		case answers <- answer:
		default: // enough of them
		}
		response.Body = io.NopCloser(bytes.NewReader(body))
		return nil
	}
	e := partnertest.NewEndpoint(t)
	e.Handle(way.ServeHTTP)
	submit(newCalled(t, "CONNECT", e.Address, callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)}))
	for range 2 {
		if answer := <-answers; answer.GetAccepted() != 0 || codes.Code(answer.GetRefused().GetCode()) != codes.DataLoss {
			t.Fatalf("another history is answered %v", answer)
		}
	}
	if now := testkit.Must(os.ReadFile(n.kept)); !bytes.Equal(now, kept) {
		t.Errorf("%d bytes were kept, and are %d", len(kept), len(now))
	}
}
