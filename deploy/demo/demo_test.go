package demo_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"koppi.internal/deploy/demo"
)

var update = flag.Bool("update", false, "write the golden file anew")

// The demo reads as recorded, and never prints an identity code.
func TestDemo(t *testing.T) {
	var out bytes.Buffer
	if err := demo.Run(t.Context(), &out, demo.Options{}); err != nil {
		t.Fatal(err)
	}
	if code := regexp.MustCompile(`\d{6}[-+A-FU-Y]\d{3}[0-9A-Z]`).FindString(out.String()); code != "" {
		t.Errorf("the demo prints %s", code)
	}
	got := regexp.MustCompile(`…[0-9a-f]{4}\b`).ReplaceAllString(out.String(), "…")
	if *update {
		if err := os.WriteFile("testdata/demo.golden", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/demo.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the demo reads otherwise; if it is meant, run with -update:\n%s", got)
	}
	if strings.Contains(got, "Not replayed yet") {
		t.Error("the demo passes over a scenario")
	}
}

func TestNoSuchScenario(t *testing.T) {
	if err := demo.Run(t.Context(), &bytes.Buffer{}, demo.Options{Scenario: "99"}); err == nil {
		t.Error("a scenario that is not there is replayed")
	}
}
