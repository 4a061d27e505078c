package operations

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
)

// The commands in README work.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(testkit.Path("README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)<!-- tested -->\n```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		script.WriteString(block[1] + "\n")
	}
	i := testkit.Start(t, allinone.Config{})
	commands := strings.ReplaceAll(script.String(), "http://127.0.0.1:8080", i.Address)
	out, err := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"CONCERN_STATE_SUBMITTED", "koppi.concern.v1.ConcernSubmitted", `"sequence":"1"`} {
		if !strings.Contains(strings.ReplaceAll(string(out), " ", ""), want) {
			t.Errorf("no %s in what README's commands print:\n%s", want, out)
		}
	}
}
