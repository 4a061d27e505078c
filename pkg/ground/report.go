package ground

import (
	"maps"
	"slices"
	"strings"
	"time"

	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Report is what an operator and a lawyer must know of a table, from a day on.
type Report struct {
	// Day is the first day of the report, as "2026-11-30".
	Day string
	// Rows are all rows of all periods.
	Rows []Row
	// Gaps are the cells in which nothing may be sent.
	Gaps []Cells
	// ConsentOnly are the cells in which something may be sent on the client's consent and on no other
	// ground.
	ConsentOnly []Cells
	// AgeLimited are the cells in which nothing may be sent about a client who is older than every age limit
	// of their rows.
	AgeLimited []Cells
	// Unreviewed are the rows that no lawyer has accepted, Doubtful those in which something is open.
	Unreviewed, Doubtful []Row
}

// Cells are all combinations of a sender, a receiver and a message of the lists. A plan has no receivers.
type Cells struct {
	Periods            []Period
	Messages           []string
	Senders, Receivers []caseworkv1.AgencyKind
}

// Period is some days in Helsinki; Until is the day after the last one, empty for no end.
type Period struct{ From, Until string }

// Check reports on a table from the day of a time on: today's gaps, and those of all later periods.
func (t *Table) Check(at time.Time) Report {
	report := Report{Day: dayOf(at), Rows: t.Rows()}
	for _, row := range t.rows {
		if row.Reviewed == nil {
			report.Unreviewed = append(report.Unreviewed, row)
		}
		if row.Doubts != "" {
			report.Doubtful = append(report.Doubtful, row)
		}
	}
	days := t.changes(report.Day)
	report.Gaps = t.cells(days, func(lawful []Row) bool { return len(lawful) == 0 })
	report.ConsentOnly = t.cells(days, func(lawful []Row) bool {
		return len(lawful) > 0 && !slices.ContainsFunc(lawful, func(row Row) bool { return !row.onConsent() })
	})
	report.AgeLimited = t.cells(days, func(lawful []Row) bool {
		return len(lawful) > 0 && !slices.ContainsFunc(lawful, func(row Row) bool { return row.MaxAge == 0 })
	})
	return report
}

// changes returns a day and each later one on which a row begins or ends.
func (t *Table) changes(day string) []string {
	days := []string{day}
	for _, row := range t.rows {
		for _, change := range []string{row.From, row.Until} {
			if change > day {
				days = append(days, change)
			}
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// cells returns the cells in which something is true in a period, joined where sender, receivers, messages and
// periods allow. Days are the first days of the periods.
func (t *Table) cells(days []string, is func(lawful []Row) bool) []Cells {
	var joined []Cells
	for _, message := range Messages() {
		for _, sender := range kinds() {
			for _, one := range t.ofSender(days, message, sender, is) {
				joined = join(joined, one)
			}
		}
	}
	// Senders of one message are joined; now messages with the same senders, receivers and periods are.
	var all []Cells
	for _, one := range joined {
		same := slices.IndexFunc(all, func(other Cells) bool {
			return slices.Equal(other.Senders, one.Senders) && slices.Equal(other.Receivers, one.Receivers) && slices.Equal(other.Periods, one.Periods)
		})
		if same < 0 {
			all = append(all, one)
			continue
		}
		all[same].Messages = append(all[same].Messages, one.Messages...)
	}
	slices.SortStableFunc(all, func(a, b Cells) int { return strings.Compare(a.Periods[0].From, b.Periods[0].From) })
	return all
}

// ofSender returns the cells of one message and sender, one for each list of periods.
func (t *Table) ofSender(days []string, message string, sender caseworkv1.AgencyKind, is func([]Row) bool) []Cells {
	receivers := kinds()
	if message == Plan {
		receivers = []caseworkv1.AgencyKind{caseworkv1.AgencyKind_AGENCY_KIND_UNSPECIFIED}
	}
	byDays := map[string]*Cells{}
	for _, receiver := range receivers {
		use := Use{Sender: sender, Receiver: receiver, Message: message}
		periods, key := periodsOf(days, func(day string) bool { return is(t.lawfulOn(day, use)) })
		if len(periods) == 0 {
			continue
		}
		if byDays[key] == nil {
			byDays[key] = &Cells{Periods: periods, Messages: []string{message}, Senders: []caseworkv1.AgencyKind{sender}}
		}
		if message != Plan {
			byDays[key].Receivers = append(byDays[key].Receivers, receiver)
		}
	}
	var all []Cells
	for _, key := range slices.Sorted(maps.Keys(byDays)) {
		all = append(all, *byDays[key])
	}
	return all
}

// join adds the cells of a sender to those of another sender with the same message, receivers and periods.
func join(all []Cells, one Cells) []Cells {
	for i, other := range all {
		if slices.Equal(other.Messages, one.Messages) && slices.Equal(other.Receivers, one.Receivers) && slices.Equal(other.Periods, one.Periods) {
			all[i].Senders = append(all[i].Senders, one.Senders...)
			return all
		}
	}
	return append(all, one)
}

// periodsOf returns the periods in which something is true, and a text that names them.
func periodsOf(days []string, is func(day string) bool) (periods []Period, key string) {
	open := false
	for _, day := range days {
		switch now := is(day); {
		case now && !open:
			periods, open = append(periods, Period{From: day}), true
			key += day + "/"
		case !now && open:
			periods[len(periods)-1].Until, open = day, false
			key += day + " "
		}
	}
	return periods, key
}
