package telemetry

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/telemetrytest"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// notified is the ground of a report without consent.
func notified() *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION, Provision: "1301/2014 § 35.2",
		Attestation: &commonv1.Attestation{ConsentUnobtainable: true, InterestOfChild: true},
	}
}

// traceWith is a trace of a caller's own, with a flag; empty for none.
func traceWith(flag string) string {
	if flag == "" {
		return ""
	}
	return "00-" + strings.ReplaceAll(uuid.NewString(), "-", "") + "-00f067aa0ba902b7-" + flag
}

// The trace that a reporter finds in its mailbox does not depend on what the reporter may not know:
// whether another agency's open concern led its report, whether somebody triaged it, and in which
// traces, sampled or not, this was done. It is never a trace of another caller.
func TestLongTracesInPairs(t *testing.T) {
	c := telemetrytest.Start(t)
	env := clustertest.NewEnvironment(t, "fsync=off")
	env.GatewayFlags = []string{"--otlp", c.Address}
	suite := env.Start(t, 1, nil, "--otlp", c.Address)
	conn := testkit.Dial(t, suite.Gateways[0].Address)
	concerns, exchange := concernv1.NewConcernServiceClient(conn), exchangev1.NewExchangeServiceClient(conn)
	kela, county, nurse := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker"), testkit.As(t, conn, testkit.Health, "tk-02", "health_professional")
	system := testkit.As(t, conn, testkit.Kela, "", "system")
	sent, seen := map[string]bool{}, map[string]string{}
	in := func(ctx context.Context, flag string) context.Context {
		if flag == "" {
			return ctx
		}
		trace := traceWith(flag)
		sent[trace[3:35]] = true
		return metadata.AppendToOutgoingContext(ctx, "traceparent", trace)
	}
	person := 2000
	for _, flag := range []string{"", "00", "01"} {
		for _, other := range []string{"none", "", "00", "01"} {
			person++
			report := func() *concernv1.SubmitConcernRequest {
				r := testkit.Submission()
				r.Client, r.Basis, r.Description = testkit.ClientOf(testkit.PersonCode(person)), notified(), ""
				return r
			}
			if other != "none" {
				testkit.Insist(t, in(nurse, other), concerns.SubmitConcern, report())
			}
			id := testkit.Insist(t, in(kela, flag), concerns.SubmitConcern, report()).GetConcern().GetConcernId()
			testkit.Insist(t, in(county, flag), concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
			if other == "none" {
				testkit.Insist(t, in(county, "01"), concerns.TriageConcern, &concernv1.TriageConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Urgency: commonv1.Urgency_URGENCY_URGENT})
			}
			testkit.Insist(t, in(kela, flag), concerns.WithdrawConcern, &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Asia hoitui."})
			name := "a trace " + flag + ", another's " + other
			for _, reads := range []string{"", "01"} {
				listed := testkit.Must(exchange.ListMessages(in(system, reads), &exchangev1.ListMessagesRequest{Subject: "concerns/" + id, Consumer: "pairs", PageSize: 100})).GetMessages()
				if len(listed) != 3 {
					t.Fatalf("%s: %d messages", name, len(listed))
				}
				for _, message := range listed {
					trace := message.GetTraceparent()
					if len(trace) != 55 || !strings.HasSuffix(trace, "-01") {
						t.Errorf("%s: %s has %q", name, message.GetEvent().MessageName(), trace)
						continue
					}
					if before, read := seen[message.GetMessageId()]; read && before != trace {
						t.Errorf("%s: read again it has %q, and had %q", name, trace, before)
					}
					seen[message.GetMessageId()] = trace
				}
			}
		}
	}
	traces := map[string]bool{}
	for _, trace := range seen {
		if sent[trace[3:35]] || traces[trace[3:35]] {
			t.Errorf("%q is somebody's, or another message's too", trace)
		}
		traces[trace[3:35]] = true
	}
}
