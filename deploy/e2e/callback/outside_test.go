package callback

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const typePrefix = "type.googleapis.com/"

// everyKind is a call with a message of each type of the contract, and with one of tomorrow: its
// type is not known yet. Each has a field of tomorrow, and in its enums a value of tomorrow.
func everyKind() (types []string, body string) {
	types = []string{typePrefix + "koppi.concern.v1.ConcernMoved"}
	enums := map[string][]protoreflect.FieldDescriptor{}
	protoregistry.GlobalTypes.RangeMessages(func(kind protoreflect.MessageType) bool {
		if name := string(kind.Descriptor().FullName()); strings.HasPrefix(name, "koppi.") {
			types = append(types, typePrefix+name)
			for i := range kind.Descriptor().Fields().Len() {
				if field := kind.Descriptor().Fields().Get(i); field.Kind() == protoreflect.EnumKind && !field.IsList() && field.ContainingOneof() == nil {
					enums[typePrefix+name] = append(enums[typePrefix+name], field)
				}
			}
		}
		return true
	})
	chain, text := make([]byte, sha256.Size), base64.StdEncoding.EncodeToString
	var messages []string
	for i, name := range types {
		unknown := protowire.AppendVarint(protowire.AppendTag(nil, 4000, protowire.VarintType), 1)
		value, fields := bytes.Clone(unknown), `"fieldOfTomorrow": "x"`
		for _, enum := range enums[name] {
			value = protowire.AppendVarint(protowire.AppendTag(value, enum.Number(), protowire.VarintType), 4000)
			fields += fmt.Sprintf(", %q: %q", enum.JSONName(), "VALUE_OF_TOMORROW")
		}
		sent := &exchangev1.CaseMessage{
			Sequence: uint64(i + 1), Service: "concern", Mailbox: "kela", MessageId: fmt.Sprint(i), Subject: "concerns/1",
			Event: &anypb.Any{TypeUrl: name, Value: value},
		}
		sent.ProtoReflect().SetUnknown(unknown)
		record, nonce := testkit.Must(proto.Marshal(sent)), make([]byte, 32)
		content := sha256.Sum256(append(bytes.Clone(nonce), record...))
		next := sha256.Sum256(append(bytes.Clone(chain), content[:]...))
		chain = next[:]
		messages = append(messages, fmt.Sprintf(`{"sequence": "%d", "service": "concern", "mailbox": "kela", "messageId": "%d", "subject": "concerns/1",
			"fieldOfTomorrow": 1, "event": {"@type": "%s", %s}, "record": %q, "nonce": %q, "contentHash": %q, "chainHash": %q}`,
			i+1, i, name, fields, text(record), text(nonce), text(content[:]), text(chain)))
	}
	return types, fmt.Sprintf(`{"cursor": "AQ", "messages": [%s]}`, strings.Join(messages, ","))
}

// takesAll has an endpoint called with every kind: it acknowledges all of them.
func takesAll(t *testing.T, address string) (types []string) {
	t.Helper()
	types, body := everyKind()
	signer, now := testkit.Must(webhooks.NewWebhook(partnertest.CallbackSecret)), time.Now()
	call := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPost, address+exchangev1.CallbackService_Deliver_FullMethodName, strings.NewReader(body)))
	call.Header.Set(webhooks.HeaderWebhookID, "msg_1")
	call.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
	call.Header.Set(webhooks.HeaderWebhookSignature, testkit.Must(signer.Sign("msg_1", now, []byte(body))))
	answer := testkit.Must(http.DefaultClient.Do(call))
	defer func() { _ = answer.Body.Close() }()
	if said := string(testkit.Must(io.ReadAll(answer.Body))); !strings.Contains(said, fmt.Sprintf(`"accepted":%d`, len(types))) {
		t.Fatalf("of %d kinds: %d %s", len(types), answer.StatusCode, said)
	}
	return types
}

// The TypeScript endpoint accepts every kind of event of the contract, and an unknown kind as of a
// later version.
func TestNodeTakesEveryKind(t *testing.T) {
	n := newNodeBox(t)
	defer n.run()()
	partnertest.CheckFile(t, n.kept, len(takesAll(t, n.address())))
}

// The Go kit accepts every kind of event of the contract, and an unknown kind as of a later
// version, in a program of a module outside of this repository: the kit brings everything that it
// needs.
func TestGoOutsideTakesEveryKind(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	root := testkit.Path("")
	module := fmt.Sprintf("module partner.example/koppi\n\ngo 1.26.0\n\nrequire (\n\tkoppi.internal/partner v0.0.0\n\tkoppi.internal/proto v0.0.0\n)\n\n"+
		"replace (\n\tkoppi.internal/partner => %s/gateway/kits/go\n\tkoppi.internal/proto => %s/proto\n)\n", root, root)
	for name, text := range map[string][]byte{
		"go.mod": []byte(module), "go.sum": testkit.Must(os.ReadFile(filepath.Join(root, "gateway/kits/go/go.sum"))), "main.go": testkit.Must(os.ReadFile("testdata/outside/main.go")),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-o", "partner", ".")
	build.Dir = folder
	// What the repository's modules need is there already: nothing is fetched.
	build.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOFLAGS=-mod=mod -trimpath -buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	kept := filepath.Join(folder, "inbox.jsonl")
	command := exec.Command(filepath.Join(folder, "partner"), kept, partnertest.CallbackSecret)
	command.Stderr = leaktest.LogWriter()
	out := bufio.NewScanner(testkit.Must(command.StdoutPipe()))
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(command.Process.Kill(), command.Wait()) }()
	if !out.Scan() {
		t.Fatal("the program does not start")
	}
	types := takesAll(t, "http://"+out.Text())
	for _, want := range types {
		if !out.Scan() || out.Text() != want {
			t.Fatalf("%q is handed on in the place of %s", out.Text(), want)
		}
	}
	handedOn(t, kept, types)
}

// handedOn proves a partner's file: it holds each message once, as it was sent.
func handedOn(t *testing.T, path string, types []string) {
	t.Helper()
	partnertest.CheckFile(t, path, len(types))
	file := testkit.Must(os.Open(path))
	defer func() { _ = file.Close() }()
	var found []string
	_, _, err := partner.Verify(file, func(message *exchangev1.CaseMessage) { found = append(found, message.GetEvent().GetTypeUrl()) })
	if err != nil || !slices.Equal(found, types) {
		t.Errorf("%v, %v is handed on", err, found)
	}
}
