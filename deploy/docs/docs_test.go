// Package docs proves that the documentation that the gateway serves says what the rest of Koppi says.
package docs

import (
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/gateway/docs"
)

var update = flag.Bool("update", false, "write the copies of the documentation")

// copies are the parts of other documents that the gateway's documentation embeds: a program embeds only what
// lies below its folder.
var copies = map[string]func() (string, error){
	"glossary.md": func() (string, error) {
		text, err := os.ReadFile(testkit.Path("GLOSSARY.md"))
		_, domain, _ := strings.Cut(string(text), "## Domain")
		tables, _, _ := strings.Cut(domain, "## Retired words")
		return "## Domain" + strings.TrimRight(tables, "\n") + "\n", err
	},
	"changelog.md": func() (string, error) { return read("deploy/CHANGELOG.md") },
	"kit-curl.md": func() (string, error) {
		text, err := read("gateway/kits/README.md")
		_, start, _ := strings.Cut(text, "\n## Quick start with curl\n")
		return "# Quick start with curl\n" + withoutMarks(start), err
	},
	"kit-go.md":         func() (string, error) { return readme("go") },
	"kit-typescript.md": func() (string, error) { return readme("node") },
	"kit-python.md":     func() (string, error) { return readme("python") },
	"disclosure.md":     func() (string, error) { return read("deploy/disclosure/disclosure.md") },
}

// readme is the README of a kit.
func readme(kit string) (string, error) {
	text, err := read("gateway/kits/" + kit + "/README.md")
	return withoutMarks(text), err
}

// mark says to the tests of the kits what a block of a README is; the documentation has no links to other places.
var (
	mark    = regexp.MustCompile(`(?m)^<!-- (tested|file: [a-z.]+) -->\n`)
	outside = regexp.MustCompile(`\[([^]]+)\]\(https?://[^)]+\)`)
)

func withoutMarks(text string) string {
	return outside.ReplaceAllString(mark.ReplaceAllString(text, ""), "$1")
}

func read(path string) (string, error) {
	text, err := os.ReadFile(testkit.Path(path))
	return string(text), err
}

// What the documentation embeds of other documents is what they say.
func TestCopiesAreCurrent(t *testing.T) {
	for name, from := range copies {
		want, err := from()
		if err != nil || len(want) < 200 {
			t.Fatalf("%s: %d characters: %v", name, len(want), err)
		}
		path := testkit.Path("gateway/docs/data/" + name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s is not current: go test ./deploy/docs -update (%v)", path, err)
		}
	}
}

// The reference describes every service that a gateway serves, and that which partners serve, and no other.
func TestAllServicesAreDescribed(t *testing.T) {
	want := []protoreflect.FullName{"koppi.exchange.v1.CallbackService"}
	for _, name := range allinone.Served() {
		want = append(want, protoreflect.FullName(name))
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(docs.Services)); !slices.Equal(got, want) {
		t.Errorf("described are %v, served are %v", got, want)
	}
}
