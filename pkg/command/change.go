package command

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// change is the effect of a command's events on the world, as rows.
type change[S matter.State] struct {
	engine    *Engine[S]
	target    Target
	before    matter.World[S]
	histories map[string]matter.History[S]
	changed   []string
	batch     journal.Batch
	// broken are the subjects in which a due time passed without the action that was due.
	broken []string
}

func (c *change[S]) after(subject string) matter.History[S] { return c.histories[subject] }

// change turns decided events into one batch: events, case messages, worklist entries, unique keys
// and access records.
func (e *Engine[S]) change(world matter.World[S], target Target, events []matter.Event) (*change[S], error) {
	c := &change[S]{
		engine: e, target: target, before: world, histories: map[string]matter.History[S]{},
		batch: journal.Batch{Expected: map[string]uint64{}},
	}
	for _, event := range events {
		if err := c.record(event); err != nil {
			return nil, err
		}
	}
	for _, subject := range c.changed {
		c.keep(subject)
	}
	c.moveKeys()
	return c, nil
}

// record adds one event and the messages that disclose it to its readers.
func (c *change[S]) record(event matter.Event) error {
	history, known := c.histories[event.Subject]
	if !known {
		history = c.before.Subjects[event.Subject]
		c.changed = append(c.changed, event.Subject)
		c.batch.Expected[event.Subject] = history.Version
	}
	// The events of a subject never go back in time, whichever clock each was decided by.
	event.At = matter.Later(event.At, history.LastAt())
	event.ID, event.Trace = c.engine.NewID(), c.target.Access.Trace
	next, disclosed := c.engine.Rules.Next(history, event)
	c.histories[event.Subject] = next
	row, err := toRow(event, next.Version, c.engine.Rules.Class)
	if err != nil {
		return err
	}
	c.batch.Events = append(c.batch.Events, row)
	c.count(history.State, next.State, event)
	for _, one := range disclosed {
		delivery, err := c.engine.delivery(one)
		if err != nil {
			return err
		}
		c.batch.Deliveries = append(c.batch.Deliveries, delivery)
	}
	return nil
}

// count adds the counters that an event increments.
func (c *change[S]) count(before, after S, event matter.Event) {
	head, counters := after.Common(), c.engine.Rules.Counters(before, after, event)
	for _, what := range append(unreviewed(before.Common().Basis, event), counters.Counts...) {
		if what == matter.CountOverdue {
			c.broken = append(c.broken, event.Subject)
		}
		row := journal.Counter{
			Subject: event.Subject, What: string(what), Month: matter.Month(event.At), At: event.At,
			Sender: head.Sender.GetAgency(), Receiver: counters.Receiver,
		}
		if what == matter.CountTaken {
			row.Waited = event.At.Sub(head.Started)
		}
		c.batch.Counters = append(c.batch.Counters, row)
	}
}

// unreviewed returns the counter of an event that sends something on a ground that no lawyer had
// accepted: the first of a matter, or one on another basis than the matter's own.
func unreviewed(own *commonv1.LegalBasis, event matter.Event) []matter.Count {
	terms := event.Basis.GetTerms()
	if terms == nil || terms.GetReviewed() || proto.Equal(own, event.Basis) {
		return nil
	}
	return []matter.Count{matter.CountUnreviewed(event.Basis.GetGroundKey(), event.At.In(matter.Helsinki()).Format(time.DateOnly))}
}

// keep adds the current rows of a changed subject, and the access record of the change, to the
// batch.
func (c *change[S]) keep(subject string) {
	history := c.histories[subject]
	row, entries := c.engine.rows(subject, history)
	c.batch.Streams, c.batch.WorklistEntries = append(c.batch.Streams, row), append(c.batch.WorklistEntries, entries...)
	access := c.target.Access
	access.Subject, access.Client, access.At = subject, row.Client, history.LastAt()
	c.batch.Accesses = append(c.batch.Accesses, access)
}

// moveKeys moves each unique key from its previous holder to its present one, and takes the key of
// the request_id.
func (c *change[S]) moveKeys() {
	changes := map[string]journal.UniqueKeyChange{}
	for _, subject := range c.changed {
		before := c.engine.Rules.HeldBy(c.before.State(subject))
		after := c.engine.Rules.HeldBy(c.histories[subject].State)
		for _, key := range missing(after, before) {
			change := changes[key]
			change.Key, change.From = key, subject
			changes[key] = change
		}
		for _, key := range missing(before, after) {
			change := changes[key]
			change.Key, change.Subject, change.Version = key, subject, c.histories[subject].Version
			changes[key] = change
		}
	}
	for _, change := range changes {
		c.batch.UniqueKeys = append(c.batch.UniqueKeys, change)
	}
	slices.SortFunc(c.batch.UniqueKeys, func(a, b journal.UniqueKeyChange) int { return cmp.Compare(a.Key, b.Key) })
	if c.target.RequestID != "" {
		c.batch.UniqueKeys = append(c.batch.UniqueKeys, journal.UniqueKeyChange{UniqueKey: journal.UniqueKey{
			Key: c.target.requestKey(), Subject: c.target.Subject,
			Version: c.histories[c.target.Subject].Version, Digest: c.target.Digest,
		}})
	}
}
