package pairs

import (
	"fmt"
	"slices"
	"strings"

	"koppi.internal/deploy/testkit"
)

// doer is who the reader was told did it, at that time or later; where it was never told more than the agency, one
// of its workers.
func (p *pairing) doer(message map[string]any) string {
	from, _ := message["from"].(map[string]any)
	agency := fmt.Sprint(from["agency"])
	// One step may be told of two of the reader's reports, one of them on consent.
	told := append([]map[string]any{message}, p.present.disclosed...)
	for _, one := range append(told, p.toldAgain(message)...) {
		by, _ := one["from"].(map[string]any)
		if rest, named := strings.CutPrefix(fmt.Sprint(by["worker"]), agency+"-"); named {
			return agency[:1] + "." + rest
		}
	}
	return agency[:1] + ".1"
}

// toldAgain are the messages after the present ones that may tell of the same step: a report on consent that joins
// later is told who took the steps that it lacks, also where the report that it follows was told the agency alone.
func (p *pairing) toldAgain(message map[string]any) (later []map[string]any) {
	subject := fmt.Sprint(message["subject"])
	if id, is := strings.CutPrefix(subject, "concerns/"); !is || !p.reported(id) {
		return nil
	}
	for _, one := range p.log[slices.Index(p.log, p.present)+1:] {
		for _, other := range one.disclosed {
			if eventOf(other) == eventOf(message) && p.clientOf(fmt.Sprint(other["subject"])) == p.clientOf(subject) {
				later = append(later, other)
			}
		}
	}
	return later
}

// third is an agency that has nothing to do with a report.
func (p *pairing) third(receiver string) string {
	for _, letter := range []string{"z", "y", "x"} {
		if letter != p.reader && letter != receiver[:1] {
			return letter
		}
	}
	return ""
}

// clientOf is whom a report concerns.
func (p *pairing) clientOf(subject string) string {
	for _, one := range p.log {
		if client, named := one.Body["client"].(map[string]any); named && one.subject() == subject {
			if client["personalIdentityCode"] == testkit.PersonCode(2*p.set+1) {
				return "d"
			}
		}
	}
	return "c"
}
