package callback

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// An attacker repeats a recorded call to an endpoint, with its original signature. The mailbox does
// not receive the messages a second time, and a call that was signed long ago is refused without
// being read.
func TestReplayedCallback(t *testing.T) {
	e := partnertest.NewEndpoint(t)
	f := newCalled(t, "CONNECT", e.Address, callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)})
	box := partnertest.OpenInbox(t, "kela")
	defer func() { _ = box.Close() }()
	endpoint := box.Endpoint(t, partnertest.CallbackSecret)
	var mu sync.Mutex
	var kept []*http.Request
	e.Handle(func(w http.ResponseWriter, r *http.Request) {
		body := testkit.Must(io.ReadAll(r.Body))
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
		if _, err := concernv1.NewConcernServiceClient(f.Conn()).SubmitConcern(f.As("kela"), testkit.Submission()); err != nil {
			t.Fatal(err)
		}
	}
	box.Reach(t, commands)
	e.Handle(endpoint.ServeHTTP)
	mu.Lock()
	defer mu.Unlock()
	for _, request := range kept {
		answer := testkit.Must(http.DefaultClient.Do(request))
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("what is taken already: %s", answer.Status)
		}
	}
	partnertest.CheckFile(t, box.Path, commands)

	old, body := time.Now().Add(-10*time.Minute), []byte(`{}`)
	request := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPost, e.Address+exchangev1.CallbackService_Deliver_FullMethodName, bytes.NewReader(body)))
	request.Header.Set(webhooks.HeaderWebhookID, "msg_1")
	request.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(old.Unix()))
	request.Header.Set(webhooks.HeaderWebhookSignature, testkit.Must(testkit.Must(webhooks.NewWebhook(partnertest.CallbackSecret)).Sign("msg_1", old, body)))
	answer := testkit.Must(http.DefaultClient.Do(request))
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("signed ten minutes ago: %s", answer.Status)
	}
}
