package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
)

// block is a command of the documentation, with the answer that stands right below it; empty for none.
type block struct{ page, command, answer string }

var blocks = regexp.MustCompile("(?s)```sh\n(.*?)```(?:\n```json\n(.*?)```)?")

// pages are those with commands, in the order in which they are run; all others follow, by name. The first
// defines what the others use.
var pages = []string{"twelve-calls", "streams", "attachments", "on-behalf-of", "callbacks"}

// Every command of the documentation works, and answers what stands below it. One Koppi runs them all, in one
// shell.
func TestCommands(t *testing.T) {
	all := read(t)
	if len(all) < 25 {
		t.Fatalf("the documentation has %d commands", len(all))
	}
	var script strings.Builder
	for _, one := range all {
		fmt.Fprintf(&script, "%s\nprintf '\\n%s\\n'\n", one.command, separator)
	}
	i := testkit.Start(t, allinone.Config{})
	command := exec.CommandContext(t.Context(), "bash", "-eu", "-o", "pipefail", "-c", strings.ReplaceAll(script.String(), "http://127.0.0.1:8080", i.Address))
	command.Dir = t.TempDir()
	// The pages name the program as it is called where it is installed.
	command.Env = append(os.Environ(), "PATH="+filepath.Dir(clustertest.Build(t, clustertest.KoppiCommand))+":"+os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1")
	out, err := command.CombinedOutput()
	answers := strings.Split(string(out), "\n"+separator+"\n")
	if err != nil {
		failed := all[min(len(answers)-1, len(all)-1)]
		t.Fatalf("%s: %v\n%s%s", failed.page, err, failed.command, answers[len(answers)-1])
	}
	for i, one := range all {
		if wrong := compared(one.answer, answers[i]); wrong != "" {
			t.Errorf("%s: %s\nThe command\n%sprints\n%s", one.page, wrong, one.command, answers[i])
		}
	}
}

const separator = "=== the next command ==="

func read(t *testing.T) []block {
	t.Helper()
	entries, err := os.ReadDir(testkit.Path("gateway/docs/pages"))
	if err != nil {
		t.Fatal(err)
	}
	order := slices.Clone(pages)
	for _, entry := range entries {
		if name := strings.TrimSuffix(entry.Name(), ".md"); !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	var all []block
	for _, name := range order {
		text, err := os.ReadFile(testkit.Path("gateway/docs/pages/" + name + ".md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range blocks.FindAllStringSubmatch(string(text), -1) {
			all = append(all, block{page: name, command: found[1], answer: found[2]})
		}
	}
	return all
}

// compared says in what an answer differs from that of the documentation, which is shortened; empty for
// nothing.
func compared(want, got string) string {
	if want == "" {
		return ""
	}
	var wanted, found any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		return "the answer on the page is no JSON: " + err.Error()
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(got, "}{", "}\n{")), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &found); err != nil {
		return "the answer is no JSON: " + err.Error()
	}
	return differs("", wanted, found)
}

// differs compares each value of the page: "…" stands for any value, and an element of a list may be followed
// or preceded by others.
func differs(path string, want, got any) string {
	switch wanted := want.(type) {
	case map[string]any:
		found, is := got.(map[string]any)
		if !is {
			return path + " is no object"
		}
		for key, value := range wanted {
			if wrong := differs(path+"."+key, value, found[key]); wrong != "" {
				return wrong
			}
		}
		return ""
	case []any:
		found, is := got.([]any)
		if !is {
			return path + " is no list"
		}
		return differsInList(path, wanted, found)
	}
	if want == "…" && got != nil && got != "" || reflect.DeepEqual(want, got) {
		return ""
	}
	return fmt.Sprintf("%s is %v and not %v", path, got, want)
}

func differsInList(path string, want, got []any) string {
	at := 0
	for i, one := range want {
		wrong := fmt.Sprintf("%s has no element %d", path, i)
		for ; at < len(got); at++ {
			if wrong = differs(fmt.Sprintf("%s[%d]", path, i), one, got[at]); wrong == "" {
				break
			}
		}
		if wrong != "" {
			return wrong
		}
		at++
	}
	return ""
}

func TestCompared(t *testing.T) {
	const got = `{"a": "1", "list": [{"x": 1}, {"x": 2, "y": 3}], "id": "0198"}`
	for want, same := range map[string]bool{
		`{}`: true, `{"a": "1"}`: true, `{"a": "2"}`: false, `{"id": "…"}`: true, `{"none": "…"}`: false,
		`{"list": [{"x": 2}]}`: true, `{"list": [{"x": 2}, {"x": 1}]}`: false, `{"list": [{"x": 1}, {"y": 3}]}`: true, `{"list": {}}`: false, `nothing`: false,
	} {
		if wrong := compared(want, `{"before": 1}`+got); (wrong == "") != same {
			t.Errorf("%s: %q", want, wrong)
		}
	}
}
