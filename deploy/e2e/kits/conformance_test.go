package kits

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/partner"
	"koppi.internal/pkg/loopback/porttest"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Every event type of the contract, and one of tomorrow, each with a field and values that no kit knows, goes through
// every kit: as it is installed, in each way of reading. The kit keeps each record and hands it on as it was sent. A
// mailbox of today is read by the kit of the version before too.
func TestLongEveryEventThroughEveryKit(t *testing.T) {
	kits := install(t)
	f, types := everyEvent(t, map[string]string{"kela": kits.port(t, "go"), "hva-pohjois-savo": kits.port(t, "node"), "terveys-pohjois-savo": kits.port(t, "python")})
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(f.Tokens["system"]), 0o600); err != nil {
		t.Fatal(err)
	}
	readers := map[string][]string{
		"Go, called":               {kits.goProgram, "endpoint", kits.ports["go"], kits.secrets},
		"TypeScript, called":       {kits.node("koppi-endpoint"), kits.ports["node"], kits.secrets},
		"Python, called":           {"python3", "-m", "koppi_partner", "endpoint", kits.ports["python"], kits.secrets},
		"Go, connected":            {kits.goProgram, "watch", f.Address, token},
		"Go, polling":              {kits.goProgram, "poll", f.Address, token},
		"TypeScript, over Connect": {kits.node("koppi-watch"), f.Address, token, "INBOX", "connect", "connect"},
		"TypeScript, over gRPC":    {kits.node("koppi-watch"), f.Address, token, "INBOX", "grpc", "grpc"},
		"TypeScript, polling":      {"node", kits.script("poll.mjs"), f.Address, token},
		"Python, polling":          {"python3", kits.script("poll.py"), f.Address, token},
		"the version before": {
			clustertest.Previous(t, clustertest.KoppiCommand), "watch", "--agency", "kela", "--address", f.Address, "--token-file", token,
			"--inbox", "INBOX",
		},
	}
	for _, name := range slices.Sorted(maps.Keys(readers)) {
		t.Run(name, func(t *testing.T) {
			inbox := filepath.Join(t.TempDir(), "inbox.jsonl")
			arguments := slices.Clone(readers[name])
			if at := slices.Index(arguments, "INBOX"); at >= 0 {
				arguments[at] = inbox
			} else {
				arguments = append(arguments, inbox)
			}
			stop := kits.run(t, arguments)
			testkit.Eventually(t, func() bool {
				text, err := os.ReadFile(inbox)
				return err == nil && bytes.Count(text, []byte("\n")) >= len(types)
			})
			stop()
			handedOn(t, inbox, types)
		})
	}
}

// handedOn proves a partner's file: it holds each message once, as it was sent.
func handedOn(t *testing.T, path string, types []string) {
	t.Helper()
	partnertest.CheckFile(t, path, len(types))
	file := testkit.Must(os.Open(path))
	defer func() { _ = file.Close() }()
	var found []string
	_, _, err := partner.Verify(file, func(message *exchangev1.CaseMessage) {
		found = append(found, strings.TrimPrefix(message.GetEvent().GetTypeUrl(), typePrefix))
	})
	if err != nil || !slices.Equal(found, types) {
		t.Errorf("%v, %v is handed on", err, found)
	}
}

