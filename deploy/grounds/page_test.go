package grounds

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"koppi.internal/pkg/ground"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const head = `# Grounds by law

On each ground on this page, agencies of some kinds may send some messages about a client to agencies of other kinds. Koppi sends nothing
else: a message needs a ground that is in force on the day of sending in Helsinki and that names the kinds of the sending and the receiving
unit and the message. Each ground cites its provision, which is recorded with the message and which the client can read.

The page is for a lawyer's review. It is generated from the table that Koppi uses (pkg/ground/grounds.json), by
go test ./deploy/grounds -update, and a test compares both. What a lawyer accepts is entered in the table, with name and day.

“Must” says that the law obliges the sender, “may” that it permits. A ground is named by its key, such as shl-35-2. In what the client reads,
[sender] and [receiver] stand for the names of the agencies.
`

// page writes a table for a lawyer. Gaps and the tables of who may send what hold from the day of at on.
func page(table *ground.Table, at time.Time) string {
	report := table.Check(at)
	var text strings.Builder
	text.WriteString(head + "\n")
	fmt.Fprintf(&text, "%d of the %d grounds are not reviewed by a lawyer, and %d have open doubts.", len(report.Unreviewed), len(report.Rows), len(report.Doubtful))
	if table.AcceptsWithoutKey() {
		text.WriteString("\nOlder systems name a provision and no key. The ground of that provision holds then. If there is none: for consent the ground consent, for\n" +
			"a notification the only one without an age limit or else the only one, for a message without personal data the ground anonymous; a right\n" +
			"by law is recorded as the sender wrote it, except in a concern report, where it is refused.")
	}
	text.WriteString("\n\n| act | name |\n| --- | --- |\n")
	for _, act := range slices.SortedFunc(maps.Keys(cited(report.Rows)), byNumber) {
		fmt.Fprintf(&text, "| %s | %s |\n", act, acts[act])
	}
	text.WriteString("\n## The grounds\n")
	for _, row := range report.Rows {
		text.WriteString(section(table, row))
	}
	text.WriteString("\n## What officials attest\n\n| Finnish | Swedish | English |\n| --- | --- | --- |\n")
	for _, name := range ground.Attestations() {
		names := table.AttestationNames(name)
		fmt.Fprintf(&text, "| %s | %s | %s |\n", names["fi"], names["sv"], names["en"])
	}
	text.WriteString(combinations(table, at))
	fmt.Fprintf(&text, "\n## Gaps\n\nWhat nobody can send, because no ground is in force, on %s or later.\n\n%s", date(report.Day), cells(report.Gaps, report.Day))
	fmt.Fprintf(&text, "\n### For clients above an age limit\n\nWhat has only grounds with an age limit, so that nothing is sent about an older client.\n\n%s", cells(report.AgeLimited, report.Day))
	fmt.Fprintf(&text, "\n### Without consent\n\nWhat goes on the client's consent and on no other ground.\n\n%s", cells(report.ConsentOnly, report.Day))
	return text.String()
}

// byNumber orders acts by year and number.
func byNumber(a, b string) int {
	order := func(act string) string {
		number, year, _ := strings.Cut(act, "/")
		return fmt.Sprintf("%s/%4s", year, number)
	}
	return strings.Compare(order(a), order(b))
}

// cited returns the acts that the rows cite.
func cited(rows []ground.Row) map[string]bool {
	all := map[string]bool{}
	for _, row := range rows {
		provisions := row.Provision
		if row.Due != nil {
			provisions += ", " + row.Due.Provision + ", " + row.Due.UrgentProvision
		}
		for provision := range strings.SplitSeq(provisions, ", ") {
			act, _, _ := strings.Cut(strings.TrimPrefix(provision, "(EU) "), " ")
			all[act] = true
		}
	}
	return all
}

// section writes one row.
func section(table *ground.Table, row ground.Row) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n### %s: %s\n\n", row.Key, row.Names["en"])
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&text, "- **%s**: %s\n", name, fmt.Sprintf(format, args...))
	}
	line("Who may send what to whom", "%s", sentence(row))
	line("Provision", "%s. The ground is %s.", row.Provision, legalGrounds[row.Ground])
	line("Source as read", "%s", row.Source)
	line("Attested", "%s", attested(table, row))
	line("Age", "%s", age(row))
	line("What may be sent", "%s", content(row))
	line("If the client has prohibited it", "%s", prohibitions[row.Prohibition])
	if row.Due != nil {
		line("Decision due", "%s", due(*row.Due))
	}
	if row.General {
		line("Offered", "only where no other ground on consent is in force for the same message")
	}
	line("In force", "%s", period(row.From, row.Until))
	text.WriteString("- **The worker reads**:" + inLanguages(row.Names) + "\n- **The client reads**:" + inLanguages(row.Client) + "\n")
	if row.Reviewed == nil {
		line("Review", "not reviewed by a lawyer")
	} else {
		line("Review", "reviewed by %s on %s", row.Reviewed.By, date(row.Reviewed.On))
	}
	line("Doubts", "%s", cmp.Or(row.Doubts, "none recorded"))
	return text.String()
}

