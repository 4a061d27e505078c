package e2e

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

	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// A trace is passed to an endpoint, with the call and with each message, and comes back with the
// step that the partner then takes over gRPC: all of it is one trace.
func TestTracesGoOutAndIn(t *testing.T) {
	c, at := newCollector(t), newEndpoint(t)
	type called struct{ header, message string }
	calls := make(chan called, 100)
	at.set(func(w http.ResponseWriter, r *http.Request) {
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
	g := newGround(t, "fsync=off")
	if err := os.WriteFile(g.directory, calledDirectory(t, "CONNECT", at.address+"/"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.gateway = []string{"--otlp", c.address, "--callback-secrets", secretsFile(t, newSecret)}
	suite := g.cluster(t, 1, nil, "--otlp", c.address)
	conn := dialStubborn(t, suite.gateways[0].address)
	concerns := concernv1.NewConcernServiceClient(conn)
	id := insist(t, as(t, conn, kelaParty, "kela-17", "benefit_handler"), concerns.SubmitConcern, submission()).GetConcern().GetConcernId()
	var told called
	select {
	case told = <-calls:
	case <-time.After(time.Minute):
		t.Fatal("nobody is called")
	}
	if !strings.HasPrefix(told.header, "00-") || !strings.HasPrefix(told.message, "00-") || told.header[:35] == told.message[:35] {
		t.Errorf("called with %+v", told)
	}
	ctx := metadata.AppendToOutgoingContext(as(t, conn, kelaParty, "kela-17", "benefit_handler"), "traceparent", told.message)
	insist(t, ctx, concerns.WithdrawConcern, &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Asia hoitui."})
	for _, d := range []*daemon{suite.gateways[0], suite.services["concern"][0]} {
		d.end(syscall.SIGTERM)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	names := map[string]string{}
	for _, one := range c.spans {
		names[one.GetName()+" "+one.process] = hex.EncodeToString(one.GetTraceId())
	}
	if got := names["koppi.concern.v1.ConcernService/WithdrawConcern concern"]; got != told.message[3:35] {
		t.Errorf("the step is in trace %s, and the message was in %s", got, told.message)
	}
	whole := connected(c.spans, names["koppi.concern.v1.ConcernService/SubmitConcern gateway"])
	for _, want := range []string{"callback kela", "deliver kela", "koppi.concern.v1.ConcernService/WithdrawConcern"} {
		if !slices.ContainsFunc(whole, func(one span) bool { return one.GetName() == want }) {
			t.Errorf("not in the loop's trace: %s", want)
		}
	}
}
