package resilience

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// A folder's journals are restored, while its keys stay: what was erased since the backup stays
// erased, what was reported since is lost, and the readers of it learn so.
func TestRestoreFolder(t *testing.T) {
	t.Parallel()
	p := clustertest.NewAllInOne(t)
	backup := filepath.Join(t.TempDir(), "backup")
	run := func(name string, variables ...string) string {
		t.Helper()
		out, err := shell(t, step(t, name), append(variables, "DATA="+p.Data, "BACKUP="+backup)...)
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		return out
	}
	p.Start()
	conn := testkit.Dial(t, p.Address)
	kela, system := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.Kela, "", "system")
	concerns, exchange := concernv1.NewConcernServiceClient(conn), exchangev1.NewExchangeServiceClient(conn)
	submit := func(r *concernv1.SubmitConcernRequest) string {
		return testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	erased := testkit.Submission()
	erased.Client.Identity = &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}
	erasedID, keptID := submit(erased), submit(testkit.Submission())
	p.End(syscall.SIGTERM)
	moment := time.Now().Format("2006-01-02T15:04:05-07:00")
	run("backup-folder")
	p.Start()
	lost := testkit.Submission()
	lostID := submit(lost)
	beyond := testkit.Insist(t, system, exchange.ListMessages, &exchangev1.ListMessagesRequest{}).GetNextCursor()
	p.End(syscall.SIGTERM)
	if out, err := clustertest.Koppi(t, "010594Y9032\n", "erase", "--data", p.Data); err != nil {
		t.Fatal(err, out)
	}

	if out := run("restore-folder", "TO="+moment); !strings.Contains(out, "mailbox kela 2 ") || !strings.Contains(out, "concern: 1 subjects\n") {
		t.Errorf("%s", out)
	}
	p.Start()
	for id, want := range map[string]fault.Reason{keptID: "", erasedID: fault.NotFound, lostID: fault.NotFound} {
		got, err := concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: id})
		if fault.ReasonOf(err) != want || (err == nil) != (want == "") {
			t.Errorf("%v %v, want %q", got, err, want)
		}
	}
	if submit(lost) == lostID {
		t.Error("what was lost is not lost")
	}
	if _, err := exchange.ListMessages(system, &exchangev1.ListMessagesRequest{Cursor: beyond}); fault.ReasonOf(err) != fault.HistoryDiverged {
		t.Errorf("%v", err)
	}
	p.End(syscall.SIGTERM)
	p.Fsck()
}
