package resilience

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/partner"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// reading is a partner's system that reads its mailbox as a consumer of its own.
type reading struct {
	box   *partnertest.Inbox
	stop  context.CancelFunc
	ended chan error
}

func read(t *testing.T, conn grpc.ClientConnInterface, token, consumer string, box *partnertest.Inbox) *reading {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &reading{box: box, stop: stop, ended: make(chan error, 1)}
	client := partner.New(partner.Config{
		Conn: conn, Token: func(context.Context) (string, error) { return token, nil }, Inbox: box,
		Logger: slog.New(slog.NewTextHandler(leaktest.LogWriter(), nil)), Consumer: consumer,
	})
	go func() { r.ended <- errors.Join(client.Run(ctx), box.Close()) }()
	t.Cleanup(stop)
	return r
}

// end ends the reading and returns why it ended.
func (r *reading) end() error {
	r.stop()
	return <-r.ended
}

// refusing counts calls that an endpoint refused as no part of its history.
func refusing(endpoint http.Handler, refused *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		endpoint.ServeHTTP(answer, r)
		if bytes.Contains(answer.Body.Bytes(), []byte("Koppi's history is not the inbox's")) {
			refused.Add(1)
		}
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}
}

// Koppi's journals are restored to a moment, its keys to their latest state. Readers that had not
// read further resume; those that had learn of the restore, and nobody misses anything silently.
// What was erased stays erased, and what was lost is done again.
func TestLongRestore(t *testing.T) {
	t.Parallel()
	journals, keys := archiving(t), archiving(t)
	env := clustertest.NewEnvironmentOn(t, clustertest.Build, journals, keys)
	var refused atomic.Int64
	e := partnertest.NewEndpoint(t)
	called := partnertest.OpenInbox(t, "called")
	e.Handle(refusing(called.Endpoint(t, partnertest.CallbackSecret), &refused))
	if err := os.WriteFile(env.Directory, partnertest.CallbackDirectory(t, "CONNECT", e.Address), 0o600); err != nil {
		t.Fatal(err)
	}
	env.GatewayFlags = []string{"--callback-secrets", partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)}
	c := env.Start(t, 1, nil)
	conn := testkit.Dial(t, c.Gateways[0].Address)
	system := testkit.IssueToken(t, conn, &devv1.IssueTokenRequest{Agency: "kela", Role: "system"})
	kela, county := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	concerns := concernv1.NewConcernServiceClient(conn)
	submit := func(r *concernv1.SubmitConcernRequest) string {
		return testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	backup := func(server *postgrestest.Server) string { return "BACKUP=" + filepath.Join(server.Folder(), "base") }

	// Before the moment.
	kept := testkit.Submission()
	keptID := submit(kept)
	env.EachServer(func(server *postgrestest.Server) { server.Shell(step(t, "backup"), backup(server)) })
	erased := testkit.Submission()
	erased.Client.Identity = &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}
	erasedID := submit(erased)
	early := read(t, conn, system, "early", partnertest.OpenInbox(t, "early"))
	early.box.Reach(t, 2)
	if err := early.end(); err != nil {
		t.Fatal(err)
	}
	submit(testkit.Submission())
	late := read(t, conn, system, "late", partnertest.OpenInbox(t, "late"))
	late.box.Reach(t, 3)
	called.Reach(t, 3)
	checkpoints := filepath.Join(t.TempDir(), "checkpoints")
	if err := os.WriteFile(checkpoints, []byte(operator(t, c, "checkpoint")), 0o600); err != nil {
		t.Fatal(err)
	}
	moment := clockOf(t, journals.DSN("postgres", "postgres", "public"))

	// After it.
	lost := testkit.Submission()
	lostID := submit(lost)
	submit(testkit.Submission())
	late.box.Reach(t, 5)
	called.Reach(t, 5)
	if err := late.end(); err != nil {
		t.Fatal(err)
	}
	if out, err := clustertest.Koppi(t, "010594Y9032\n", "erase", "--databases", databases(t, c), "--secrets", c.Secrets); err != nil {
		t.Fatal(err, out)
	}
	rewritten := filepath.Join(t.TempDir(), "rewritten")
	if err := os.WriteFile(rewritten, []byte(operator(t, c, "checkpoint")), 0o600); err != nil {
		t.Fatal(err)
	}

	// The disaster, and the runbook.
	c.End()
	journals.Shell(step(t, "restore"), backup(journals), "ARCHIVE="+archive, "TO="+moment)
	keys.Shell(step(t, "restore"), backup(keys), "ARCHIVE="+archive)
	if out := operator(t, c, "verify", "CHECKPOINTS="+checkpoints); !strings.Contains(out, "concern: 3 subjects, 3 events, 2 mailboxes, 6 deliveries (2 tombstones), 0 findings") {
		t.Errorf("%s", out)
	}
	if out, err := operates(t, c, step(t, "verify"), "CHECKPOINTS="+rewritten); err == nil {
		t.Errorf("a checkpoint from after the moment holds: %s", out)
	}
	if out := operator(t, c, "erase-again", "TO="+moment); !strings.Contains(out, "concern: 1 subjects") {
		t.Errorf("%s", out)
	}
	if out := operator(t, c, "checkpoint"); !strings.Contains(out, "mailbox kela 3 ") {
		t.Errorf("%s", out)
	}
	c.StartAgain()

	// Workers go on.
	page := testkit.Insist(t, county, concerns.ListConcerns, &concernv1.ListConcernsRequest{})
	if len(page.GetConcerns()) != 2 {
		t.Errorf("%d matters wait", len(page.GetConcerns()))
	}
	get := func(id string) error {
		_, err := concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: id})
		return err
	}
	for id, want := range map[string]fault.Reason{keptID: "", erasedID: fault.NotFound, lostID: fault.NotFound} {
		if err := get(id); fault.ReasonOf(err) != want || (err == nil) != (want == "") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	// The reader behind the moment resumes.
	early = read(t, conn, system, "early", partnertest.ReopenInbox(t, early.box.Path))
	early.box.Reach(t, 3)
	// The reader beyond it is refused, before others have its place and after.
	diverged := func() {
		late = read(t, conn, system, "late", partnertest.ReopenInbox(t, late.box.Path))
		if err := <-late.ended; fault.ReasonOf(err) != fault.HistoryDiverged {
			t.Errorf("%v", err)
		}
	}
	diverged()
	// A repeat of what is there has its first answer; of what was lost, it is done anew.
	if again := submit(kept); again != keptID {
		t.Errorf("%s, was %s", again, keptID)
	}
	anew := submit(lost)
	if anew == lostID {
		t.Error("what was lost is not lost")
	}
	for range 3 {
		submit(testkit.Submission())
	}
	early.box.Reach(t, 7)
	diverged()
	testkit.Eventually(t, func() bool { return refused.Load() > 0 })
	if position := testkit.Must(called.Position(t.Context())); position.Heads["concern"].Sequence != 5 {
		t.Errorf("the inbox of the one who is called is at %d", position.Heads["concern"].Sequence)
	}

	// Both cut their copies at the end that they are told, and go on.
	_ = called.Close()
	for _, path := range []string{late.box.Path, called.Path} {
		cut := testkit.Must(partner.Cut(path, map[string]uint64{"concern": 3}))
		if lines := bytes.Count(testkit.Must(os.ReadFile(cut)), []byte("\n")); lines != 2 {
			t.Errorf("%d messages were cut", lines)
		}
	}
	late = read(t, conn, system, "late", partnertest.ReopenInbox(t, late.box.Path))
	late.box.Reach(t, 7)
	called = partnertest.ReopenInbox(t, called.Path)
	defer func() { _ = called.Close() }()
	e.Handle(called.Endpoint(t, partnertest.CallbackSecret).ServeHTTP)
	called.Reach(t, 7)
	for _, box := range []*partnertest.Inbox{early.box, late.box, called} {
		has := map[string]bool{}
		_, _, err := partner.Verify(testkit.Must(os.Open(box.Path)), func(message *exchangev1.CaseMessage) { has[message.GetSubject()] = true })
		if err != nil || len(has) != 7 || !has["concerns/"+anew] || has["concerns/"+lostID] {
			t.Errorf("%v %v", has, err)
		}
	}
	testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: anew})
	c.Fsck()
}

// clockOf is a server's time.
func clockOf(t *testing.T, dsn string) string {
	t.Helper()
	var now time.Time
	conn := testkit.Must(pgx.Connect(t.Context(), dsn))
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&now); err != nil {
		t.Fatal(err)
	}
	return now.UTC().Format("2006-01-02T15:04:05.999999-07:00")
}
