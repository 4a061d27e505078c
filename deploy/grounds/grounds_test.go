// Package grounds compares the table of grounds by law with one page, which a lawyer reviews.
package grounds

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/matter"
)

// asOf is the day from which the page shows what may be sent: a fixed one, so that the page changes with the
// table alone.
var asOf = time.Date(2026, time.December, 1, 12, 0, 0, 0, matter.Helsinki())

func parsed(t *testing.T, text []byte) *ground.Table {
	t.Helper()
	table, err := ground.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestPage(t *testing.T) {
	rulestest.Golden(t, "grounds.md", page(parsed(t, ground.BuiltIn), asOf))
}

// The page has a word for all that a table can say.
func TestWordsAreComplete(t *testing.T) {
	for _, message := range ground.Messages() {
		if messages[message] == "" {
			t.Errorf("there is no word for %s", message)
		}
	}
	for _, row := range parsed(t, ground.BuiltIn).Rows() {
		for _, kind := range slices.Concat(row.Senders, row.Receivers) {
			if kinds[kind] == "" {
				t.Errorf("there is no word for %s", kind)
			}
		}
		if legalGrounds[row.Ground] == "" || contents[row.Content] == "" || prohibitions[row.Prohibition] == "" {
			t.Errorf("there is no word for a cell of %s", row.Key)
		}
		for act := range cited([]ground.Row{row}) {
			if acts[act] == "" {
				t.Errorf("%s cites %s, which has no name", row.Key, act)
			}
		}
	}
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 7: "7th", 11: "11th", 12: "12th", 21: "21st", 113: "113th"} {
		if got := ordinal(n); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Every cell of the table is on the page: another value in any of them changes it.
func TestEachCellChangesThePage(t *testing.T) {
	whole := page(parsed(t, ground.BuiltIn), asOf)
	others := map[string][]any{
		"key": {"another"}, "ground": {"CLIENT_CONSENT", "STATUTORY_NOTIFICATION", "STATUTORY_ACCESS", "NO_PERSONAL_DATA"}, "provision": {"434/2003 § 1"},
		"senders": {[]string{"YOUTH_WORK"}, []string{"HEALTH_CARE", "YOUTH_WORK"}}, "receivers": {[]string{"BENEFITS"}, []string{"SOCIAL_SERVICES", "YOUTH_WORK"}},
		"messages": {[]string{"consultation"}, []string{"concern", "consultation"}, []string{"consultation/invitation"}, []string{"plan/invitation"}},
		"attest":   {[][]string{{"consentUnobtainable"}, {"cannotAssessMeaning"}}}, "maxAge": {5, nil}, "content": {"IDENTIFICATION", "TOPICS", "NECESSARY", "WHOLE"},
		"prohibition": {"STOPS", "RECORDED"}, "due": {nil}, "due.receivers": {[]string{"BENEFITS"}, []string{"SOCIAL_SERVICES", "BENEFITS"}}, "due.workingDays": {9},
		"due.urgentWorkingDays": {2}, "due.countsFrom": {"SENDING", "ARRIVAL"}, "due.provision": {"434/2003 § 1"}, "due.urgentProvision": {"434/2003 § 1"},
		"duty": {true, false}, "general": {true, false}, "from": {"2020-02-02"}, "until": {"2030-03-03"}, "source": {"1/2000"},
		"reviewed": {map[string]string{"by": "A. Lawyer", "on": "2026-11-02"}}, "doubts": {"Something."},
		"names.fi": {"a"}, "names.sv": {"a"}, "names.en": {"a"}, "client.fi": {"a"}, "client.sv": {"a"}, "client.en": {"{{receiver}}"},
	}
	changes := map[string]int{}
	for column, values := range others {
		for i := range parsed(t, ground.BuiltIn).Rows() {
			for _, value := range values {
				row, text, was := with(t, i, column, value)
				table, err := ground.Parse(text)
				if was || err != nil {
					// The value is the same, or is not allowed in this row.
					continue
				}
				changes[column]++
				if page(table, asOf) == whole {
					t.Errorf("%s: the page does not change if %s becomes %v", row, column, value)
				}
			}
		}
	}
	for column := range others {
		if changes[column] == 0 {
			t.Errorf("no other value of %s was tried", column)
		}
	}
	for _, name := range ground.Attestations() {
		for _, language := range languages {
			var all map[string]any
			if err := json.Unmarshal(ground.BuiltIn, &all); err != nil {
				t.Fatal(err)
			}
			all["attestations"].(map[string]any)[name].(map[string]any)[language.tag] = "a"
			text, _ := json.Marshal(all)
			if page(parsed(t, text), asOf) == whole {
				t.Errorf("the page does not change with %s in %s", name, language.name)
			}
		}
	}
	if keyed := strings.Replace(string(ground.BuiltIn), `"acceptWithoutKey": true`, `"acceptWithoutKey": false`, 1); page(parsed(t, []byte(keyed)), asOf) == whole {
		t.Error("the page does not say whether requests without a key are accepted")
	}
}

// with returns the key of a row, the file with one cell of the row changed, and whether the cell had the value
// before. A column such as "names.sv" is a part of one.
func with(t *testing.T, i int, column string, value any) (key string, text []byte, was bool) {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(ground.BuiltIn, &all); err != nil {
		t.Fatal(err)
	}
	row := all["grounds"].([]any)[i].(map[string]any)
	key, _ = row["key"].(string)
	if outer, part, nested := strings.Cut(column, "."); nested {
		inner, ok := row[outer].(map[string]any)
		if !ok {
			return key, nil, true
		}
		row, column = inner, part
	}
	before, _ := json.Marshal(row[column])
	after, _ := json.Marshal(value)
	row[column] = value
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	nothing := []string{"null", "false"}
	return key, text, string(before) == string(after) || slices.Contains(nothing, string(before)) && slices.Contains(nothing, string(after))
}
