package clustertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
)

// PreviousVersion is the commit that an upgrade comes from, and a rollback goes to.
func PreviousVersion(t testing.TB) string {
	t.Helper()
	return strings.TrimSpace(string(testkit.Must(os.ReadFile(testkit.Path("deploy/PREVIOUS")))))
}

// PreviousSources is the folder of the version before, with its programs in bin: built once, and kept for later runs.
// Test processes that run at the same time share it.
func PreviousSources(t testing.TB) string {
	t.Helper()
	commit := PreviousVersion(t)
	root := testkit.Path(".tools/previous")
	if err := os.MkdirAll(root, 0o750); err != nil {
		t.Fatal(err)
	}
	lock := flock.New(filepath.Join(root, "lock"))
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	folder := filepath.Join(root, commit)
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	draft := testkit.Must(os.MkdirTemp(root, "draft-"))
	defer func() { _ = os.RemoveAll(draft) }()
	//nolint:gosec // the commit is this repository's own
	unpack := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", `
root=$2
git() { command git -c safe.directory='*' -C "$root" "$@"; }
git cat-file -e "$0" 2>/dev/null || git fetch -q --unshallow || git fetch -q origin "$0"
git archive "$0" | tar -x -C "$1"`, commit, draft, testkit.Path(""))
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("the version before is not in this clone: git fetch --unshallow, or: git fetch origin %s\n%s", commit, out)
	}
	commands := []string{"./deploy/cmd/koppi", "./gateway/cmd/gateway"}
	for _, service := range all.Services {
		commands = append(commands, fmt.Sprintf("./services/%s/cmd/%[1]s", service.Name))
	}
	build := exec.CommandContext(t.Context(), "go", append([]string{"build", "-buildvcs=false", "-ldflags=-s -w", "-o", "bin/"}, commands...)...) //nolint:gosec // commands of this file
	build.Dir = draft
	build.Env = append(os.Environ(), "GOWORK="+filepath.Join(draft, "go.work"))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the version before: %v: %s", err, out)
	}
	if err := os.Rename(draft, folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

// Previous is a program of the version before.
func Previous(t testing.TB, command string) string {
	t.Helper()
	return filepath.Join(PreviousSources(t), "bin", filepath.Base(command))
}
