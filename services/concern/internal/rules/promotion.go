package rules

import (
	"slices"

	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// promoteAfter chooses a new lead for the reports that had joined a concern which is gone: the true
// lead, and the lead that each reporter is shown.
func (o *outcome) promoteAfter(gone Concern) {
	lead, reports := gone.Subject, gone.Reports
	if gone.Lead != "" {
		lead, reports = gone.Lead, o.State(gone.Lead).Reports
	}
	var rest []Concern
	for _, subject := range append([]string{lead}, reports...) {
		if c := o.State(subject); subject != gone.Subject && !o.leaving[subject] && c.IsOpen() {
			rest = append(rest, c)
		}
	}
	slices.SortStableFunc(rest, func(a, b Concern) int { return a.Started.Compare(b.Started) })
	if len(rest) > 0 && lead == gone.Subject {
		lead = rest[0].Subject
	}
	own := ""
	for _, c := range rest {
		orphaned := c.OwnLead != "" && c.OwnLead == ID(gone.Subject)
		shown := orphaned && own == ""
		if shown {
			own = ID(c.Subject)
		}
		switch {
		case c.Subject == lead && c.Lead == gone.Subject:
			o.Add(c.Subject, &concernv1.ConcernPromoted{
				JoinedConcernIds: others(rest, lead), ReporterShown: shown, Urgency: gone.Clock.Urgency, TakenBefore: gone.taken() || gone.TakenBefore,
			})
		case shown:
			o.Add(c.Subject, &concernv1.ConcernPromoted{JoinedConcernId: ID(lead), ReporterShown: true})
		case orphaned:
			o.Add(c.Subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: own})
		case c.Lead == gone.Subject:
			o.Add(c.Subject, &concernv1.ConcernJoined{JoinedConcernId: ID(lead), OwnJoinedConcernId: c.OwnLead})
		}
	}
	for _, c := range rest {
		o.catchUp(c.Subject)
	}
}

func others(rest []Concern, lead string) []string {
	var ids []string
	for _, c := range rest {
		if c.Subject != lead {
			ids = append(ids, ID(c.Subject))
		}
	}
	return ids
}
