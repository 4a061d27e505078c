package ground_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/ground"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const onConsent = commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT

func anyUse(t *rapid.T) ground.Use {
	kind := rapid.SampledFrom([]caseworkv1.AgencyKind{social, benefit, health, youth, work})
	use := ground.Use{
		Sender: kind.Draw(t, "sender"), Receiver: kind.Draw(t, "receiver"), Message: rapid.SampledFrom(ground.Messages()).Draw(t, "message"), At: day(anyDay(t, "at")),
	}
	if use.Message == ground.Plan {
		use.Receiver = none
	}
	return use
}

// anyDay is a day from before the first row until after today.
func anyDay(t *rapid.T, name string) string {
	return day("1999-01-01").AddDate(0, 0, rapid.IntRange(0, 365*35).Draw(t, name)).Format(time.DateOnly)
}

// A row's dates change what is lawful on the days that they change, and on no others.
func TestPropertyDatesChangeTheirDaysOnly(t *testing.T) {
	before := parsed(t, configured(t))
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, len(before.Rows())-1).Draw(rt, "row")
		from, until := anyDay(rt, "from"), anyDay(rt, "until")
		if until <= from {
			until = ""
		}
		after := changed(t, map[string]any{fmt.Sprintf("grounds.%d.from", i): from, fmt.Sprintf("grounds.%d.until", i): until})
		key := before.Rows()[i].Key
		use := anyUse(rt)
		// The first and the last days of the period are where a mistake is likely.
		if rapid.Bool().Draw(rt, "at the edge") {
			edge := rapid.SampledFrom([]string{from, until, before.Rows()[i].From}).Draw(rt, "edge")
			if edge != "" {
				use.At = day(edge).AddDate(0, 0, rapid.IntRange(-1, 1).Draw(rt, "beside"))
			}
		}
		on := use.At.Format(time.DateOnly)
		_, was := before.Find(key, use.At)
		_, is := after.Find(key, use.At)
		if want := from <= on && (until == "" || on < until); is != want {
			rt.Fatalf("%s from %s until %s on %s: in force %v", key, from, until, on, is)
		}
		had, has := before.Lawful(use), after.Lawful(use)
		if was == is {
			if keys(had) != keys(has) {
				rt.Fatalf("%s has not changed on %s, but %q became %q", key, on, keys(had), keys(has))
			}
			return
		}
		// The row itself comes or goes, and with it the general row if the row is on consent.
		others := func(rows []ground.Row) string {
			return keys(slices.DeleteFunc(slices.Clone(rows), func(row ground.Row) bool {
				return row.Key == key || row.General && before.Rows()[i].Ground == onConsent
			}))
		}
		if others(had) != others(has) {
			rt.Fatalf("%s has changed on %s, and %q became %q", key, on, keys(had), keys(has))
		}
	})
}

// What is lawful names sender, receiver and message, is in force, and never has the general row beside
// another on consent; and every such row that names them is lawful.
func TestPropertyLawful(t *testing.T) {
	table := parsed(t, configured(t))
	rapid.Check(t, func(rt *rapid.T) {
		use := anyUse(rt)
		lawful := table.Lawful(use)
		general, special := false, false
		for _, row := range lawful {
			general = general || row.General
			special = special || row.Ground == onConsent && !row.General
			if !slices.Contains(row.Senders, use.Sender) || use.Message != ground.Plan && !slices.Contains(row.Receivers, use.Receiver) || !slices.Contains(row.Messages, use.Message) {
				rt.Fatalf("%s does not name %v", row.Key, use)
			}
			if found, ok := table.Find(row.Key, use.At); !ok || found.From != row.From {
				rt.Fatalf("%s is not in force", row.Key)
			}
			if chosen, err := table.WithKey(use, row.Key); err != nil || chosen.From != row.From {
				rt.Fatalf("%s is lawful and refused: %v", row.Key, err)
			}
		}
		if general && special {
			rt.Fatalf("the general row is beside another on consent: %s", keys(lawful))
		}
		for _, row := range table.Rows() {
			_, inForce := table.Find(row.Key, use.At)
			names := slices.Contains(row.Senders, use.Sender) && slices.Contains(row.Messages, use.Message) && (use.Message == ground.Plan || slices.Contains(row.Receivers, use.Receiver))
			if inForce && names && !row.General && !strings.Contains(" "+keys(lawful)+" ", " "+row.Key+" ") {
				rt.Fatalf("%s names %v and is not lawful", row.Key, use)
			}
		}
	})
}

// A cell that is changed to anything is refused with its place, or changes its row alone.
func TestPropertyAChangedCell(t *testing.T) {
	before := parsed(t, configured(t)).Rows()
	columns := []string{
		"key", "ground", "provision", "senders", "receivers", "messages", "attest", "maxAge", "content", "prohibition", "due", "duty", "general", "from", "until",
		"source", "reviewed", "doubts", "names", "client",
	}
	fixed := []any{
		absent{},
		nil, "", 0, 1, 17, -1, 1.5, true, false,
		[]any{},
		map[string]any{},
		"x", "STOPS", "RECORDED", "WHOLE", "TOPICS", "CLIENT_CONSENT", "STATUTORY_ACCESS", "2026-11-30",
		"1301/2014 § 35.2",
		[]any{"SOCIAL_SERVICES"},
		[]any{"plan"},
		[]any{"concern"},
		[]any{[]any{"interestOfChild"}},
		map[string]any{"by": "A", "on": "2026-01-01"},
		map[string]any{"fi": "a", "sv": "b", "en": "c"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		all := decoded(t)
		i, column := rapid.IntRange(0, len(before)-1).Draw(rt, "row"), rapid.SampledFrom(columns).Draw(rt, "column")
		key, place := before[i].Key, fmt.Sprintf("grounds[%d]", i)
		var value any
		switch rapid.IntRange(0, 2).Draw(rt, "from") {
		case 0:
			value = rapid.SampledFrom(fixed).Draw(rt, "value")
		case 1:
			value = rapid.String().Draw(rt, "text")
		default:
			// The cell of another row.
			other := rapid.SampledFrom(before).Draw(rt, "other").Key
			value = inner(t, all["grounds"], other).(map[string]any)[column]
		}
		set(t, all, "grounds."+key+"."+column, value)
		table, err := ground.Parse(encoded(t, all))
		if err != nil {
			keyless := strings.HasPrefix(err.Error(), "acceptWithoutKey: ") && column == "key" && (key == "consent" || key == "anonymous")
			if !strings.Contains(err.Error(), place) && !keyless {
				rt.Fatalf("%s of %s = %v: %v", column, key, value, err)
			}
			return
		}
		for j, row := range table.Rows() {
			if j != i && !reflect.DeepEqual(row, before[j]) {
				rt.Fatalf("%s of %s changed %s", column, key, row.Key)
			}
			if j == i {
				same(rt, column, before[j], row)
			}
		}
	})
}

// same fails if two rows differ in more than one column.
func same(t *rapid.T, column string, before, after ground.Row) {
	was, is := reflect.ValueOf(before), reflect.ValueOf(after)
	changes := map[string]bool{}
	for i := range was.NumField() {
		if !reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
			changes[was.Type().Field(i).Name] = true
		}
	}
	delete(changes, strings.ToUpper(column[:1])+column[1:])
	if len(changes) > 0 {
		t.Fatalf("%s changed %v", column, slices.Sorted(maps.Keys(changes)))
	}
}
