package e2e

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/transparency"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// checked verifies a journal, and the log of who looked over it.
func checked(store interface {
	journal.Raw
	transparency.Journal
}, service string,
) error {
	report, err := journal.Fsck(context.Background(), store)
	if err := errors.Join(err, report.Err()); err != nil {
		return err
	}
	heads := map[string][]byte{}
	for event, err := range store.RawEvents(context.Background()) {
		if err != nil {
			return err
		}
		heads[event.Subject] = event.Hash
	}
	findings, err := transparency.Verify(context.Background(), store, service, heads)
	return errors.Join(err, journal.Report{Findings: findings}.Err())
}

// An operator keeps a checkpoint elsewhere. An attacker with the databases then rewrites the whole
// access log so that it is consistent with itself again. The checkpoint reveals it.
func TestCheckpointsTellOfARewrittenRecord(t *testing.T) {
	p := newSuite(t)
	p.start()
	conn := dialStubborn(t, p.address)
	kela := as(t, conn, kelaParty, "kela-17", "benefit_handler")
	concerns := concernv1.NewConcernServiceClient(conn)
	id := insist(t, kela, concerns.SubmitConcern, submission()).GetConcern().GetConcernId()
	insist(t, as(t, conn, countyParty, "ps-21", "social_worker"), concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id})
	insist(t, kela, concerns.WithdrawConcern, &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Erehdys."})
	p.end(syscall.SIGTERM)
	// What was recorded last came into no log yet: another start takes it.
	p.start()
	logged := func() bool {
		return strings.Contains(runs(t, koppiProgram, "log", "checkpoint", "--data", p.data, "--service", "concern"), "koppi log of concern\n3\n")
	}
	eventually(t, logged)
	p.end(syscall.SIGTERM)

	kept := filepath.Join(t.TempDir(), "checkpoints")
	if err := os.WriteFile(kept, []byte(runs(t, koppiProgram, "log", "checkpoint", "--data", p.data)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := runs(t, koppiProgram, "fsck", "--data", p.data, "--log", kept); !strings.Contains(out, "concern: 3 access log records, 0 findings") {
		t.Errorf("a sound one: %s", out)
	}
	db, err := sql.Open("sqlite", allinone.Paths(p.data, "concern").Journal)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"DROP TRIGGER accesses_update", "DROP TRIGGER log_hashes_delete", "UPDATE accesses SET role = 'nobody' WHERE number = 2",
		"DELETE FROM log_hashes", "UPDATE log_state SET leaves = 0, hashes = 0, number = 0",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	p.start()
	eventually(t, logged)
	p.end(syscall.SIGTERM)
	if out := runs(t, koppiProgram, "fsck", "--data", p.data); !strings.Contains(out, "concern: 3 access log records, 0 findings") {
		t.Errorf("it agrees with itself: %s", out)
	}
	out, err := exec.Command(program(t, koppiProgram), "fsck", "--data", p.data, "--log", kept).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the first 3 records differ from the checkpoint") {
		t.Errorf("rewritten whole: %v %s", err, out)
	}
}
