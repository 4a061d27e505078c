package ground_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

const (
	social  = caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES
	benefit = caseworkv1.AgencyKind_AGENCY_KIND_BENEFITS
	health  = caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE
	youth   = caseworkv1.AgencyKind_AGENCY_KIND_YOUTH_WORK
	work    = caseworkv1.AgencyKind_AGENCY_KIND_EMPLOYMENT
	none    = caseworkv1.AgencyKind_AGENCY_KIND_UNSPECIFIED
)

const (
	service  = "referral/REFERRAL_KIND_SERVICE"
	transfer = "referral/REFERRAL_KIND_APPLICATION_TRANSFER"
	notice   = "referral/REFERRAL_KIND_DECISION_NOTICE"
)

// day is noon of a day in Helsinki.
func day(text string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, text, matter.Helsinki())
	if err != nil {
		panic(err)
	}
	return at.Add(12 * time.Hour)
}

var today = day("2026-11-30")

func configured(t testing.TB) []byte {
	t.Helper()
	return ground.BuiltIn
}

// decoded returns the configured file for a test to change.
func decoded(t testing.TB) map[string]any {
	var all map[string]any
	if err := json.Unmarshal(configured(t), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func encoded(t testing.TB, all map[string]any) []byte {
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// absent removes what a change would set.
type absent struct{}

// set changes one value of a file, by a path such as "grounds.shl-35-2.attest".
func set(t testing.TB, all map[string]any, path string, value any) {
	var at any = all
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		at = inner(t, at, step)
	}
	last := steps[len(steps)-1]
	switch outer := at.(type) {
	case map[string]any:
		if value == (absent{}) {
			delete(outer, last)
		} else {
			outer[last] = value
		}
	case []any:
		i, _ := strconv.Atoi(last)
		outer[i] = value
	}
}

func inner(t testing.TB, at any, step string) any {
	switch outer := at.(type) {
	case map[string]any:
		return outer[step]
	case []any:
		for _, row := range outer {
			if row, ok := row.(map[string]any); ok && row["key"] == step {
				return row
			}
		}
		if i, err := strconv.Atoi(step); err == nil {
			return outer[i]
		}
	}
	t.Fatalf("there is no %s", step)
	return nil
}

func parsed(t testing.TB, text []byte) *ground.Table {
	table, err := ground.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// changed returns the configured table with some values changed.
func changed(t testing.TB, changes map[string]any) *ground.Table {
	all := decoded(t)
	for _, path := range slices.Sorted(maps.Keys(changes)) {
		set(t, all, path, changes[path])
	}
	return parsed(t, encoded(t, all))
}

func keys(rows []ground.Row) string {
	var all []string
	for _, row := range rows {
		all = append(all, row.Key)
	}
	return strings.Join(all, " ")
}

func TestLawful(t *testing.T) {
	table := parsed(t, configured(t))
	for _, test := range []struct {
		name    string
		use     ground.Use
		at      string
		want    string
		changes map[string]any
	}{
		{"the general row is left out beside another on consent", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, "2026-11-30", "shl-35-1 shl-35-2 lsl-25", nil},
		{"the order of the file", ground.Use{Sender: social, Receiver: social, Message: ground.Concern}, "2026-11-30", "shl-35-1 shl-35-2 lsl-25 atl-56", nil},
		{"the general row alone", ground.Use{Sender: youth, Receiver: benefit, Message: service}, "2026-11-30", "consent", nil},
		{"no consent", ground.Use{Sender: work, Receiver: social, Message: transfer}, "2026-11-30", "hl-21", nil},
		{"§ 35.2 is towards social services alone", ground.Use{Sender: benefit, Receiver: health, Message: ground.Concern}, "2026-11-30", "consent", nil},
		{"youth work without consent", ground.Use{Sender: health, Receiver: youth, Message: ground.Concern}, "2026-11-30", "nl-11-1 nl-11-4", nil},
		{"a plan has no receiver", ground.Use{Sender: social, Receiver: none, Message: ground.Plan}, "2026-11-30", "shl-39-1 shl-39-3", nil},
		{"a plan with a receiver", ground.Use{Sender: social, Receiver: health, Message: ground.Plan}, "2026-11-30", "", nil},
		{"a concern without a receiver", ground.Use{Sender: social, Receiver: none, Message: ground.Concern}, "2026-11-30", "", nil},
		{"an invitation", ground.Use{Sender: social, Receiver: health, Message: ground.PlanInvitation}, "2026-11-30", "shl-39-3 atl-53-3", nil},
		{"an unknown message", ground.Use{Sender: social, Receiver: health, Message: "letter"}, "2026-11-30", "", nil},
		{"the day before the first", ground.Use{Sender: health, Receiver: youth, Message: ground.Concern}, "2021-07-31", "nl-11-1", nil},
		{"the first day", ground.Use{Sender: health, Receiver: youth, Message: ground.Concern}, "2021-08-01", "nl-11-1 nl-11-4", nil},
		{"the last day", ground.Use{Sender: health, Receiver: youth, Message: ground.Concern}, "2026-12-31", "nl-11-1 nl-11-4", map[string]any{"grounds.nl-11-4.until": "2027-01-01"}},
		{"the day after it", ground.Use{Sender: health, Receiver: youth, Message: ground.Concern}, "2027-01-01", "nl-11-1", map[string]any{"grounds.nl-11-4.until": "2027-01-01"}},
		{"the general row where the other has ended", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, "2027-01-01", "consent shl-35-2 lsl-25", map[string]any{"grounds.shl-35-1.until": "2027-01-01"}},
	} {
		used := table
		if test.changes != nil {
			used = changed(t, test.changes)
		}
		test.use.At = day(test.at)
		if got := keys(used.Lawful(test.use)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// The day of Helsinki counts, and not that of the machine.
func TestLawfulByHelsinkiDay(t *testing.T) {
	table := parsed(t, configured(t))
	for at, want := range map[string]string{"2021-07-31T20:59:59Z": "nl-11-1", "2021-07-31T21:00:00Z": "nl-11-1 nl-11-4"} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := keys(table.Lawful(ground.Use{Sender: health, Receiver: youth, Message: ground.Concern, At: moment})); got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	all := decoded(t)
	later := maps.Clone(inner(t, all["grounds"], "nl-11-4").(map[string]any))
	set(t, all, "grounds.nl-11-4.until", "2027-01-01")
	later["from"], later["maxAge"] = "2027-01-01", 24
	// The order of a key's rows in the file is not that of their periods.
	all["grounds"] = append([]any{later}, all["grounds"].([]any)...)
	table := parsed(t, encoded(t, all))
	all["grounds"] = append(all["grounds"].([]any)[1:], later)
	parsed(t, encoded(t, all))
	for at, want := range map[string]int{"2021-07-31": 0, "2021-08-01": 28, "2026-12-31": 28, "2027-01-01": 24} {
		if row, ok := table.Find("nl-11-4", day(at)); ok != (want > 0) || row.MaxAge != want {
			t.Errorf("%s: %d, want %d", at, row.MaxAge, want)
		}
	}
	if _, ok := table.Find("no-such", today); ok {
		t.Error("an unknown key is found")
	}
}

// The configured file is complete, and a row has all that the file says.
func TestConfiguredRow(t *testing.T) {
	table := parsed(t, configured(t))
	row, ok := table.Find("ttl-14c", today)
	if !ok || !table.AcceptsWithoutKey() || len(table.Rows()) != 24 {
		t.Fatalf("%v, %d rows", ok, len(table.Rows()))
	}
	if row.Content != ground.Whole || row.Prohibition != ground.Recorded || !row.Duty || row.General || row.Reviewed != nil || row.From != "2023-01-01" || row.Until != "" ||
		row.Source != "1023/2022" || row.Doubts == "" || row.Names["sv"] == "" || row.Client["en"] == "" || ground.Name(row.Ground) != "STATUTORY_ACCESS" {
		t.Errorf("%+v", row)
	}
	if due := row.Due; due == nil || due.WorkingDays != 7 || due.UrgentWorkingDays != 1 || due.CountsFrom != ground.Sending || !slices.Equal(due.Receivers, []caseworkv1.AgencyKind{social}) ||
		due.Provision != "1412/1997 § 14 a.1" || due.UrgentProvision != "1412/1997 § 14 b" {
		t.Errorf("%+v", due)
	}
	if reviewed, _ := changed(t, map[string]any{"grounds.hl-21.reviewed": map[string]string{"by": "A. Lawyer", "on": "2026-11-02"}}).Find("hl-21", today); reviewed.Reviewed == nil ||
		*reviewed.Reviewed != (ground.Review{By: "A. Lawyer", On: "2026-11-02"}) {
		t.Errorf("%+v", reviewed.Reviewed)
	}
	if notification, _ := table.Find("shl-35-2", today); len(notification.Attest) != 2 || len(notification.Attest[1]) != 2 {
		t.Errorf("%v", notification.Attest)
	}
	for _, name := range ground.Attestations() {
		if table.AttestationNames(name)["fi"] == "" {
			t.Errorf("%s has no name", name)
		}
	}
}

func TestWordsOfTheFile(t *testing.T) {
	if ground.Identification >= ground.Topics || ground.Topics >= ground.Necessary || ground.Necessary >= ground.Whole {
		t.Error("contents are not ordered")
	}
	for name, got := range map[string]string{
		"SENDING": ground.Sending.String(), "ARRIVAL": ground.Arrival.String(),
		"HEALTH_CARE": ground.KindName(ground.KindOf("HEALTH_CARE")), "UNSPECIFIED": ground.CountsFrom(0).String(),
	} {
		if got != name {
			t.Errorf("%q, want %q", got, name)
		}
	}
	if got := strings.Join(ground.Messages(), " "); got != "concern "+service+" "+transfer+" "+notice+" referral/REFERRAL_KIND_DOCUMENTS consultation consultation/invitation plan plan/invitation" {
		t.Error(got)
	}
}

// One row of each key is unreviewed: the one in force, else the last that has begun.
func TestUnreviewed(t *testing.T) {
	reviewed := map[string]any{"by": "Juristi", "on": "2026-11-30"}
	table := changed(t, map[string]any{"grounds.shl-35-1.reviewed": reviewed, "grounds.shl-35-2.until": "2026-06-01", "grounds.nl-11-4.from": "2027-01-01"})
	var all []ground.Row
	for _, row := range table.Rows() {
		if row.Key != "shl-35-1" && row.Key != "nl-11-4" {
			all = append(all, row)
		}
	}
	if got := table.Unreviewed(day("2026-12-01")); keys(got) != keys(all) || len(all) == 0 {
		t.Errorf("%s, want %s", keys(got), keys(all))
	}
}
