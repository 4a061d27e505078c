package ground_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/ground"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

func shown(cells []ground.Cells) string {
	names := func(kinds []caseworkv1.AgencyKind) string {
		var all []string
		for _, kind := range kinds {
			all = append(all, ground.KindName(kind))
		}
		return strings.Join(all, " ")
	}
	var lines []string
	for _, one := range cells {
		lines = append(lines, fmt.Sprintf("%v %s > %s: %s", one.Periods, names(one.Senders), names(one.Receivers), strings.Join(one.Messages, " ")))
	}
	return strings.Join(lines, "\n")
}

func TestCheck(t *testing.T) {
	report := parsed(t, configured(t)).Check(today)
	if report.Day != "2026-11-30" || len(report.Rows) != 24 || len(report.Unreviewed) != 24 || len(report.Gaps) != 0 || len(report.Doubtful) != 16 {
		t.Errorf("%s, %d rows, %d unreviewed, %d in doubt, gaps:\n%s", report.Day, len(report.Rows), len(report.Unreviewed), len(report.Doubtful), shown(report.Gaps))
	}
	reviewed := changed(t, map[string]any{"grounds.hl-21.reviewed": map[string]string{"by": "A. Lawyer", "on": "2026-11-02"}, "grounds.hl-21.doubts": ""}).Check(today)
	if len(reviewed.Unreviewed) != 23 || len(reviewed.Doubtful) != 15 {
		t.Errorf("%d unreviewed, %d in doubt", len(reviewed.Unreviewed), len(reviewed.Doubtful))
	}
}

func TestCheckGaps(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes map[string]any
		want    string
	}{
		{"from today on", map[string]any{"grounds.hl-21.senders": []string{"SOCIAL_SERVICES", "BENEFITS", "HEALTH_CARE"}}, "[{2026-11-30 }] YOUTH_WORK EMPLOYMENT > SOCIAL_SERVICES BENEFITS HEALTH_CARE YOUTH_WORK EMPLOYMENT: " + transfer},
		{
			"from a later day on",
			map[string]any{"grounds.hl-21.until": "2027-01-01", "grounds.hl-21.senders": []string{"BENEFITS"}, "grounds.hl-21.receivers": []string{"SOCIAL_SERVICES"}, "grounds.ttl-14c.until": "2027-02-01"},
			"[{2026-11-30 }] SOCIAL_SERVICES HEALTH_CARE YOUTH_WORK EMPLOYMENT > SOCIAL_SERVICES BENEFITS HEALTH_CARE YOUTH_WORK EMPLOYMENT: " + transfer +
				"\n[{2026-11-30 }] BENEFITS > BENEFITS HEALTH_CARE YOUTH_WORK EMPLOYMENT: " + transfer +
				"\n[{2027-02-01 }] BENEFITS > SOCIAL_SERVICES: " + transfer,
		},
		{
			"from different days on",
			map[string]any{"grounds.hl-21.senders": []string{"BENEFITS"}, "grounds.hl-21.receivers": []string{"HEALTH_CARE", "BENEFITS", "EMPLOYMENT", "YOUTH_WORK"}, "grounds.ttl-14c.senders": []string{"HEALTH_CARE"}, "grounds.ttl-14c.until": "2027-02-01", "grounds.hl-21.due": nil},
			"[{2026-11-30 }] SOCIAL_SERVICES YOUTH_WORK EMPLOYMENT > SOCIAL_SERVICES BENEFITS HEALTH_CARE YOUTH_WORK EMPLOYMENT: " + transfer +
				"\n[{2026-11-30 }] BENEFITS > SOCIAL_SERVICES: " + transfer +
				"\n[{2026-11-30 }] HEALTH_CARE > BENEFITS HEALTH_CARE YOUTH_WORK EMPLOYMENT: " + transfer +
				"\n[{2027-02-01 }] HEALTH_CARE > SOCIAL_SERVICES: " + transfer,
		},
		{
			"until a later day",
			map[string]any{"grounds.consent.from": "2027-01-01", "grounds.consent.messages": []string{"plan"}, "grounds.consent.receivers": []string{}, "grounds.shl-39-3.until": "2026-12-01"},
			"[{2026-12-01 2027-01-01}] BENEFITS HEALTH_CARE YOUTH_WORK EMPLOYMENT > : plan",
		},
	} {
		got := shown(changed(t, test.changes).Check(today).Gaps)
		if test.name == "until a later day" {
			var plans []string
			for line := range strings.Lines(got) {
				if strings.HasSuffix(strings.TrimSpace(line), ": plan") {
					plans = append(plans, strings.TrimSpace(line))
				}
			}
			got = strings.Join(plans, "\n")
		}
		if got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

// A cell is in the gaps of a day if and only if nothing is lawful in it, and in those on consent alone if
// all that is lawful is on consent; and likewise those with an age limit.
func TestPropertyReportIsExact(t *testing.T) {
	within := func(cells []ground.Cells, use ground.Use, on string) bool {
		return slices.ContainsFunc(cells, func(one ground.Cells) bool {
			return slices.Contains(one.Senders, use.Sender) && slices.Contains(one.Messages, use.Message) && (use.Message == ground.Plan || slices.Contains(one.Receivers, use.Receiver)) &&
				slices.ContainsFunc(one.Periods, func(p ground.Period) bool { return p.From <= on && (p.Until == "" || on < p.Until) })
		})
	}
	rows := parsed(t, configured(t)).Rows()
	rapid.Check(t, func(rt *rapid.T) {
		// Rows of all kinds begin and end within the days that are tried.
		changes := map[string]any{"grounds.consent.receivers": []string{"SOCIAL_SERVICES", "HEALTH_CARE"}}
		for _, row := range rapid.SliceOfN(rapid.SampledFrom(rows), 1, 8).Draw(rt, "rows") {
			begins := rapid.IntRange(0, 60).Draw(rt, "begins")
			changes["grounds."+row.Key+".from"] = today.AddDate(0, 0, begins).Format(time.DateOnly)
			changes["grounds."+row.Key+".until"] = today.AddDate(0, 0, begins+rapid.IntRange(1, 60).Draw(rt, "lasts")).Format(time.DateOnly)
		}
		table := changed(t, changes)
		report := table.Check(today)
		for range 20 {
			use := anyUse(rt)
			use.At = today.AddDate(0, 0, rapid.IntRange(0, 120).Draw(rt, "days"))
			on, lawful := use.At.Format(time.DateOnly), table.Lawful(use)
			if got := within(report.Gaps, use, on); got != (len(lawful) == 0) {
				rt.Fatalf("%v: in the gaps %v, lawful %q", use, got, keys(lawful))
			}
			other := slices.ContainsFunc(lawful, func(row ground.Row) bool { return row.Ground != onConsent })
			if got := within(report.ConsentOnly, use, on); got != (len(lawful) > 0 && !other) {
				rt.Fatalf("%v: on consent alone %v, lawful %q", use, got, keys(lawful))
			}
			ageless := slices.ContainsFunc(lawful, func(row ground.Row) bool { return row.MaxAge == 0 })
			if got := within(report.AgeLimited, use, on); got != (len(lawful) > 0 && !ageless) {
				rt.Fatalf("%v: with an age limit alone %v, lawful %q", use, got, keys(lawful))
			}
		}
	})
}
