package refusals

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/ground"
)

// reading is one agency's reading of a matter.
type reading struct{ token, call, request string }

// A row's dates change what is offered, and no history: whatever period a row gets, each matter reads for its
// sender and its receiver as it did before.
func TestPropertyDatesChangeNoHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grounds.json")
	if err := os.WriteFile(path, ground.BuiltIn, 0o600); err != nil {
		t.Fatal(err)
	}
	file := testkit.Must(ground.Open(path))
	file.CheckEvery(time.Millisecond)
	l := newLawfulBy(t, file)
	before := l.histories(t)
	if err := flag.Set("rapid.checks", strconv.Itoa(testkit.Times("SOAK_DATES", 25))); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var all map[string]any
		if err := json.Unmarshal(ground.BuiltIn, &all); err != nil {
			rt.Fatal(err)
		}
		rows := all["grounds"].([]any)
		for range rapid.IntRange(1, 3).Draw(rt, "changes") {
			row := rows[rapid.IntRange(0, len(rows)-1).Draw(rt, "row")].(map[string]any)
			from := time.Now().AddDate(0, 0, rapid.IntRange(-400, 3).Draw(rt, "from"))
			row["from"], row["until"] = from.Format(time.DateOnly), from.AddDate(0, 0, rapid.IntRange(1, 400).Draw(rt, "days")).Format(time.DateOnly)
		}
		text := testkit.Must(json.Marshal(all))
		l.table = testkit.Must(ground.Parse(text))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			rt.Fatal(err)
		}
		testkit.Eventually(t, func() bool { return reflect.DeepEqual(file.Table().Rows(), l.table.Rows()) })
		c := rapid.SampledFrom(cells()).Draw(rt, "cell")
		if offered, want := l.offered(t, c), l.keys(c); !slices.Equal(offered, want) {
			rt.Fatalf("%v: %v are offered, want %v", c, offered, want)
		}
		for asked, was := range before {
			if is := string(testkit.Must(l.Call(asked.token, asked.call, asked.request))); is != was {
				rt.Fatalf("%s read %s and reads %s", asked.call, was, is)
			}
		}
	})
}

// histories begins a matter on each row, and returns how sender and receiver read it.
func (l *lawful) histories(t *testing.T) map[reading]string {
	t.Helper()
	read := map[reading]string{}
	for _, row := range l.table.Rows() {
		i := slices.IndexFunc(cells(), func(c cell) bool { return slices.Contains(l.keys(c), row.Key) })
		c := cells()[i]
		begun, kind, err := l.begin(row, c)
		if err != nil {
			t.Fatal(err)
		}
		tokens := []string{l.Tokens[c.sender]}
		if c.message != ground.Plan {
			tokens = append(tokens, l.Token(scenario.CastParty{Agency: receivers[c.receiver], Unit: "yksikko", Worker: "w-1", Role: senders[c.receiver].Role}))
		}
		name := strings.ToUpper(kind[:1]) + kind[1:]
		for _, token := range tokens {
			asked := reading{token, "koppi." + kind + ".v1." + name + "Service/Get" + name, testkit.JSON(map[string]any{kind + "Id": begun[kind+"Id"]}, nil)}
			body := string(testkit.Must(l.Call(asked.token, asked.call, asked.request)))
			if !strings.Contains(body, `"`+row.Key+`"`) {
				t.Errorf("%s does not show %s", body, row.Key)
			}
			read[asked] = body
		}
	}
	return read
}
