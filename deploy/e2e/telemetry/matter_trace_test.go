package telemetry

import (
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/deploy/testkit/telemetrytest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// What health care receives through social services, and the way of the outcome back, are one
// trace: its spans are connected by parents and links over three agencies and two processes, and
// are named by the conventions.
func TestOneLoopIsOneTrace(t *testing.T) {
	c := telemetrytest.Start(t)
	env := clustertest.NewEnvironment(t, "fsync=off")
	env.GatewayFlags = []string{"--otlp", c.Address}
	cases := testkit.Must(scenario.Load(scenarios.Files))
	forward := cases[slices.IndexFunc(cases, func(s scenario.Scenario) bool { return s.Name == "04-forward-to-health" })]
	suite := env.Start(t, 1, nil, "--otlp", c.Address, "--clock", forward.Clock.Format(time.RFC3339))
	gateway := suite.Gateways[0].Address
	calls := scenario.ConnectJSON{Address: "http://" + gateway, Client: http.DefaultClient}
	if err := (&scenario.Runner{Transport: calls, Dev: calls}).Run(t.Context(), forward); err != nil {
		t.Fatal(err)
	}
	box := partnertest.OpenInbox(t, "kela")
	partnertest.Connect(t, gateway, testkit.IssueToken(t, testkit.Dial(t, gateway), &devv1.IssueTokenRequest{Agency: "kela", Role: "system"}), box)
	// Received, taken, closed: what became of it has arrived.
	box.Reach(t, 3)
	for _, d := range []*clustertest.Process{suite.Gateways[0], suite.Services["concern"][0]} {
		d.End(syscall.SIGTERM)
	}
	received := c.Received()
	begun := slices.IndexFunc(received.Spans, func(s telemetrytest.Span) bool {
		return s.Process == "gateway" && strings.HasSuffix(s.GetName(), "SubmitConcern") && s.GetKind() == tracev1.Span_SPAN_KIND_SERVER
	})
	if begun < 0 {
		t.Fatal("no span of the report's call")
	}
	together := connected(received.Spans, hex.EncodeToString(received.Spans[begun].GetTraceId()))
	seen, steps := map[string]int{}, []string{}
	for _, one := range together {
		seen["process "+one.Process]++
		seen["agency "+one.Attribute("koppi.agency")]++
		seen[one.GetName()]++
		if one.GetName() == "decide" {
			steps = append(steps, one.Attribute("koppi.outcome")+" "+one.Attribute("koppi.phase"))
		}
	}
	for _, want := range []string{
		"process gateway", "process concern", "agency kela", "agency hva-pohjois-savo", "agency terveys-pohjois-savo",
		"send hva-pohjois-savo", "send terveys-pohjois-savo", "send kela", "deliver hva-pohjois-savo", "deliver kela", "journal commit",
	} {
		if seen[want] == 0 {
			t.Errorf("not in the loop's trace: %s; there are %v", want, seen)
		}
	}
	slices.Sort(steps)
	// Each step of each agency; the one without a ground is refused.
	if want := []string{
		"LEGAL_BASIS_REQUIRED ", "recorded LOOP_PHASE_CLOSED", "recorded LOOP_PHASE_RECEIVED", "recorded LOOP_PHASE_SENT",
		"recorded LOOP_PHASE_TAKEN", "recorded LOOP_PHASE_TAKEN", "recorded LOOP_PHASE_TAKEN",
	}; !slices.Equal(steps, want) {
		t.Errorf("steps: %v", steps)
	}
	for _, one := range received.Spans {
		if !conventional(one) {
			t.Errorf("a span of kind %v is called %q", one.GetKind(), one.GetName())
		}
	}
}

// All spans of an overdue loop are exported, from its beginning, even at a sampling share of 0.
// Spans of other loops are not.
func TestBrokenLoopsAreKept(t *testing.T) {
	c := telemetrytest.Start(t)
	env := clustertest.NewEnvironment(t, "fsync=off")
	env.GatewayFlags = []string{"--otlp", c.Address, "--otlp-share", "0"}
	suite := env.Start(t, 1, nil, "--otlp", c.Address, "--otlp-share", "0", "--clock", "2026-11-23T09:00:00+02:00")
	conn := testkit.Dial(t, suite.Gateways[0].Address)
	concerns, worker := concernv1.NewConcernServiceClient(conn), testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
	submitted := testkit.Submission()
	submitted.Basis.ConsentedAt = timestamppb.New(time.Date(2026, 11, 23, 6, 55, 0, 0, time.UTC))
	subject := "concerns/" + testkit.Insist(t, worker, concerns.SubmitConcern, submitted).GetConcern().GetConcernId()
	testkit.Insist(t, t.Context(), devv1.NewDevServiceClient(conn).AdvanceClock, &devv1.AdvanceClockRequest{Target: &devv1.AdvanceClockRequest_By{By: durationpb.New(30 * 24 * time.Hour)}})
	for _, d := range []*clustertest.Process{suite.Gateways[0], suite.Services["concern"][0]} {
		d.End(syscall.SIGTERM)
	}
	received := c.Received()
	exported := map[string]bool{}
	for _, one := range received.Spans {
		exported[one.GetName()+" of "+one.Attribute("koppi.subject")] = true
	}
	for _, want := range []string{"loop concern", "koppi.concern.v1.ConcernSubmitted", "koppi.concern.v1.ConcernOverdue"} {
		if !exported[want+" of "+subject] {
			t.Errorf("not told: %s; there is %v", want, exported)
		}
	}
	if len(exported) != 3 {
		t.Errorf("more is kept than what broke: %v", exported)
	}
}

// connected are the spans of all traces that lead to one another, beginning with one.
func connected(spans []telemetrytest.Span, trace string) []telemetrytest.Span {
	neighbours := map[string][]string{}
	for _, one := range spans {
		own := hex.EncodeToString(one.GetTraceId())
		for _, link := range one.GetLinks() {
			other := hex.EncodeToString(link.GetTraceId())
			neighbours[own], neighbours[other] = append(neighbours[own], other), append(neighbours[other], own)
		}
	}
	reached, next := map[string]bool{}, []string{trace}
	for len(next) > 0 {
		at := next[0]
		next = next[1:]
		if !reached[at] {
			reached[at] = true
			next = append(next, neighbours[at]...)
		}
	}
	return slices.DeleteFunc(slices.Clone(spans), func(one telemetrytest.Span) bool { return !reached[hex.EncodeToString(one.GetTraceId())] })
}

var (
	rpcName       = regexp.MustCompile(`^[a-z.]+\.v1\.[A-Za-z]+Service/[A-Z][A-Za-z]+$`)
	databaseName  = regexp.MustCompile(`^([A-Z]+( [a-z_.]+)?|connect)$`)
	messagingName = regexp.MustCompile(`^(send|deliver|callback) [a-z0-9-]+$`)
	ourName       = regexp.MustCompile(`^(decide|journal (commit|lookups)|loop [a-z]+|koppi\.[a-z]+\.v1\.[A-Za-z]+)$`)
)

// conventional tells whether a span is named as the conventions have it: calls by
// service and method, statements by operation and target, messages by operation and
// destination.
func conventional(one telemetrytest.Span) bool {
	switch {
	case one.Attribute("rpc.system") != "" || one.Attribute("rpc.system.name") != "" || one.Attribute("http.request.method") != "":
		return rpcName.MatchString(one.GetName())
	case one.Attribute("db.system") != "" || one.Attribute("db.system.name") != "":
		return databaseName.MatchString(one.GetName())
	case one.Attribute("messaging.system") != "":
		return messagingName.MatchString(one.GetName()) && one.Attribute("messaging.destination.name") != "" && one.Attribute("messaging.operation.type") != ""
	default:
		return ourName.MatchString(one.GetName())
	}
}
