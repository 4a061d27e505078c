package telemetry

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/deploy/testkit/telemetrytest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A trace is passed to an endpoint, with the call and with each message, and comes back with the
// step that the partner then takes over gRPC: all of it is one trace.
func TestTracesGoOutAndIn(t *testing.T) {
	c, at := telemetrytest.Start(t), partnertest.NewEndpoint(t)
	type called struct{ header, message string }
	calls := make(chan called, 100)
	at.Handle(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Messages []struct{ Traceparent string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		for _, message := range body.Messages {
			calls <- called{r.Header.Get("Traceparent"), message.Traceparent}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]int{"accepted": len(body.Messages)})
	})
	env := clustertest.NewEnvironment(t, "fsync=off")
	if err := os.WriteFile(env.Directory, partnertest.CallbackDirectory(t, "CONNECT", at.Address+"/"), 0o600); err != nil {
		t.Fatal(err)
	}
	env.GatewayFlags = []string{"--otlp", c.Address, "--callback-secrets", partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)}
	suite := env.Start(t, 1, nil, "--otlp", c.Address)
	conn := testkit.Dial(t, suite.Gateways[0].Address)
	concerns := concernv1.NewConcernServiceClient(conn)
	id := testkit.Insist(t, testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), concerns.SubmitConcern, testkit.Submission()).GetConcern().GetConcernId()
	var call called
	select {
	case call = <-calls:
	case <-time.After(time.Minute):
		t.Fatal("nobody is called")
	}
	if !strings.HasPrefix(call.header, "00-") || !strings.HasPrefix(call.message, "00-") || call.header[:35] == call.message[:35] {
		t.Errorf("called with %+v", call)
	}
	ctx := metadata.AppendToOutgoingContext(testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), "traceparent", call.message)
	testkit.Insist(t, ctx, concerns.WithdrawConcern, &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Asia hoitui."})
	for _, d := range []*clustertest.Process{suite.Gateways[0], suite.Services["concern"][0]} {
		d.End(syscall.SIGTERM)
	}
	received := c.Received()
	names := map[string]string{}
	for _, one := range received.Spans {
		names[one.GetName()+" "+one.Process] = hex.EncodeToString(one.GetTraceId())
	}
	if got := names["koppi.concern.v1.ConcernService/WithdrawConcern concern"]; got != call.message[3:35] {
		t.Errorf("the step is in trace %s, and the message was in %s", got, call.message)
	}
	whole := connected(received.Spans, names["koppi.concern.v1.ConcernService/SubmitConcern gateway"])
	for _, want := range []string{"callback kela", "deliver kela", "koppi.concern.v1.ConcernService/WithdrawConcern"} {
		if !slices.ContainsFunc(whole, func(one telemetrytest.Span) bool { return one.GetName() == want }) {
			t.Errorf("not in the loop's trace: %s", want)
		}
	}
}
