package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/ground"
)

func groundsFile(t *testing.T, from, to string) string {
	t.Helper()
	text := strings.Replace(string(ground.BuiltIn), from, to, 1)
	if from != "" && text == string(ground.BuiltIn) {
		t.Fatalf("the file does not contain %s", from)
	}
	path := filepath.Join(t.TempDir(), "grounds.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The check accepts the configured file, and refuses others with the place of the mistake.
func TestGroundsCheck(t *testing.T) {
	if err := (&groundsCheck{File: groundsFile(t, "", "")}).Run(); err != nil {
		t.Error(err)
	}
	for _, test := range []struct{ from, to, want string }{
		{`"content": "WHOLE"`, `"content": "ALL"`, "grounds[0] (shl-39-1): content: must be"},
		{`"maxAge": 28`, `"maxAge": 0`, "grounds[3] (nl-11-1): maxAge: must be from 1"},
		{`"duty": true`, `"dutty": true`, "grounds[0] (shl-39-1): dutty: unknown column"},
		{`"acceptWithoutKey": true,`, ``, "acceptWithoutKey: must be true or false"},
	} {
		if err := (&groundsCheck{File: groundsFile(t, test.from, test.to)}).Run(); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.to, err, test.want)
		}
	}
	if err := (&groundsCheck{File: filepath.Join(t.TempDir(), "missing.json")}).Run(); err == nil {
		t.Error("a missing file is accepted")
	}
}

// What is printed has each row, the gaps of all later periods, and each doubt.
func TestGroundsPrinted(t *testing.T) {
	text := strings.Replace(string(ground.BuiltIn), `"from": "2023-01-01", "source": "1023/2022", "reviewed": null`,
		`"from": "2023-01-01", "until": "2026-11-01", "source": "1023/2022", "reviewed": {"by": "A. Lawyer", "on": "2026-11-02"}`, 1)
	text = strings.Replace(text, `"from": "2004-01-01"`, `"from": "2026-12-15", "until": "2027-02-01"`, 1)
	table, err := ground.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := printGrounds(&out, table.Check(time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	const all = "SOCIAL_SERVICES, BENEFITS, HEALTH_CARE, YOUTH_WORK, EMPLOYMENT"
	printed := regexp.MustCompile(` +`).ReplaceAllString(out.String(), " ")
	for _, want := range []string{
		"key from until provision reviewed\n",
		"\nttl-14c 2023-01-01 2026-11-01 1412/1997 § 14 c 2026-11-02 A. Lawyer\n",
		"\nshl-35-2 2015-04-01 1301/2014 § 35.2 no\n",
		"\nno ground:\n from 2026-11-30 until 2026-12-15, from 2027-02-01: " + all + " to " + all + ": referral/REFERRAL_KIND_APPLICATION_TRANSFER\n\n",
		"\nno ground above an age limit:\n from 2026-11-30: BENEFITS, HEALTH_CARE, EMPLOYMENT to YOUTH_WORK: concern, referral/REFERRAL_KIND_SERVICE\n",
		"\nno ground but consent:\n from 2026-11-30: ",
		"\ndoubts:\n", "\n lsl-25 (417/2007 § 25): About the child",
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q is not in\n%s", want, printed)
		}
	}
}
