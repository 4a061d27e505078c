package e2e

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"

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

// A partner's program of an earlier version answers 400 to a call with a kind of message that it
// does not know. That message is parked, and all others arrive.
func TestCallbackToAKitOfBefore(t *testing.T) {
	requests := submissions(10)
	requests[4].Urgency = commonv1.Urgency_URGENCY_EMERGENCY
	w := newWaiting(t, requests)
	w.set(func(answer http.ResponseWriter, r *http.Request) {
		// It knows no emergencies.
		if _, body := deliveredTo(r); strings.Contains(string(body), `"URGENCY_EMERGENCY"`) {
			answer.WriteHeader(http.StatusBadRequest)
			return
		}
		w.handler.ServeHTTP(answer, r)
	})
	w.box.reach(t, 10)
	operator := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+w.bench.tokens["operator"])
	listed := must(exchangev1.NewParkingServiceClient(w.bench.grpc()).ListParked(operator, &exchangev1.ListParkedRequest{}))
	if len(listed.GetParked()) != 1 || listed.GetParked()[0].GetSequence() != 5 {
		t.Errorf("parked is %v", listed)
	}
}

// An endpoint that needs a certain time for each message gets only as many messages in a call as it
// can process.
func TestCallbackToASlowEndpoint(t *testing.T) {
	w := newWaiting(t, submissions(60))
	w.set(func(answer http.ResponseWriter, r *http.Request) {
		request, _ := deliveredTo(r)
		select {
		case <-time.After(time.Duration(len(request.GetMessages())) * 15 * time.Millisecond):
			w.handler.ServeHTTP(answer, r)
		case <-r.Context().Done():
			// What is answered too late was not taken.
		}
	})
	w.box.reach(t, 60)
	verified(t, w.box.path, 60)
}

// An endpoint that asks for a pause with Retry-After gets one, within limits.
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
