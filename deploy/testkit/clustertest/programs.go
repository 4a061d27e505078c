// Package clustertest starts Koppi as its operators do: as separate processes on PostgreSQL and Redis,
// on trial or as in production, or as one process, koppi up. Programs are built once for all folders
// of tests.
package clustertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"koppi.internal/deploy/testkit"
)

// The commands of Koppi, as go build names them.
const (
	KoppiCommand   = "koppi.internal/deploy/cmd/koppi"
	GatewayCommand = "koppi.internal/gateway/cmd/gateway"
)

// ServiceCommand is the command of a service.
func ServiceCommand(name string) string {
	return "koppi.internal/services/" + name + "/cmd/" + name
}

// built are the programs that this process has built, by their commands.
var built = struct {
	sync.Mutex
	folder string
	paths  map[string]string
}{paths: map[string]string{}}

// abandoned is how old a process's folder of programs is when no test uses it any more.
const abandoned = 24 * time.Hour

// Build builds a command and returns the path of the program. Programs are kept in .tools/programs,
// where go build links them anew only if they have changed: test processes that run at the same time
// share them. Each process has hard links of its own, since another may build a newer version.
func Build(t testing.TB, command string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if path := built.paths[command]; path != "" {
		return path
	}
	path, err := build(command)
	if err != nil {
		t.Fatal(err)
	}
	built.paths[command] = path
	return path
}

func build(command string) (path string, err error) {
	programs := testkit.Path(".tools/programs")
	if err := os.MkdirAll(programs, 0o750); err != nil {
		return "", err
	}
	lock := flock.New(filepath.Join(programs, "lock"))
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer func() { _ = lock.Unlock() }()
	if built.folder == "" {
		removeAbandoned(programs)
		if built.folder, err = os.MkdirTemp(programs, "run-"); err != nil {
			return "", err
		}
		testkit.AfterTests(func() { _ = os.RemoveAll(built.folder) })
	}
	kept := filepath.Join(programs, filepath.Base(command))
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", kept, command).CombinedOutput(); err != nil { //nolint:gosec // commands of this file
		return "", fmt.Errorf("%w: %s", err, out)
	}
	path = filepath.Join(built.folder, filepath.Base(command))
	return path, os.Link(kept, path)
}

// removeAbandoned removes the folders of processes that ended without doing so.
func removeAbandoned(programs string) {
	folders, _ := filepath.Glob(filepath.Join(programs, "run-*"))
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.RemoveAll(folder)
		}
	}
}

// isBuilt tells whether a program is of the version under test, and not of an earlier one.
func isBuilt(path string) bool {
	built.Lock()
	defer built.Unlock()
	return built.folder != "" && strings.HasPrefix(path, built.folder)
}

// Run builds a command, runs it to its end and returns what it prints. A failure fails the test.
func Run(t testing.TB, command string, args ...string) string {
	t.Helper()
	return RunProgram(t, Build(t, command), args...)
}

// RunProgram is Run for a program that is built already.
func RunProgram(t testing.TB, path string, args ...string) string {
	t.Helper()
	out, err := exec.Command(path, args...).CombinedOutput() //nolint:gosec // a test's own
	if err != nil {
		t.Fatal(fmt.Sprint(args), err, string(out))
	}
	return string(out)
}

// Koppi runs the command koppi with standard input, and returns what it prints and how it ended.
func Koppi(t testing.TB, input string, args ...string) (string, error) {
	t.Helper()
	command := exec.Command(Build(t, KoppiCommand), args...) //nolint:gosec // a test's own
	command.Stdin = strings.NewReader(input)
	out, err := command.CombinedOutput()
	return string(out), err
}
