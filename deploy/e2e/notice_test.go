package e2e

import (
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
		left.note(leftMail, string(got.Text))
		left.note(leftMail, is+" "+body)
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
	case <-time.After(30 * time.Second):
		t.Fatalf("no mail: %s", subject)
	}
}

// The unit is notified of an emergency at night within seconds, without an open page, and again
// after half an hour. It is notified of the rest in the morning, but not of what was taken.
func TestNotices(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{})
	night := time.Date(2026, 11, 25, 23, 0, 0, 0, matter.Helsinki())
	b := newBenchOf(t, allinone.Config{
		Clock: night, Directory: must(directory.Parse(withEmails(t))), NoticeTiming: notice.Timing{Every: 10 * time.Millisecond},
		Notices: notice.Settings{SMTP: server.Address, SMTPFrom: "koppi@example.fi", SMTPTLS: notice.None, Link: "https://koppi.example.fi"},
	})
	concerns := concernv1.NewConcernServiceClient(b.grpc())
	kela, county := b.asWorker("kela"), b.asWorker("county")
	submit := func(unit string, urgency commonv1.Urgency) string {
		t.Helper()
		r := submission()
		r.Receiver.Unit, r.Urgency, r.Basis.ConsentedAt = unit, urgency, timestamppb.New(night.Add(-time.Hour))
		return insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	take := func(id string) {
		t.Helper()
		insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
		// Else it would be due within the hour again.
		insist(t, county, concerns.TriageConcern, &concernv1.TriageConcernRequest{
			RequestId: uuid.NewString(), ConcernId: id, Urgency: commonv1.Urgency_URGENCY_NORMAL,
		})
	}
	advance := func(to time.Time) {
		t.Helper()
		if _, err := b.call("", "koppi.dev.v1.DevService/AdvanceClock", `{"to":"`+to.UTC().Format(time.RFC3339)+`"}`); err != nil {
			t.Fatal(err)
		}
	}
	// looked tells that it was looked, and nothing else told: what another unit is told
	// now comes next, and once more, since mails of one look have no order.
	looked := func() {
		t.Helper()
		for range 2 {
			id := submit("tyoikaiset-kuopio", commonv1.Urgency_URGENCY_EMERGENCY)
			mailed(t, server, "tyoikaiset-kuopio", "Kopissa odottaa yksi hätätilanne")
			take(id)
		}
	}

	pressing := submit("", commonv1.Urgency_URGENCY_EMERGENCY)
	mailed(t, server, "palveluohjaus", "Kopissa odottaa yksi hätätilanne")
	looked()
	advance(night.Add(30 * time.Minute))
	mailed(t, server, "palveluohjaus", "Kopissa odottaa yksi hätätilanne")
	looked()
	advance(night.Add(61 * time.Minute))
	mailed(t, server, "palveluohjaus", "Kopissa odottaa yksi hätätilanne, joka on myöhässä")
	take(pressing)

	submit("", commonv1.Urgency_URGENCY_NORMAL)
	taken := submit("", commonv1.Urgency_URGENCY_URGENT)
	looked()
	take(taken)
	advance(night.Add(9*time.Hour - time.Minute))
	looked()
	advance(night.Add(9 * time.Hour))
	mailed(t, server, "palveluohjaus", "Kopissa odottaa yksi asia")
	looked()
}

// Of two gateways only one sends notices, and the other continues when that one ends.
func TestNoticesOfTwoGateways(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Config{})
	g := newGround(t, "fsync=off")
	if err := os.WriteFile(g.directory, withEmails(t), 0o600); err != nil {
		t.Fatal(err)
	}
	g.gateway = []string{"--smtp", server.Address, "--smtp-from", "koppi@example.fi", "--smtp-tls", "none", "--link", "https://koppi.example.fi"}
	c := g.cluster(t, 2, nil)
	for i, gateway := range c.gateways {
		conn := dialStubborn(t, gateway.address)
		kela := as(t, conn, kelaParty, "kela-17", "benefit_handler")
		r := submission()
		r.Urgency = commonv1.Urgency_URGENCY_EMERGENCY
		insist(t, kela, concernv1.NewConcernServiceClient(conn).SubmitConcern, r)
		mailed(t, server, "palveluohjaus", "Kopissa odottaa yksi hätätilanne")
		if i == 0 {
			gateway.end(syscall.SIGTERM)
		}
	}
	if len(server.Mails) > 0 {
		t.Error("both told")
	}
}
