package partner_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// unmoved is an inbox into which nothing may be put.
type unmoved struct{ tb testing.TB }

func (u unmoved) Position(context.Context) (partner.Position, error) { return partner.Position{}, nil }

func (u unmoved) Take(context.Context, []partner.Message, partner.Position) error {
	u.tb.Error("something was taken that proves nothing")
	return nil
}

func (u unmoved) Holds(context.Context, *exchangev1.CaseMessage) (bool, error) { return false, nil }

// call posts a body as Koppi signs it.
func call(tb testing.TB, at *partner.Endpoint, body []byte) *httptest.ResponseRecorder {
	tb.Helper()
	signer, err := webhooks.NewWebhook(secret)
	if err != nil {
		tb.Fatal(err)
	}
	now := time.Now()
	signature, err := signer.Sign("msg_1", now, body)
	if err != nil {
		tb.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, exchangev1.CallbackService_Deliver_FullMethodName, bytes.NewReader(body))
	request.Header.Set(webhooks.HeaderWebhookID, "msg_1")
	request.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(now.Unix()))
	request.Header.Set(webhooks.HeaderWebhookSignature, signature)
	answer := httptest.NewRecorder()
	at.ServeHTTP(answer, request)
	return answer
}

func endpointOf(tb testing.TB, inbox partner.Called) *partner.Endpoint {
	tb.Helper()
	at, err := partner.NewEndpoint(inbox, slog.New(slog.NewTextHandler(io.Discard, nil)), secret)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

// kept is an inbox that takes every message.
type kept struct {
	unmoved
	messages []*exchangev1.CaseMessage
}

func (k *kept) Take(_ context.Context, messages []partner.Message, _ partner.Position) error {
	for _, one := range messages {
		k.messages = append(k.messages, one.GetMessage())
	}
	return nil
}

// An endpoint takes every kind of event of the contract, and those of later versions: a kind, a field and an enum value
// that this kit does not know. It verifies them, and hands them on as they were sent.
func TestEndpointTakesEveryKind(t *testing.T) {
	kinds := map[string]string{"koppi.concern.v1.ConcernMoved": `"to": {"agency": "kela"}`}
	protoregistry.GlobalTypes.RangeMessages(func(kind protoreflect.MessageType) bool {
		if name := string(kind.Descriptor().FullName()); strings.HasPrefix(name, "koppi.") && !strings.Contains(string(kind.Descriptor().Name()), "Request") {
			kinds[name] = `"fieldOfTomorrow": "x"`
		}
		return true
	})
	for _, name := range []string{"koppi.concern.v1.ConcernSubmitted", "koppi.common.v1.ConsentWithdrawn", "koppi.common.v1.EnteredInError", "koppi.plan.v1.PlanCreated"} {
		if kinds[name] == "" {
			t.Fatalf("%s is not linked", name)
		}
	}
	for name, fields := range kinds {
		box := &kept{unmoved: unmoved{t}}
		// An unknown field, by its number in the wire format.
		unknown := protowire.AppendVarint(protowire.AppendTag(nil, 4000, protowire.VarintType), 1)
		sent := &exchangev1.CaseMessage{
			Sequence: 1, Service: "concern", Mailbox: "kela", MessageId: "m", Subject: "concerns/1", OccurredAt: timestamppb.Now(),
			Event: &anypb.Any{TypeUrl: "type.googleapis.com/" + name, Value: unknown},
		}
		sent.ProtoReflect().SetUnknown(unknown)
		record, err := proto.MarshalOptions{Deterministic: true}.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		nonce := make([]byte, 32)
		content := sha256.Sum256(append(bytes.Clone(nonce), record...))
		chain := sha256.Sum256(append(make([]byte, 32), content[:]...))
		text := base64.StdEncoding.EncodeToString
		body := fmt.Sprintf(`{"cursor": "AQ", "messages": [{"sequence": "1", "service": "concern", "mailbox": "kela", "messageId": "m", "subject": "concerns/1", "urgency": "URGENCY_OF_TOMORROW",
			"event": {"@type": "type.googleapis.com/%s", %s}, "record": %q, "nonce": %q, "contentHash": %q, "chainHash": %q}]}`,
			name, fields, text(record), text(nonce), text(content[:]), text(chain[:]))
		answer := call(t, endpointOf(t, box), []byte(body))
		if !strings.Contains(answer.Body.String(), `"accepted":1`) || len(box.messages) != 1 {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		} else if got := box.messages[0]; got.GetEvent().GetTypeUrl() != sent.GetEvent().GetTypeUrl() || !bytes.Equal(got.GetRecord(), record) {
			t.Errorf("%s is handed on as %v", name, got)
		}
	}
}

// Any body, even one that Koppi signed, is answered, and a message that does not match its hash is not taken.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"messages":[{}]}`, `{"messages":[{"sequence":"1","service":"concern"}],"cursor":"AQ"}`,
		`{"messages":[{"sequence":"1","redelivered":true,"record":"AA==","nonce":"AA=="}]}`, `{"messages":[null]}`, `[`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := call(t, endpointOf(t, unmoved{t}), body)
		if answer.Code != http.StatusOK && answer.Code != http.StatusBadRequest {
			t.Errorf("%d: %s", answer.Code, answer.Body)
		}
	})
}
