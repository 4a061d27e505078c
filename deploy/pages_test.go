package deploy_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each test that the threat model and keeping.md name exists.
func TestPagesNameTests(t *testing.T) {
	found := map[string]bool{}
	for _, name := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(tests(t), -1) {
		found[name[1]] = true
	}
	for page, least := range map[string]int{"threats.md": 50, "keeping.md": 10} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(text), -1)
		if len(named) < least {
			t.Errorf("%s names %d tests", page, len(named))
		}
		for _, name := range named {
			if !found[name[1]] {
				t.Errorf("%s: there is no test %s", page, name[1])
			}
		}
	}
}

// A test runs each block of commands in keeping.md.
func TestKeepingStepsTested(t *testing.T) {
	page, err := os.ReadFile("keeping.md")
	if err != nil {
		t.Fatal(err)
	}
	steps := regexp.MustCompile("(?m)^ *```(\\w+) ?(.*)\n").FindAllStringSubmatch(string(page), -1)
	all := tests(t)
	if len(steps) < 8 {
		t.Errorf("the page has %d steps", len(steps))
	}
	for _, step := range steps {
		run := regexp.MustCompile(`(?:step\(t, |operator\(t, c, |run\(|name :?= |"--)"?` + step[2] + `"`)
		if step[2] == "" || !run.MatchString(all) {
			t.Errorf("no test runs the step %q", step[2])
		}
	}
}

// tests returns the source of all tests.
func tests(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// Each folder of deploy/e2e has its tests run by testkit.Main, which searches what left the processes
// for what must not.
func TestEndToEndTestsAreSearched(t *testing.T) {
	folders, err := filepath.Glob("e2e/*")
	if err != nil || len(folders) < 7 {
		t.Fatalf("%d folders: %v", len(folders), err)
	}
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "main_test.go"))
		if err != nil || !strings.Contains(string(text), "testkit.Main(m)") {
			t.Errorf("%s has no TestMain that calls testkit.Main: %v", folder, err)
		}
	}
}
