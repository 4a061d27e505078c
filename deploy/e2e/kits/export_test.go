package kits

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/export"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/pkg/loopback/porttest"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Two agencies work together in all services, with attachments, a matter entered in error and a consent withdrawn. Each
// exports what it has, by the program and with its own token. The kit in Python verifies both exports without Koppi, and
// finds each of many changes to one. What the programs print has no content: the harness searches it.
func TestExport(t *testing.T) {
	f := testkit.NewFixture(t)
	revoked, attached := exchanged(t, f)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(f.Tokens["system"]), 0o600); err != nil {
		t.Fatal(err)
	}
	kela, county := filepath.Join(t.TempDir(), "exports", "kela"), filepath.Join(t.TempDir(), "county")
	koppi := clustertest.Build(t, clustertest.KoppiCommand)
	said := succeeds(t, koppi, "export", "--agency", "kela", "--address", f.Address, "--token-file", token, kela)
	sum := said[len(said)-65 : len(said)-1]
	for _, want := range []string{"concern: ", "tombstones", "plan: 0 messages", "attachments: 2, ", "; 0 more"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	succeeds(t, koppi, "export", "--agency", "hva-pohjois-savo", "--address", f.Address, county)

	for folder, given := range map[string]string{kela: sum, county: ""} {
		verified := succeeds(t, "python3", verifier(folder, given)...)
		if strings.Contains(verified, "concern: 0 messages") || !strings.Contains(verified, "complete, in order and unchanged") {
			t.Error(verified)
		}
	}
	text := testkit.Must(os.ReadFile(filepath.Join(kela, "mailboxes/concern.jsonl")))
	if !bytes.Contains(text, []byte(`"erasure":"ERASURE_REVOKED"`)) || !bytes.Contains(text, []byte(`"erasure":"ERASURE_WITHDRAWN"`)) || !bytes.Contains(text, []byte("Kaksi vuokraa maksamatta.")) {
		t.Error("there are no tombstones of both kinds beside whole messages")
	}
	if _, err := os.Stat(filepath.Join(kela, "attachments", revoked)); err == nil {
		t.Error("the attachment of a matter entered in error is exported")
	}
	if content, err := os.ReadFile(filepath.Join(kela, "attachments", attached)); err != nil || !bytes.Equal(content, testkit.PDF(1<<20+17)) {
		t.Errorf("the attachment has %d bytes: %v", len(content), err)
	}
	if tampered := succeeds(t, "python3", testkit.Path("deploy/e2e/kits/testdata/tamper.py"), kela, sum); tampered != "done\n" {
		t.Error(tampered)
	}
	refuses(t, f, koppi, token, kela, sum)
}

// Every event type of the contract, and one that neither the program nor the kit knows, each with a field and values of
// tomorrow, is exported and verified.
func TestExportOfEveryEvent(t *testing.T) {
	f, types := everyEvent(t, map[string]string{"kela": fmt.Sprint(porttest.Free(t))})
	folder := filepath.Join(t.TempDir(), "kela")
	succeeds(t, clustertest.Build(t, clustertest.KoppiCommand), "export", "--agency", "kela", "--address", f.Address, folder)
	if verified := succeeds(t, "python3", verifier(folder, "")...); !strings.Contains(verified, fmt.Sprintf("concern: %d messages verified, of which 0", len(types))) {
		t.Error(verified)
	}
}

