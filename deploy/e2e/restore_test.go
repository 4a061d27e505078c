package e2e

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

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/partner"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// reading is a partner's system that reads its mailbox as a consumer of its own.
type reading struct {
	box   *inbox
	stop  context.CancelFunc
	ended chan error
}

func read(t *testing.T, conn grpc.ClientConnInterface, token, consumer string, box *inbox) *reading {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &reading{box: box, stop: stop, ended: make(chan error, 1)}
	client := partner.New(partner.Config{
		Conn: conn, Token: func(context.Context) (string, error) { return token, nil }, Inbox: box,
		Logger: slog.New(slog.NewTextHandler(left.log(), nil)), Consumer: consumer,
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

// reopened opens an inbox that was closed.
func reopened(t *testing.T, path string) *inbox {
	t.Helper()
	return &inbox{File: must(partner.OpenFile(path)), path: path, taken: make(chan struct{}, 1)}
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
func TestRestore(t *testing.T) {
	t.Parallel()
	journals, keys := archiving(t), archiving(t)
	g := newGroundOf(t, program, journals, keys)
	var refused atomic.Int64
	e := newEndpoint(t)
	called := openInbox(t, "called")
	e.set(refusing(called.open(t, newSecret), &refused))
	if err := os.WriteFile(g.directory, calledDirectory(t, "CONNECT", e.address), 0o600); err != nil {
		t.Fatal(err)
	}
	g.gateway = []string{"--callback-secrets", secretsFile(t, newSecret)}
	c := g.cluster(t, 1, nil)
	conn := dialStubborn(t, c.gateways[0].address)
	system := insist(t, t.Context(), devv1.NewDevServiceClient(conn).IssueToken, &devv1.IssueTokenRequest{Agency: "kela", Role: "system"}).GetToken()
	kela, county := as(t, conn, kelaParty, "kela-17", "benefit_handler"), as(t, conn, countyParty, "ps-21", "social_worker")
	concerns := concernv1.NewConcernServiceClient(conn)
	submit := func(r *concernv1.SubmitConcernRequest) string {
		return insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	backup := func(server *postgrestest.Server) string { return "BACKUP=" + filepath.Join(server.Folder(), "base") }

	// Before the moment.
	kept := submission()
	keptID := submit(kept)
	g.each(func(server *postgrestest.Server) { server.Shell(step(t, "backup"), backup(server)) })
	erased := submission()
	erased.Client.Identity = &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}
	erasedID := submit(erased)
	early := read(t, conn, system, "early", openInbox(t, "early"))
	early.box.reach(t, 2)
	if err := early.end(); err != nil {
		t.Fatal(err)
	}
	submit(submission())
	late := read(t, conn, system, "late", openInbox(t, "late"))
	late.box.reach(t, 3)
	called.reach(t, 3)
	checkpoints := filepath.Join(t.TempDir(), "checkpoints")
	if err := os.WriteFile(checkpoints, []byte(c.operator(t, "checkpoint")), 0o600); err != nil {
		t.Fatal(err)
	}
	moment := clockOf(t, journals.DSN("postgres", "postgres", "public"))

	// After it.
	lost := submission()
	lostID := submit(lost)
	submit(submission())
	late.box.reach(t, 5)
	called.reach(t, 5)
	if err := late.end(); err != nil {
		t.Fatal(err)
	}
	if out, err := tool(t, "010594Y9032\n", "erase", "--databases", c.databases(t), "--secrets", c.secrets); err != nil {
		t.Fatal(err, out)
	}
	rewritten := filepath.Join(t.TempDir(), "rewritten")
	if err := os.WriteFile(rewritten, []byte(c.operator(t, "checkpoint")), 0o600); err != nil {
		t.Fatal(err)
	}

	// The disaster, and the runbook.
	c.end()
	journals.Shell(step(t, "restore"), backup(journals), "ARCHIVE="+archive, "TO="+moment)
	keys.Shell(step(t, "restore"), backup(keys), "ARCHIVE="+archive)
	if out := c.operator(t, "verify", "CHECKPOINTS="+checkpoints); !strings.Contains(out, "concern: 3 subjects, 3 events, 2 mailboxes, 6 deliveries (2 tombstones), 0 findings") {
		t.Errorf("%s", out)
	}
	if out, err := c.operates(t, step(t, "verify"), "CHECKPOINTS="+rewritten); err == nil {
		t.Errorf("a checkpoint from after the moment holds: %s", out)
	}
	if out := c.operator(t, "erase-again", "TO="+moment); !strings.Contains(out, "concern: 1 subjects") {
		t.Errorf("%s", out)
	}
	if out := c.operator(t, "checkpoint"); !strings.Contains(out, "mailbox kela 3 ") {
		t.Errorf("%s", out)
	}
	c.begin()

	// Workers go on.
	page := insist(t, county, concerns.ListConcerns, &concernv1.ListConcernsRequest{})
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
	early = read(t, conn, system, "early", reopened(t, early.box.path))
	early.box.reach(t, 3)
	// The reader beyond it is refused, before others have its place and after.
	diverged := func() {
		late = read(t, conn, system, "late", reopened(t, late.box.path))
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
		submit(submission())
	}
	early.box.reach(t, 7)
	diverged()
	eventually(t, func() bool { return refused.Load() > 0 })
	if position := must(called.Position(t.Context())); position.Heads["concern"].Sequence != 5 {
		t.Errorf("the inbox of the one who is called is at %d", position.Heads["concern"].Sequence)
	}

	// Both cut their copies at the end that they are told, and go on.
	_ = called.Close()
	for _, path := range []string{late.box.path, called.path} {
		cut := must(partner.Cut(path, map[string]uint64{"concern": 3}))
		if lines := bytes.Count(must(os.ReadFile(cut)), []byte("\n")); lines != 2 {
			t.Errorf("%d messages were cut", lines)
		}
	}
	late = read(t, conn, system, "late", reopened(t, late.box.path))
	late.box.reach(t, 7)
	called = reopened(t, called.path)
	defer func() { _ = called.Close() }()
	e.set(called.open(t, newSecret).ServeHTTP)
	called.reach(t, 7)
	for _, box := range []*inbox{early.box, late.box, called} {
		has := map[string]bool{}
		_, _, err := partner.Verify(must(os.Open(box.path)), func(message *exchangev1.CaseMessage) { has[message.GetSubject()] = true })
		if err != nil || len(has) != 7 || !has["concerns/"+anew] || has["concerns/"+lostID] {
			t.Errorf("%v %v", has, err)
		}
	}
	insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: anew})
	c.fsck()
}

// clockOf is a server's time.
func clockOf(t *testing.T, dsn string) string {
	t.Helper()
	var now time.Time
	conn := must(pgx.Connect(t.Context(), dsn))
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&now); err != nil {
		t.Fatal(err)
	}
	return now.UTC().Format("2006-01-02T15:04:05.999999-07:00")
}