// The endpoint of each kit takes what Koppi has signed with one of its secrets, lately, once and in order. It never
// refuses a message for good because it does not fit: Koppi would park it.
func TestEndpointsRefuse(t *testing.T) {
	kits := install(t)
	for name, program := range map[string][]string{
		"Go":         {kits.goProgram, "endpoint"},
		"TypeScript": {kits.node("koppi-endpoint")},
		"Python":     {"python3", "-m", "koppi_partner", "endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			port, inbox := fmt.Sprint(porttest.Free(t)), filepath.Join(t.TempDir(), "inbox.jsonl")
			defer kits.run(t, append(slices.Clone(program), port, kits.secrets, inbox))()
			await(t, port)
			e := called{t, "http://127.0.0.1:" + port}
			now, first, second := time.Now(), chained(1, 1)[0], chained(1, 2)[1]
			e.answers("unsigned", "", now, body(first), http.StatusUnauthorized, "unauthenticated")
			e.answers("another's secret", "whsec_"+base64.StdEncoding.EncodeToString([]byte("another's secret, of 32 bytes...")), now, body(first), http.StatusUnauthorized, "unauthenticated")
			e.answers("of yesterday", partnertest.CallbackSecret, now.Add(-24*time.Hour), body(first), http.StatusUnauthorized, "unauthenticated")
			e.answers("no request", partnertest.CallbackSecret, now, "[", http.StatusBadRequest, "invalid_argument")
			e.answers("a gap", partnertest.CallbackSecret, now, body(second), http.StatusOK, `"code":15`)
			e.answers("tampered", partnertest.CallbackSecret, now, strings.Replace(body(first), `"nonce":"A`, `"nonce":"B`, 1), http.StatusOK, `"code":15`)
			e.answers("the first", partnertest.OldCallbackSecret, now, body(first), http.StatusOK, `"accepted":1`)
			e.answers("repeated, with the next", partnertest.CallbackSecret, now, body(first, second), http.StatusOK, `"accepted":2`)
			e.answers("another in its place", partnertest.CallbackSecret, now, body(chained(2, 2)[1]), http.StatusOK, `"code":15`)
			e.answers("delivered again", partnertest.CallbackSecret, now, body(strings.Replace(first, `"sequence"`, `"redelivered": true, "sequence"`, 1)), http.StatusOK, `"accepted":1`)
		})
	}
}

// called is an endpoint.
type called struct {
	t       *testing.T
	address string
}

func (c called) answers(what, secret string, at time.Time, body string, status int, says string) {
	c.t.Helper()
	call := testkit.Must(http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.address+exchangev1.CallbackService_Deliver_FullMethodName, strings.NewReader(body)))
	call.Header.Set("Content-Type", "application/json")
	if secret != "" {
		call.Header.Set(webhooks.HeaderWebhookID, "msg_1")
		call.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
		call.Header.Set(webhooks.HeaderWebhookSignature, testkit.Must(testkit.Must(webhooks.NewWebhook(secret)).Sign("msg_1", at, []byte(body))))
	}
	answer := testkit.Must(http.DefaultClient.Do(call))
	defer func() { _ = answer.Body.Close() }()
	said := strings.ReplaceAll(string(testkit.Must(io.ReadAll(answer.Body))), " ", "")
	if answer.StatusCode != status || !strings.Contains(said, says) {
		c.t.Errorf("%s: %d %s, want %d with %s", what, answer.StatusCode, said, status, says)
	}
}

func body(messages ...string) string {
	return fmt.Sprintf(`{"cursor": "AQ", "messages": [%s]}`, strings.Join(messages, ","))
}

// chained are messages of a mailbox in JSON. Those of another history differ from the second on.
func chained(history byte, count int) []string {
	chain, text := make([]byte, sha256.Size), base64.StdEncoding.EncodeToString
	var messages []string
	for i := range count {
		sequence, nonce := byte(i+1), make([]byte, 32)
		if i > 0 {
			nonce[1] = history
		}
		// service, mailbox and sequence
		record := append([]byte("\x12\x07concern\x1a\x04kela\x20"), sequence)
		content := sha256.Sum256(append(bytes.Clone(nonce), record...))
		next := sha256.Sum256(append(bytes.Clone(chain), content[:]...))
		chain = next[:]
		messages = append(messages, fmt.Sprintf(`{"sequence": "%d", "service": "concern", "mailbox": "kela", "record": %q, "nonce":%q, "contentHash": %q, "chainHash": %q}`,
			sequence, text(record), text(nonce), text(content[:]), text(chain)))
	}
	return messages
}
