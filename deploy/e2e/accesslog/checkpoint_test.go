package accesslog

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// An operator keeps a checkpoint elsewhere. An attacker with the databases then rewrites the whole
// access log so that it is consistent with itself again. The checkpoint reveals it.
func TestCheckpointsTellOfARewrittenRecord(t *testing.T) {
	p := clustertest.NewAllInOne(t)
	p.Start()
	conn := testkit.Dial(t, p.Address)
	kela := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
	concerns := concernv1.NewConcernServiceClient(conn)
	id := testkit.Insist(t, kela, concerns.SubmitConcern, testkit.Submission()).GetConcern().GetConcernId()
	testkit.Insist(t, testkit.As(t, conn, testkit.County, "ps-21", "social_worker"), concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id})
	testkit.Insist(t, kela, concerns.WithdrawConcern, &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "Erehdys."})
	p.End(syscall.SIGTERM)
	// What was recorded last came into no log yet: another start takes it.
	p.Start()
	logged := func() bool {
		return strings.Contains(clustertest.Run(t, clustertest.KoppiCommand, "log", "checkpoint", "--data", p.Data, "--service", "concern"), "koppi log of concern\n3\n")
	}
	testkit.Eventually(t, logged)
	p.End(syscall.SIGTERM)

	kept := filepath.Join(t.TempDir(), "checkpoints")
	if err := os.WriteFile(kept, []byte(clustertest.Run(t, clustertest.KoppiCommand, "log", "checkpoint", "--data", p.Data)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := clustertest.Run(t, clustertest.KoppiCommand, "fsck", "--data", p.Data, "--log", kept); !strings.Contains(out, "concern: 3 access log records, 0 findings") {
		t.Errorf("a sound one: %s", out)
	}
	db, err := sql.Open("sqlite", allinone.Paths(p.Data, "concern").Journal)
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
	p.Start()
	testkit.Eventually(t, logged)
	p.End(syscall.SIGTERM)
	if out := clustertest.Run(t, clustertest.KoppiCommand, "fsck", "--data", p.Data); !strings.Contains(out, "concern: 3 access log records, 0 findings") {
		t.Errorf("it agrees with itself: %s", out)
	}
	out, err := exec.Command(clustertest.Build(t, clustertest.KoppiCommand), "fsck", "--data", p.Data, "--log", kept).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the first 3 records differ from the checkpoint") {
		t.Errorf("rewritten whole: %v %s", err, out)
	}
}
