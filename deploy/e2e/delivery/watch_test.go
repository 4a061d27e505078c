package delivery

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/partnertest"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// koppi watch prints messages as they arrive, resumes at its position, and its inbox verifies.
// README describes it in the same way.
func TestWatchCommand(t *testing.T) {
	readme, err := os.ReadFile(testkit.Path("README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "go run ./deploy/cmd/koppi watch --agency kela") {
		t.Error("README no longer tells of koppi watch")
	}
	p := clustertest.NewAllInOne(t)
	p.Start()
	conn := testkit.Dial(t, p.Address)
	kela := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
	file := filepath.Join(t.TempDir(), "inbox", "kela.jsonl")
	for _, want := range []string{"    1  concern submitted: ○ sent", "    2  concern submitted: ○ sent"} {
		if _, err := concernv1.NewConcernServiceClient(conn).SubmitConcern(kela, testkit.Submission()); err != nil {
			t.Fatal(err)
		}
		watch := exec.Command(p.Path, "watch", "--agency", "kela", "--address", "http://"+p.Address, "--inbox", file)
		watch.Stderr = os.Stderr
		out, err := watch.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := watch.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, want) {
			t.Errorf("it shows %q (%v)", line, err)
		}
		_ = watch.Process.Signal(syscall.SIGINT)
		if err := watch.Wait(); err != nil {
			t.Error(err)
		}
	}
	verified, err := exec.CommandContext(t.Context(), p.Path, "watch", "--agency", "kela", "--inbox", file, "--verify").CombinedOutput()
	if err != nil || !strings.Contains(string(verified), "2 messages, complete, in order and unchanged") {
		t.Errorf("%v %s", err, verified)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-100] ^= 1
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged, err := exec.CommandContext(t.Context(), p.Path, "watch", "--agency", "kela", "--inbox", file).CombinedOutput()
	if err == nil || !strings.Contains(string(damaged), "line 2") {
		t.Errorf("damaged: %v %s", err, damaged)
	}
}

// Open streams do not delay the end of Koppi when it is asked to stop.
func TestStandingConnectionsDoNotHoldTheEnd(t *testing.T) {
	p := clustertest.NewAllInOne(t)
	p.Start()
	issued := testkit.IssueToken(t, testkit.Dial(t, p.Address), &devv1.IssueTokenRequest{Agency: "kela", Role: "system"})
	box := partnertest.OpenInbox(t, "kela")
	client := partnertest.Connect(t, p.Address, issued, box)
	if _, err := client.Send(t.Context(), testkit.Submission()); err != nil {
		t.Fatal(err)
	}
	box.Reach(t, 1)
	began := time.Now()
	p.End(syscall.SIGTERM)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to end", took)
	}
}
