package gateway

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file anew")

// The texts of mails, in each language and for each mixture of counts.
func TestTexts(t *testing.T) {
	var all strings.Builder
	for _, tag := range []string{"fi", "sv", "en"} {
		for _, found := range []counts{
			{1, 0, 0, 0},
			{1, 0, 1, 0},
			{1, 1, 0, 0},
			{1, 0, 0, 1},
			{1, 0, 1, 1},
			{1, 1, 0, 1},
			{2, 0, 0, 0},
			{3, 0, 1, 1},
			{3, 1, 0, 0},
			{3, 1, 1, 1},
			{12, 2, 3, 4},
			{21, 0, 0, 21},
		} {
			subject, body := write(tag, found, "https://koppi.example.fi/")
			_, _ = fmt.Fprintf(&all, "%s %+v\n%s\n---\n%s===\n", tag, found, subject, body)
		}
	}
	const golden = "testdata/texts.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if all.String() != string(want) {
		t.Errorf("the texts changed; if that is intended, run the test with -update:\n%s", all.String())
	}
}

// Each language has all words.
func TestWordsAreComplete(t *testing.T) {
	if len(languages) != 3 {
		t.Errorf("%d languages", len(languages))
	}
	for tag, w := range languages {
		complete(t, tag, reflect.ValueOf(w))
	}
}

func complete(t *testing.T, at string, value reflect.Value) {
	if value.Kind() == reflect.String {
		if value.String() == "" {
			t.Errorf("%s is empty", at)
		}
		return
	}
	for field, one := range value.Fields() {
		complete(t, at+"."+field.Name, one)
	}
}

// A unit's language is the first of its languages that has words.
func TestLanguageOfUnit(t *testing.T) {
	for want, served := range map[string][]string{"fi": {"se", "so"}, "sv": {"sv-FI", "fi"}, "en": {"so", "en", "sv"}} {
		if got := languageOf(served); got != want {
			t.Errorf("%v: %s", served, got)
		}
	}
}

// A matter that is both new and overdue counts once.
func TestCounts(t *testing.T) {
	other := waits("a", fresh, normal)
	other.service = "plan"
	got := count([]waitingMatter{waits("a", fresh, emergency), waits("a", late, emergency), waits("b", fresh, urgent), other})
	if got != (counts{all: 3, emergencies: 1, urgent: 1, overdue: 1}) {
		t.Errorf("%+v", got)
	}
}
