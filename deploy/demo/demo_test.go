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

var update = flag.Bool("update", false, "write the golden files")

// The demo prints the recorded text, and never an identity code. What the agencies' mailboxes hold after it is
// what the documentation shows as examples.
func TestDemo(t *testing.T) {
	var out bytes.Buffer
	found := examples{}
	if err := demo.Run(t.Context(), &out, demo.Options{Replayed: found.collect}); err != nil {
		t.Fatal(err)
	}
	found.check(t)
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
		t.Errorf("the demo has changed; if that is intended, run with -update:\n%s", got)
	}
	if strings.Contains(got, "Not replayed yet") {
		t.Error("the demo skips a scenario")
	}
}

func TestUnknownScenario(t *testing.T) {
	if err := demo.Run(t.Context(), &bytes.Buffer{}, demo.Options{Scenario: "99"}); err == nil {
		t.Error("an unknown scenario is replayed")
	}
}
