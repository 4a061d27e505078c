package partner_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"koppi.internal/pkg/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// unmoved is an inbox that nothing may be put into.
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

// Whatever a body holds, even one that Koppi signed: it is answered, and nothing is
// taken that is not what was hashed.
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
