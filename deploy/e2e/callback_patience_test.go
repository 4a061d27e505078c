package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/gateway/callback"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// deliveredTo is a call's request, as an endpoint gets it.
func deliveredTo(r *http.Request) (*exchangev1.DeliverRequest, []byte) {
	body := must(io.ReadAll(r.Body))
	request := &exchangev1.DeliverRequest{}
	must(struct{}{}, protojson.Unmarshal(body, request))
	r.Body = io.NopCloser(bytes.NewReader(body))
	return request, body
}

// A partner's program of before answers 400 to a call that holds a kind of message which it does
// not know. That message is parked, and all others arrive.
func TestCallbackToAKitOfBefore(t *testing.T) {
	e := newEndpoint(t)
	b := newCalled(t, "CONNECT", e.address, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)})
	box := openInbox(t, "kela")
	defer func() { _ = box.Close() }()
	handler := box.open(t, newSecret)
	service := concernv1.NewConcernServiceClient(b.grpc())
	for i := range 10 {
		request := submission()
		if i == 4 {
			request.Urgency = commonv1.Urgency_URGENCY_EMERGENCY
		}
		must(service.SubmitConcern(b.asWorker("kela"), request))
	}
	e.set(func(w http.ResponseWriter, r *http.Request) {
		// It knows no emergencies.
		if _, body := deliveredTo(r); strings.Contains(string(body), `"URGENCY_EMERGENCY"`) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		handler.ServeHTTP(w, r)
	})
	box.reach(t, 10)
	operator := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+b.tokens["operator"])
	listed := must(exchangev1.NewParkingServiceClient(b.grpc()).ListParked(operator, &exchangev1.ListParkedRequest{}))
	if len(listed.GetParked()) != 1 || listed.GetParked()[0].GetSequence() != 5 {
		t.Errorf("parked is %v", listed)
	}
}

// An endpoint that needs its time for each message is called with as many as it can take.
func TestCallbackToASlowEndpoint(t *testing.T) {
	e := newEndpoint(t)
	b := newCalled(t, "CONNECT", e.address, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)})
	box := openInbox(t, "kela")
	defer func() { _ = box.Close() }()
	handler := box.open(t, newSecret)
	service := concernv1.NewConcernServiceClient(b.grpc())
	for range 60 {
		must(service.SubmitConcern(b.asWorker("kela"), submission()))
	}
	e.set(func(w http.ResponseWriter, r *http.Request) {
		request, _ := deliveredTo(r)
		select {
		case <-time.After(time.Duration(len(request.GetMessages())) * 15 * time.Millisecond):
			handler.ServeHTTP(w, r)
		case <-r.Context().Done():
			// What is answered too late was not taken.
		}
	})
	box.reach(t, 60)
	verified(t, box.path, 60)
}

// An endpoint that asks to be left alone is, within bounds.
func TestCallbackRetryAfter(t *testing.T) {
	e := newEndpoint(t)
	b := newCalled(t, "CONNECT", e.address, callback.Settings{CallbackSecrets: secretsFile(t, newSecret)})
	calls := make(chan time.Time, 100)
	e.set(func(w http.ResponseWriter, _ *http.Request) {
		calls <- time.Now()
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	must(concernv1.NewConcernServiceClient(b.grpc()).SubmitConcern(b.asWorker("kela"), submission()))
	first := <-calls
	for range 3 {
		next := <-calls
		// FirstRetry is 5 ms and LastRetry 100 ms: an hour is cut to that.
		if waited := next.Sub(first); waited < 95*time.Millisecond {
			t.Errorf("it is called again after %v", waited)
		}
		first = next
	}
}

// The endpoint in TypeScript takes every kind of event of the contract, and one of tomorrow.
func TestNodeTakesEveryKind(t *testing.T) {
	n := newNodeBox(t)
	defer n.run()()
	kinds := []string{"koppi.concern.v1.ConcernMoved"}
	protoregistry.GlobalTypes.RangeMessages(func(kind protoreflect.MessageType) bool {
		if name := string(kind.Descriptor().FullName()); strings.HasPrefix(name, "koppi.") {
			kinds = append(kinds, name)
		}
		return true
	})
	chain, text := make([]byte, 32), base64.StdEncoding.EncodeToString
	var messages []string
	for i, name := range kinds {
		unknown := protowire.AppendVarint(protowire.AppendTag(nil, 4000, protowire.VarintType), 1)
		sent := &exchangev1.CaseMessage{
			Sequence: uint64(i + 1), Service: "concern", Mailbox: "kela", MessageId: fmt.Sprint(i), Subject: "concerns/1",
			Event: &anypb.Any{TypeUrl: "type.googleapis.com/" + name, Value: unknown},
		}
		sent.ProtoReflect().SetUnknown(unknown)
		record, nonce := must(proto.Marshal(sent)), make([]byte, 32)
		content := sha256.Sum256(append(bytes.Clone(nonce), record...))
		next := sha256.Sum256(append(bytes.Clone(chain), content[:]...))
		chain = next[:]
		messages = append(messages, fmt.Sprintf(`{"sequence": "%d", "service": "concern", "mailbox": "kela", "messageId": "%d", "subject": "concerns/1",
			"event": {"@type": "type.googleapis.com/%s", "fieldOfTomorrow": "x"}, "record": %q, "nonce": %q, "contentHash": %q, "chainHash": %q}`,
			i+1, i, name, text(record), text(nonce), text(content[:]), text(chain)))
	}
	body := []byte(fmt.Sprintf(`{"cursor": "AQ", "messages": [%s]}`, strings.Join(messages, ",")))
	signer, now := must(webhooks.NewWebhook(newSecret)), time.Now()
	call := must(http.NewRequestWithContext(t.Context(), http.MethodPost, n.address()+exchangev1.CallbackService_Deliver_FullMethodName, bytes.NewReader(body)))
	call.Header.Set(webhooks.HeaderWebhookID, "msg_1")
	call.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
	call.Header.Set(webhooks.HeaderWebhookSignature, must(signer.Sign("msg_1", now, body)))
	answer := must(http.DefaultClient.Do(call))
	defer func() { _ = answer.Body.Close() }()
	if said := string(must(io.ReadAll(answer.Body))); !strings.Contains(said, fmt.Sprintf(`"accepted":%d`, len(kinds))) {
		t.Errorf("of %d kinds: %d %s", len(kinds), answer.StatusCode, said)
	}
	verified(t, n.kept, len(kinds))
}
