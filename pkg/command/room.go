package command

import (
	"slices"

	"koppi.internal/pkg/matter"
)

// CheckRoom refuses, with MATTER_FULL, a step whose events would make the commanded subject larger
// than its limit. It measures the subject as it is disclosed to the caller's agency: what the
// caller may not know does not count. Steps in Rules.Always are never refused, and steps in
// Rules.Finishes may use matter.Reserve.
func (r Rules[S]) CheckRoom(world matter.World[S], agency, subject, step string, events []matter.Event) error {
	history := world.Subjects[subject]
	if !history.Related(agency) || slices.Contains(r.Always, step) {
		return nil
	}
	room := 0
	if slices.Contains(r.Finishes, step) {
		room = matter.Reserve
	}
	// A disclosed event is never larger than the event itself.
	most := history.Views[agency].Extent
	for _, event := range events {
		if event.Subject == subject {
			most = most.Disclosed(event, event, false)
		}
	}
	if most.Check(room) == nil {
		return nil
	}
	for _, event := range events {
		if event.Subject == subject {
			history, _ = r.Next(history, event)
		}
	}
	return history.Views[agency].Extent.Check(room)
}
