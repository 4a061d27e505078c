package delivery

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/matter"
	notice "koppi.internal/pkg/notice/gateway"
	"koppi.internal/pkg/notice/gateway/mailtest"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// withEmails is the scenarios' directory with an address for each unit.
func withEmails(t *testing.T) []byte {
	t.Helper()
	var file map[string][]map[string]any
	if err := json.Unmarshal(config.Directory, &file); err != nil {
		t.Fatal(err)
	}
	for _, agency := range file["agencies"] {
		for _, unit := range agency["units"].([]any) {
			unit := unit.(map[string]any)
			unit["email"] = unit["unit"].(string) + "@example.fi"
		}
	}
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// mailed waits for the next mail, which says one thing to one unit and nothing else.
func mailed(t *testing.T, server *mailtest.Server, unit, subject string) {
	t.Helper()
	select {
	case got := <-server.Mails:
		_, is, body := got.Parsed(t)
		leaktest.Note(leaktest.Mail, string(got.Text))
		leaktest.Note(leaktest.Mail, is+" "+body)
		if got.To != unit+"@example.fi" || is != subject {
			t.Errorf("to %s: %s; want %s: %s", got.To, is, unit, subject)
		}
		if want := subject + ".\n\nAvaa Koppi ja katso asia: https://koppi.example.fi\n"; body != want {
			t.Errorf("it says %q", body)
		}
		for _, secret := range []string{"Testinen", "concern", "kela", "vuokra"} {
			if strings.Contains(string(got.Text), secret) {
				t.Errorf("it holds %q", secret)
			}
		}
	case <-time.After(2 * time.Minute): // longer than a gateway's lease on notices, which outlives the gateway
		t.Fatalf("no mail: %s", subject)
	}
}

// The unit is notified of an emergency at night within seconds, without an open page, and again
// after half an hour. It is notified of the rest in the morning, but not of what was taken.
func TestNotices(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	night := time.Date(2026, 11, 25, 23, 0, 0, 0, matter.Helsinki())
	f := testkit.NewFixtureWith(t, allinone.Config{
		Clock: night, Directory: testkit.Must(directory.Parse(withEmails(t))), NoticeTiming: notice.Timing{Every: 10 * time.Millisecond},
		Notices: notice.Settings{SMTP: server.Address, SMTPFrom: "koppi@example.fi", SMTPTLS: notice.None, Link: "https://koppi.example.fi"},
	})
	concerns := concernv1.NewConcernServiceClient(f.Conn())
	kela, county := f.As("kela"), f.As("county")
	submitTo := func(agency, unit string, urgency commonv1.Urgency) string {
		t.Helper()
		r := testkit.Submission()
		r.Receiver = &commonv1.Party{Agency: agency, Unit: unit}
		r.Urgency, r.Basis.ConsentedAt = urgency, timestamppb.New(night.Add(-time.Hour))
		return testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	submit := func(unit string, urgency commonv1.Urgency) string {
		t.Helper()
		return submitTo("hva-pohjois-savo", unit, urgency)
	}
	takeAs := func(worker context.Context, id string) {
		t.Helper()
		testkit.Insist(t, worker, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
		// Else it would be due within the hour again.
		testkit.Insist(t, worker, concerns.TriageConcern, &concernv1.TriageConcernRequest{
			RequestId: uuid.NewString(), ConcernId: id, Urgency: commonv1.Urgency_URGENCY_NORMAL,
		})
	}
	take := func(id string) {
		t.Helper()
		takeAs(county, id)
	}
	advance := func(to time.Time) {
		t.Helper()
		if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", `{"to":"`+to.UTC().Format(time.RFC3339)+`"}`); err != nil {
			t.Fatal(err)
		}
	}
	// looked tells that it was looked, and nothing else told: what another unit is told
	// now comes next, and once more, since mails of one look have no order.
	nothingMore := func() {
		t.Helper()
		for range 2 {
			id := submitTo("terveys-pohjois-savo", "", commonv1.Urgency_URGENCY_EMERGENCY)
			mailed(t, server, "terveysasema-kuopio", "Kopissa odottaa yksi hätätilanne")
			takeAs(f.As("nurse"), id)
		}
	}

	// At night it is the unit on call that waits.
	pressing := submit("", commonv1.Urgency_URGENCY_EMERGENCY)
	mailed(t, server, "sosiaalipaivystys", "Kopissa odottaa yksi hätätilanne")
	nothingMore()
	advance(night.Add(30 * time.Minute))
	mailed(t, server, "sosiaalipaivystys", "Kopissa odottaa yksi hätätilanne")
	nothingMore()
	advance(night.Add(61 * time.Minute))
	mailed(t, server, "sosiaalipaivystys", "Kopissa odottaa yksi hätätilanne, joka on myöhässä")
	take(pressing)

	// What a triage makes an emergency calls that unit as a new one does, twice, beside the unit that holds it.
	held := submit("tyoikaiset-kuopio", commonv1.Urgency_URGENCY_URGENT)
	take(held)
	nothingMore()
	testkit.Insist(t, county, concerns.TriageConcern, &concernv1.TriageConcernRequest{
		RequestId: uuid.NewString(), ConcernId: held, Urgency: commonv1.Urgency_URGENCY_EMERGENCY,
	})
	mailed(t, server, "sosiaalipaivystys", "Kopissa odottaa yksi hätätilanne")
	nothingMore()
	advance(night.Add(92 * time.Minute))
	mailed(t, server, "sosiaalipaivystys", "Kopissa odottaa yksi hätätilanne")
	nothingMore()
	testkit.Insist(t, county, concerns.TriageConcern, &concernv1.TriageConcernRequest{
		RequestId: uuid.NewString(), ConcernId: held, Urgency: commonv1.Urgency_URGENCY_NORMAL,
	})

	submit("", commonv1.Urgency_URGENCY_NORMAL)
	taken := submit("", commonv1.Urgency_URGENCY_URGENT)
	nothingMore()
	take(taken)
	advance(night.Add(9*time.Hour - time.Minute))
	nothingMore()
	advance(night.Add(9 * time.Hour))
	mailed(t, server, "palveluohjaus", "Kopissa odottaa yksi asia")
	nothingMore()
}

// Of two gateways only one sends notices, and the other continues when that one ends.
func TestLongNoticesOfTwoGateways(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Config{})
	env := clustertest.NewEnvironment(t, "fsync=off")
	if err := os.WriteFile(env.Directory, withEmails(t), 0o600); err != nil {
		t.Fatal(err)
	}
	env.GatewayFlags = []string{"--smtp", server.Address, "--smtp-from", "koppi@example.fi", "--smtp-tls", "none", "--link", "https://koppi.example.fi"}
	c := env.Start(t, 2, nil)
	for i, gateway := range c.Gateways {
		conn := testkit.Dial(t, gateway.Address)
		kela := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
		r := testkit.Submission()
		r.Receiver, r.Urgency = &commonv1.Party{Agency: "terveys-pohjois-savo"}, commonv1.Urgency_URGENCY_EMERGENCY
		testkit.Insist(t, kela, concernv1.NewConcernServiceClient(conn).SubmitConcern, r)
		mailed(t, server, "terveysasema-kuopio", "Kopissa odottaa yksi hätätilanne")
		if i == 0 {
			gateway.End(syscall.SIGTERM)
		}
	}
	if len(server.Mails) > 0 {
		t.Error("both told")
	}
}
