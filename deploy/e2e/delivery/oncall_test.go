package delivery

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/notice/gateway/mailtest"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// While a unit is on call, each emergency reaches it by notice and worklist, also when a gateway and a replica of
// the service die on the way: a report, a forward and a triage upwards.
func TestLongOnCallOfTwoReplicas(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Config{})
	env := clustertest.NewEnvironment(t, "fsync=off")
	always := strings.Replace(string(withEmails(t)), `"onCall":{}`, `"onCall":{"workingDays":["00:00-24:00"]}`, 1)
	if err := os.WriteFile(env.Directory, []byte(always), 0o600); err != nil {
		t.Fatal(err)
	}
	env.GatewayFlags = []string{"--smtp", server.Address, "--smtp-from", "koppi@example.fi", "--smtp-tls", "none", "--link", "https://koppi.example.fi"}
	c := env.Start(t, 2, []string{"concern"})
	conn := testkit.Dial(t, c.Gateways[1].Address)
	concerns := concernv1.NewConcernServiceClient(conn)
	kela := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
	county := testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	nurse := testkit.As(t, conn, testkit.Health, "tk-02", "health_professional")
	standby := testkit.As(t, conn, &commonv1.Party{Agency: testkit.County.GetAgency(), Unit: "sosiaalipaivystys"}, "sp-01", "social_worker")
	report := func(to *commonv1.Party, urgency commonv1.Urgency) string {
		t.Helper()
		r := testkit.Submission()
		r.Receiver, r.Urgency = to, urgency
		return testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	// emergency waits for the next mail of an emergency, which goes to a unit. In office hours, a normal report is mailed too.
	emergency := func(unit string) {
		t.Helper()
		timeout := time.After(2 * time.Minute)
		for {
			select {
			case got := <-server.Mails:
				_, subject, body := got.Parsed(t)
				leaktest.Note(leaktest.Mail, subject+" "+body)
				if !strings.Contains(body, "hätätilan") {
					continue
				}
				if got.To != unit+"@example.fi" {
					t.Errorf("%s is mailed %q", got.To, body)
				}
				return
			case <-timeout:
				t.Fatal("no mail of an emergency to " + unit)
			}
		}
	}
	// A gateway that dies after a mail may leave it unrecorded: the next one then tells of that matter again.
	called := func() {
		t.Helper()
		emergency("sosiaalipaivystys")
	}
	judged, onward := report(testkit.County, commonv1.Urgency_URGENCY_NORMAL), report(testkit.Health, commonv1.Urgency_URGENCY_EMERGENCY)
	emergency("terveysasema-kuopio")
	for id, worker := range map[string]context.Context{judged: county, onward: nurse} {
		testkit.Insist(t, worker, concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	}

	want := map[string]bool{"concerns/" + report(testkit.County, commonv1.Urgency_URGENCY_EMERGENCY): false}
	called()
	c.Gateways[0].End(syscall.SIGKILL)
	c.Services["concern"][0].End(syscall.SIGKILL)
	forwarded := testkit.Insist(t, nurse, concerns.ForwardConcern, &concernv1.ForwardConcernRequest{
		RequestId: uuid.NewString(), ConcernId: onward, Receiver: testkit.County, Basis: testkit.Consented(), Topics: []concernv1.Topic{concernv1.Topic_TOPIC_EVICTION_THREAT},
	})
	want["concerns/"+forwarded.GetForwardedConcernId()] = false
	called()
	testkit.Insist(t, county, concerns.TriageConcern, &concernv1.TriageConcernRequest{RequestId: uuid.NewString(), ConcernId: judged, Urgency: commonv1.Urgency_URGENCY_EMERGENCY})
	want["concerns/"+judged] = true
	called()
	list := testkit.Insist(t, standby, caseworkv1.NewCaseworkServiceClient(conn).ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_UNIT})
	if len(list.GetItems()) != len(want) {
		t.Errorf("the unit on call lists %v", list.GetItems())
	}
	for _, item := range list.GetItems() {
		if held, known := want[item.GetSubject()]; !known || item.GetOnCall() != held {
			t.Errorf("%s, beside a holder: %v", item.GetSubject(), item.GetOnCall())
		}
	}
}
