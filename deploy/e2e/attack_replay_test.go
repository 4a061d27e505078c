package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"koppi.internal/gateway/callback"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// An attacker repeats a recorded call to an endpoint, with its original signature. The mailbox does
// not receive the messages a second time, and a call that was signed long ago is refused without
// being read.
func TestReplayedCallback(t *testing.T) {
	e := newEndpoint(t)
	b := newCalled(t, "CONNECT", e.address, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)})
	box := openInbox(t, "kela")
	defer func() { _ = box.Close() }()
	endpoint := box.open(t, newSecret)
	var mu sync.Mutex
	var kept []*http.Request
	e.set(func(w http.ResponseWriter, r *http.Request) {
		body := must(io.ReadAll(r.Body))
		again := r.Clone(t.Context())
		again.RequestURI, again.URL.Scheme, again.URL.Host = "", "http", r.Host
		r.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		kept = append(kept, again)
		mu.Unlock()
		endpoint.ServeHTTP(w, r)
	})
	const commands = 5
	for range commands {
		if _, err := concernv1.NewConcernServiceClient(b.grpc()).SubmitConcern(b.asWorker("kela"), submission()); err != nil {
			t.Fatal(err)
		}
	}
	box.reach(t, commands)
	e.set(endpoint.ServeHTTP)
	mu.Lock()
	defer mu.Unlock()
	for _, request := range kept {
		answer := must(http.DefaultClient.Do(request))
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("what is taken already: %s", answer.Status)
		}
	}
	verified(t, box.path, commands)

	old, body := time.Now().Add(-10*time.Minute), []byte(`{}`)
	request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, e.address+exchangev1.CallbackService_Deliver_FullMethodName, bytes.NewReader(body)))
	request.Header.Set(webhooks.HeaderWebhookID, "msg_1")
	request.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(old.Unix()))
	request.Header.Set(webhooks.HeaderWebhookSignature, must(must(webhooks.NewWebhook(newSecret)).Sign("msg_1", old, body)))
	answer := must(http.DefaultClient.Do(request))
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("signed ten minutes ago: %s", answer.Status)
	}
}
