package deploy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/version"
	"koppi.internal/proto/contract"
)

// versionEntry is what the list of changes says of one version.
type versionEntry struct {
	number, contract string
	changes          int
	text             string
}

// entries reads the list of changes, the newest version first.
func entries(text string) []versionEntry {
	var all []versionEntry
	for _, part := range strings.Split(text, "\n## ")[1:] {
		head, body, _ := strings.Cut(part, "\n")
		entry := versionEntry{number: strings.Fields(head)[0], text: body, changes: len(regexp.MustCompile(`(?m)^- `).FindAllString(body, -1))}
		if digest := regexp.MustCompile("(?m)^Contract: `([0-9a-f]{64})`").FindStringSubmatch(body); digest != nil {
			entry.contract = digest[1]
		}
		all = append(all, entry)
	}
	return all
}

// The list of changes begins with the version that the programs have, and names the contract as it is: a
// change of a .proto file does not go without a line for those who use it.
func TestContractIsInTheChangelog(t *testing.T) {
	text, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	all := entries(string(text))
	if len(all) == 0 || all[0].number != version.Number || all[0].changes == 0 {
		t.Fatalf("CHANGELOG.md begins with %+v; the version is %s, and needs a line for each change", all, version.Number)
	}
	if digest := contract.Digest(); all[0].contract != digest {
		t.Errorf("the contract has changed: say in deploy/CHANGELOG.md what partners see of it, below %s, and write there\nContract: `%s`", version.Number, digest)
	}
	seen := map[string]bool{}
	for _, entry := range all {
		if entry.contract == "" || seen[entry.number] {
			t.Errorf("version %s: it names no contract, or stands twice", entry.number)
		}
		seen[entry.number] = true
	}
}

// What is deprecated stands in the list of changes, with a day before which it is not removed: 12 months or
// more after the day on which it was deprecated.
func TestDeprecationsHaveADay(t *testing.T) {
	text, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range contract.Deprecated() {
		if err := deprecation(string(text), name); err != "" {
			t.Errorf("%s: %s", name, err)
		}
	}
	const line = "- Deprecated on 2026-12-01, removed no earlier than 2027-12-01: `koppi.x.v1.Old`: use New.\n"
	for text, fine := range map[string]bool{
		line: true, strings.Replace(line, "2027", "2026", 1): false, strings.Replace(line, "Old", "Older", 1): false, strings.Replace(line, "2027-12-01", "soon", 1): false,
	} {
		if err := deprecation(text, "koppi.x.v1.Old"); (err == "") != fine {
			t.Errorf("%q: %s", text, err)
		}
	}
}

// deprecation says what is wrong with the entry of a deprecated element; empty for nothing.
func deprecation(text, name string) string {
	found := regexp.MustCompile("(?m)^- Deprecated on (\\d{4}-\\d\\d-\\d\\d), removed no earlier than (\\d{4}-\\d\\d-\\d\\d): `" + regexp.QuoteMeta(name) + "`").FindStringSubmatch(text)
	if found == nil {
		return "CHANGELOG.md has no line “- Deprecated on DAY, removed no earlier than DAY: `NAME`: what to use”"
	}
	from, err := time.Parse(time.DateOnly, found[1])
	until, wrong := time.Parse(time.DateOnly, found[2])
	if err != nil || wrong != nil || until.Before(from.AddDate(1, 0, 0)) {
		return "it must work for at least 12 months"
	}
	return ""
}