func sentence(row ground.Row) string {
	text := capital(kindsIn(row.Senders, "and")) + " may "
	if row.Duty {
		text = capital(kindsIn(row.Senders, "and")) + " must "
	}
	with, without := slices.DeleteFunc(slices.Clone(row.Messages), func(m string) bool { return m == ground.Plan }), slices.Contains(row.Messages, ground.Plan)
	var parts []string
	if without {
		parts = append(parts, "make "+messages[ground.Plan])
	}
	if len(with) > 0 {
		parts = append(parts, "send "+messagesIn(with)+" to "+kindsIn(row.Receivers, "and"))
	}
	return text + strings.Join(parts, ", and ") + "."
}

// attested writes what an official must attest: one statement of each group.
func attested(table *ground.Table, row ground.Row) string {
	if len(row.Attest) == 0 {
		return "nothing"
	}
	groups := make([]string, len(row.Attest))
	for i, group := range row.Attest {
		statements := make([]string, len(group))
		for j, name := range group {
			statements[j] = "“" + table.AttestationNames(name)["en"] + "”"
		}
		groups[i] = listed(statements, "or")
	}
	return "by a named worker: " + strings.Join(groups, "; and ")
}

func age(row ground.Row) string {
	if row.MaxAge == 0 {
		return "no limit"
	}
	return fmt.Sprintf("clients of at most %d full years on the day of sending", row.MaxAge)
}

func content(row ground.Row) string {
	text := contents[row.Content]
	if row.Ground == commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION && slices.Contains(row.Messages, ground.Concern) && row.Content > ground.Topics {
		text += profile
	}
	return text
}

func due(due ground.Due) string {
	return fmt.Sprintf("%s decide by the %s working day after %s (%s), in urgent matters by the %s (%s).",
		capital(kindsIn(due.Receivers, "and")), ordinal(due.WorkingDays), countings[due.CountsFrom], due.Provision, ordinal(due.UrgentWorkingDays), due.UrgentProvision)
}

// inLanguages writes a text in each language. What is filled in is in square brackets.
func inLanguages(texts map[string]string) string {
	var text strings.Builder
	for _, language := range languages {
		fmt.Fprintf(&text, "\n  - %s: “%s”", language.name, strings.NewReplacer("{{", "[", "}}", "]").Replace(texts[language.tag]))
	}
	return text.String()
}

// combinations writes who may send what to whom on which grounds, a table for each message.
func combinations(table *ground.Table, at time.Time) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n## Who may send what to whom\n\nThe grounds in force on %s, in the order of the sections above. “–” means that nothing may be sent.\n", date(at.Format(time.DateOnly)))
	all := slices.Sorted(maps.Keys(kinds))
	for _, message := range ground.Messages() {
		receivers := all
		fmt.Fprintf(&text, "\n### %s\n\n| from |", capital(messages[message]))
		if message == ground.Plan {
			receivers = []caseworkv1.AgencyKind{caseworkv1.AgencyKind_AGENCY_KIND_UNSPECIFIED}
			text.WriteString(" grounds |")
		} else {
			for _, receiver := range receivers {
				text.WriteString(" to " + kinds[receiver] + " |")
			}
		}
		text.WriteString("\n|" + strings.Repeat(" --- |", 1+len(receivers)) + "\n")
		for _, sender := range all {
			text.WriteString("| " + kinds[sender] + " |")
			for _, receiver := range receivers {
				var keys []string
				for _, row := range table.Lawful(ground.Use{Sender: sender, Receiver: receiver, Message: message, At: at}) {
					keys = append(keys, row.Key)
				}
				text.WriteString(" " + cmp.Or(strings.Join(keys, ", "), "–") + " |")
			}
			text.WriteString("\n")
		}
	}
	return text.String()
}

// cells writes combinations as sentences, one for each group. Those that hold from a day on without an end name
// no period.
func cells(all []ground.Cells, day string) string {
	if len(all) == 0 {
		return "Nothing.\n"
	}
	var text strings.Builder
	for _, one := range all {
		line := messagesIn(one.Messages) + " from " + kindsIn(one.Senders, "or")
		if len(one.Receivers) > 0 {
			line += " to " + kindsIn(one.Receivers, "or")
		}
		if !slices.Equal(one.Periods, []ground.Period{{From: day}}) {
			periods := make([]string, len(one.Periods))
			for i, p := range one.Periods {
				periods[i] = period(p.From, p.Until)
			}
			line = strings.Join(periods, ", ") + ": " + line
		}
		text.WriteString("- " + capital(line) + "\n")
	}
	return text.String()
}