// What every agency has after each scenario is exported and verified: its readable fields are those of the records. It is
// long, and runs in make soak.
func TestLongExportOfScenarios(t *testing.T) {
	var folders []string
	for _, s := range testkit.Must(scenario.Load(scenarios.Files)) {
		f := testkit.FixtureAt(t, testkit.Start(t, allinone.Config{Clock: s.Clock}))
		transport := scenario.ConnectJSON{Address: f.Address, Client: http.DefaultClient}
		runner := scenario.Runner{Transport: transport, Dev: transport}
		if err := runner.Run(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for _, agency := range []string{"kela", "hva-pohjois-savo", "terveys-pohjois-savo", "etsiva-kuopio", "tyollisyys-kuopio"} {
			token := f.Token(testkit.SystemOf(agency))
			folder := filepath.Join(t.TempDir(), agency)
			_, err := export.Run(t.Context(), export.Config{
				Conn: f.Conn(), Token: func(context.Context) (string, error) { return token, nil }, Agency: agency, Address: f.Address,
				Now: time.Now, Logger: slog.New(slog.NewTextHandler(leaktest.LogWriter(), nil)),
			}, folder)
			if err != nil {
				t.Fatalf("%s, %s: %v", s.Name, agency, err)
			}
			folders = append(folders, folder)
		}
	}
	const all = `import sys
from koppi_partner.export import Export
count = 0
for folder in sys.argv[1:]:
    export = Export(folder)
    count += sum(export.verified.values())
    print(*export.findings, sep="\n", end="")
print(count > 200)`
	if verified := succeeds(t, "python3", append([]string{"-c", all}, folders...)...); verified != "True\n" {
		t.Error(verified)
	}
}

// exchanged has the agencies work, and returns the attachment of a matter entered in error and one of another.
func exchanged(t *testing.T, f *testkit.Fixture) (revoked, attached string) {
	t.Helper()
	conn := f.Conn()
	matters := f.BeginMatters(conn)
	for range 2 {
		for _, step := range matters.Steps {
			step()
		}
	}
	kela, county := f.As("kela"), f.As("county")
	attachments, concerns := attachmentv1.NewAttachmentServiceClient(conn), concernv1.NewConcernServiceClient(conn)
	begin := func(client string, size int) (attachment, concern string) {
		attachment = testkit.Upload(t, kela, attachments, testkit.PDF(size)).GetAttachmentId()
		r := testkit.Submission()
		r.Client, r.AttachmentIds = testkit.ClientOf(client), []string{attachment}
		return attachment, testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	}
	revoked, wrong := begin("051179-913X", 300)
	testkit.Insist(t, kela, concerns.RevokeConcern, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: wrong, Reason: "Väärä henkilö."})
	attached, answered := begin("140391-9021", 1<<20+17)
	testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: answered})
	testkit.Insist(t, county, concerns.CloseConcern, &concernv1.CloseConcernRequest{
		RequestId: uuid.NewString(), ConcernId: answered, Outcome: concernv1.Outcome_OUTCOME_GUIDED,
		AttachmentIds: []string{testkit.Upload(t, county, attachments, testkit.PDF(500)).GetAttachmentId()},
	})
	testkit.Insist(t, kela, consentv1.NewConsentServiceClient(conn).WithdrawConsent, &consentv1.WithdrawConsentRequest{
		RequestId: uuid.NewString(), Subject: "concerns/" + matters.Concern.GetConcernId(),
	})
	return revoked, attached
}

// refuses proves that a failure says so: by an exit code, without a folder, and without a change of one that is there.
func refuses(t *testing.T, f *testkit.Fixture, koppi, token, kela, sum string) {
	t.Helper()
	fails := func(want string, name string, arguments ...string) {
		t.Helper()
		if out, err := program(t, name, arguments...).CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %s", err, out)
		}
	}
	fails("is not empty", koppi, "export", "--agency", "kela", "--address", f.Address, "--token-file", token, kela)
	other := filepath.Join(t.TempDir(), "other")
	fails("is the token that of hva-pohjois-savo?", koppi, "export", "--agency", "hva-pohjois-savo", "--address", f.Address, "--token-file", token, other)
	if left := testkit.Must(filepath.Glob(other + "*")); len(left) > 0 {
		t.Errorf("a failed export leaves %v", left)
	}
	fails("not the given one", "python3", verifier(kela, strings.Repeat("0", 64))...)
	if err := os.Remove(filepath.Join(kela, "attachments.jsonl")); err != nil {
		t.Fatal(err)
	}
	fails("attachments.jsonl: the file is missing", "python3", verifier(kela, sum)...)
}

func verifier(folder, sum string) []string {
	arguments := []string{"-m", "koppi_partner", "verify", folder}
	if sum != "" {
		arguments = append(arguments, sum)
	}
	return arguments
}

// program runs with the kit in Python as a gateway serves it.
func program(t *testing.T, name string, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Env = partnertest.PythonKit(t)
	return command
}

func succeeds(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	out, err := program(t, name, arguments...).CombinedOutput()
	_, _ = leaktest.LogWriter().Write(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
