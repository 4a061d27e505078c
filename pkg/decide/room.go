package decide

import (
	"slices"

	"koppi.internal/pkg/loop"
)

// CheckRoom refuses the events of a step that would make the commanded subject larger than
// it may be, as the one who takes the step was told of it: MATTER_FULL. What the caller may
// not know does not count.
func (r Rules[S]) CheckRoom(world loop.World[S], agency, subject, step string, events []loop.Event) error {
	history := world.Subjects[subject]
	if !history.Related(agency) || slices.Contains(r.Always, step) {
		return nil
	}
	room := 0
	if slices.Contains(r.Finishes, step) {
		room = loop.Reserve
	}
	// What is told of an event is never more than the event.
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
