// Package testkit is the harness of Koppi's tests. It starts Koppi in the test's own process, with
// SQLite in a temporary folder, and holds the callers, clients and requests that several folders of
// tests use. Further packages complete it:
//
//   - clustertest starts Koppi as separate processes on PostgreSQL and Redis, for trial or as in
//     production, and the program koppi.
//   - partnertest is an agency's own system: its inbox, its connection, its endpoint.
//   - telemetrytest receives traces and metrics.
//   - leaktest searches what leaves the processes for what must not.
package testkit

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/pkg/worktree"
)

// Main runs the tests of a folder, and fails them if a process under test let something leave that
// must not. The TestMain of each folder calls it. It does not return.
func Main(m *testing.M) {
	if err := leaktest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	http.DefaultClient = &http.Client{Transport: leaktest.RoundTripper()}
	code := m.Run()
	if !leaktest.Check(os.Stderr) && code == 0 {
		code = 1
	}
	CleanUp()
	os.Exit(code)
}

// afterTests is what CleanUp does.
var afterTests struct {
	mu  sync.Mutex
	all []func()
}

// AfterTests has CleanUp do something after all tests of the folder.
func AfterTests(do func()) {
	afterTests.mu.Lock()
	defer afterTests.mu.Unlock()
	afterTests.all = append(afterTests.all, do)
}

// CleanUp does what AfterTests was given. Main calls it; a folder whose tests have another TestMain
// calls it there.
func CleanUp() {
	afterTests.mu.Lock()
	defer afterTests.mu.Unlock()
	for _, do := range afterTests.all {
		do()
	}
	afterTests.all = nil
}

// Path returns the absolute path of a file in the repository, such as Path("deploy/keeping.md"). It
// panics if the test does not run within the repository.
func Path(path string) string { return Must(worktree.Path(path)) }

// Times returns how often a test does something: as often as an environment variable says, which
// make soak sets, else as often as in every run.
func Times(variable string, everyRun int) int {
	if times, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return times
	}
	return everyRun
}

// Block returns a block of commands or settings of a document, such as deploy/keeping.md, by its name, which stands behind
// the language: "```sh backup".
func Block(t testing.TB, document, name string) string {
	t.Helper()
	page := Must(os.ReadFile(Path(document)))
	found := regexp.MustCompile("(?s)\n *```\\w+ " + regexp.QuoteMeta(name) + "\n(.*?)```").FindSubmatch(page)
	if found == nil {
		t.Fatalf("%s has no block %s", document, name)
	}
	return string(found[1])
}
