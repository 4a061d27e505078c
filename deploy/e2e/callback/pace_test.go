package callback

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// deliveredTo is a call's request, as an endpoint gets it.
func deliveredTo(r *http.Request) (*exchangev1.DeliverRequest, []byte) {
	body := testkit.Must(io.ReadAll(r.Body))
	request := &exchangev1.DeliverRequest{}
	testkit.Must(struct{}{}, protojson.Unmarshal(body, request))
	r.Body = io.NopCloser(bytes.NewReader(body))
	return request, body
}

// A partner's program of an earlier version answers 400 to a call with a kind of message that it
// does not know. That message is parked, and all others arrive.
func TestCallbackToAKitOfBefore(t *testing.T) {
	requests := submissions(10)
	requests[4].Urgency = commonv1.Urgency_URGENCY_EMERGENCY
	w := newWaiting(t, requests)
	w.Handle(func(answer http.ResponseWriter, r *http.Request) {
		// It knows no emergencies.
		if _, body := deliveredTo(r); strings.Contains(string(body), `"URGENCY_EMERGENCY"`) {
			answer.WriteHeader(http.StatusBadRequest)
			return
		}
		w.handler.ServeHTTP(answer, r)
	})
	w.box.Reach(t, 10)
	operator := testkit.WithToken(t, w.fixture.Tokens["operator"])
	listed := testkit.Must(exchangev1.NewParkingServiceClient(w.fixture.Conn()).ListParked(operator, &exchangev1.ListParkedRequest{}))
	if len(listed.GetParked()) != 1 || listed.GetParked()[0].GetSequence() != 5 {
		t.Errorf("parked is %v", listed)
	}
}

// An endpoint that needs a certain time for each message gets only as many messages in a call as it
// can process.
func TestCallbackToASlowEndpoint(t *testing.T) {
	w := newWaiting(t, submissions(60))
	w.Handle(func(answer http.ResponseWriter, r *http.Request) {
		request, _ := deliveredTo(r)
		select {
		case <-time.After(time.Duration(len(request.GetMessages())) * 15 * time.Millisecond):
			w.handler.ServeHTTP(answer, r)
		case <-r.Context().Done():
			// What is answered too late was not taken.
		}
	})
	w.box.Reach(t, 60)
	partnertest.CheckFile(t, w.box.Path, 60)
}

// An endpoint that asks for a pause with Retry-After gets one, within limits.
func TestCallbackRetryAfter(t *testing.T) {
	e := partnertest.NewEndpoint(t)
	f := newCalled(t, "CONNECT", e.Address, callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)})
	calls := make(chan time.Time, 100)
	e.Handle(func(w http.ResponseWriter, _ *http.Request) {
		calls <- time.Now()
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	testkit.Must(concernv1.NewConcernServiceClient(f.Conn()).SubmitConcern(f.As("kela"), testkit.Submission()))
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
