package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// koppi watch prints messages as they arrive, resumes at its position, and its inbox verifies.
// README describes it in the same way.
func TestWatchCommand(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "go run ./deploy/cmd/koppi watch --agency kela") {
		t.Error("README no longer tells of koppi watch")
	}
	p := newSuite(t)
	p.start()
	conn := dialStubborn(t, p.address)
	issued, err := devv1.NewDevServiceClient(conn).IssueToken(t.Context(), &devv1.IssueTokenRequest{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"})
	if err != nil {
		t.Fatal(err)
	}
	kela := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+issued.GetToken())
	file := filepath.Join(t.TempDir(), "inbox", "kela.jsonl")
	for _, want := range []string{"    1  concern submitted: ○ sent", "    2  concern submitted: ○ sent"} {
		if _, err := concernv1.NewConcernServiceClient(conn).SubmitConcern(kela, submission()); err != nil {
			t.Fatal(err)
		}
		watch := exec.Command(p.path, "watch", "--agency", "kela", "--address", "http://"+p.address, "--inbox", file)
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
	verified, err := exec.CommandContext(t.Context(), p.path, "watch", "--agency", "kela", "--inbox", file, "--verify").CombinedOutput()
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
	damaged, err := exec.CommandContext(t.Context(), p.path, "watch", "--agency", "kela", "--inbox", file).CombinedOutput()
	if err == nil || !strings.Contains(string(damaged), "line 2") {
		t.Errorf("damaged: %v %s", err, damaged)
	}
}

// Open streams do not delay the end of Koppi when it is asked to stop.
func TestStandingConnectionsDoNotHoldTheEnd(t *testing.T) {
	p := newSuite(t)
	p.start()
	issued := insist(t, t.Context(), devv1.NewDevServiceClient(dialStubborn(t, p.address)).IssueToken, &devv1.IssueTokenRequest{Agency: "kela", Role: "system"})
	box := openInbox(t, "kela")
	client := connect(t, p.address, issued.GetToken(), box)
	if _, err := client.Send(t.Context(), submission()); err != nil {
		t.Fatal(err)
	}
	box.reach(t, 1)
	began := time.Now()
	p.end(syscall.SIGTERM)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to end", took)
	}
}
