package kits

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/semver"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/loopback/porttest"
	"koppi.internal/pkg/version"
)

// blocks are the files and commands of a README.
var blocks = regexp.MustCompile("(?s)<!-- (tested|file: ([a-z.]+)) -->\n```[a-z]+\n(.*?)```")

// quickstart writes the files of a README into an empty folder, and returns its commands as one script, with the
// address, port and secret of this test.
func quickstart(t *testing.T, readme, folder, address, port string) string {
	t.Helper()
	var script strings.Builder
	for _, block := range blocks.FindAllStringSubmatch(string(testkit.Must(os.ReadFile(testkit.Path(readme)))), -1) {
		if block[2] == "" {
			script.WriteString(block[3])
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, block[2]), []byte(block[3]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return strings.NewReplacer("http://127.0.0.1:8080", address, "PORT=8700", "PORT="+port).Replace(script.String())
}

// outside is the environment of a partner's machine: the settings of this one's clients of npm and of Go, with what they
// have in store, but none of this repository's, and no module of ours that an earlier run fetched.
func outside(t *testing.T) []string {
	t.Helper()
	stored := strings.TrimSpace(string(testkit.Must(exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output())))
	usual := strings.TrimSpace(string(testkit.Must(exec.CommandContext(t.Context(), "go", "env", "GOPROXY").Output())))
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-modcacherw -trimpath", "GOMODCACHE="+t.TempDir(),
		"GOPROXY=file://"+filepath.ToSlash(stored)+"/cache/download,"+usual, "GOSUMDB=off", "PYTHONDONTWRITEBYTECODE=1",
		"npm_config_prefer_offline=true", "npm_config_update_notifier=false")
}

// calledAt is an instance that calls Kela at a port.
func calledAt(t *testing.T, port string) *testkit.Fixture {
	t.Helper()
	agencies, err := directory.Parse(partnertest.CallbackDirectory(t, "CONNECT", "http://127.0.0.1:"+port))
	if err != nil {
		t.Fatal(err)
	}
	return testkit.NewFixtureWith(t, allinone.Config{
		Directory: agencies, CallbackTiming: partnertest.CallbackTiming,
		Callbacks: callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)},
	})
}

// Each quick start works in an empty folder outside of this repository: it installs the kit from a gateway, reports a
// concern, reads and verifies the mailbox, and is called.
func TestQuickStarts(t *testing.T) {
	for name, guide := range map[string]struct {
		readme string
		says   []string
		// inboxes are files that hold a verified mailbox afterwards.
		inboxes []string
	}{
		"curl":       {readme: "gateway/kits/README.md", says: []string{"CONCERN_STATE_SUBMITTED", "koppi.concern.v1.ConcernSubmitted", `"record"`, ".whl: OK"}},
		"Go":         {readme: "gateway/kits/go/README.md", says: []string{"submitted ", "polled 1", "called with koppi.concern.v1.ConcernSubmitted"}, inboxes: []string{"inbox.jsonl", "called.jsonl"}},
		"TypeScript": {readme: "gateway/kits/node/README.md", says: []string{"submitted ", "polled type.googleapis.com/koppi.concern.v1.ConcernSubmitted", "called with type.googleapis.com/koppi.concern.v1.ConcernSubmitted"}, inboxes: []string{"inbox.jsonl", "called.jsonl"}},
		"Python":     {readme: "gateway/kits/python/README.md", says: []string{"submitted ", "polled type.googleapis.com/koppi.concern.v1.ConcernSubmitted ", "called with type.googleapis.com/koppi.concern.v1.ConcernSubmitted", "1 messages, complete"}, inboxes: []string{"inbox.jsonl", "called.jsonl"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, port := t.TempDir(), fmt.Sprint(porttest.Free(t))
			f := calledAt(t, port)
			command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", quickstart(t, guide.readme, folder, f.Address, port))
			command.Dir, command.Env = folder, outside(t)
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range guide.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("no %q in what the commands print:\n%s", want, out)
				}
			}
			for _, inbox := range guide.inboxes {
				partnertest.CheckFile(t, filepath.Join(folder, inbox), 1)
			}
		})
	}
}

// The gateway serves the kits of its own version, each with its checksum, and refuses what is no kit with 404, at which
// Go asks its next proxy.
func TestKitsAreServed(t *testing.T) {
	i := testkit.Start(t, allinone.Config{})
	script := fmt.Sprintf(`
koppi=%s/kits version=%s
[ "$(curl -sSf $koppi/VERSION)" = $version ]
curl -sSf $koppi/SHA256SUMS -o SHA256SUMS
while read -r sum name; do curl -sSf --create-dirs -o "$name" "$koppi/$name"; done < SHA256SUMS
sha256sum --quiet -c SHA256SUMS
ls go/koppi.internal/partner/@v/v$version.zip go/koppi.internal/proto/@v/v$version.zip npm/koppi-partner-$version.tgz \
  python/koppi_partner-$version-py3-none-any.whl proto/koppi-proto-$version.zip
for other in go/google.golang.org/grpc/@v/list go/koppi.internal/partner/@v/v9.9.9.zip go/koppi.internal/partner/ npm ''; do
  [ "$(curl -sS -o answer -w '%%{http_code}' "$koppi/$other")" = 404 ] || { echo "$other is served"; exit 1; }
done`, i.Address, version.Number)
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	command.Dir = t.TempDir()
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The version is higher than that of the release before: partners' lock files hold the checksums of its kits, which
// never change. A release from before there was a version told none.
func TestVersionIsRaised(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(clustertest.PreviousSources(t), "pkg/version/version.go"))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	before := regexp.MustCompile(`Number = "([0-9.]+)"`).FindSubmatch(testkit.Must(text, err))
	if before == nil || semver.Compare("v"+string(before[1]), "v"+version.Number) >= 0 {
		t.Errorf("%s is the version, and %q that of the release before: raise pkg/version", version.Number, before)
	}
}
