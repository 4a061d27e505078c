package journal

import (
	"errors"
	"fmt"
)

// Check refuses a batch whose parts contradict each other. It reads the batch alone, so that a
// store can call it before it changes anything.
func (b Batch) Check() error {
	next := map[string]uint64{}
	for subject, version := range b.Expected {
		next[subject] = version
	}
	for _, event := range b.Events {
		version, expected := next[event.Subject]
		switch {
		case !expected:
			return fmt.Errorf("journal: the batch expects no version of %s", event.Subject)
		case event.Version != version+1:
			return fmt.Errorf("journal: event %d of %s follows %d", event.Version, event.Subject, version)
		case event.ID == "" || event.Type == "" || event.Subject == "" || event.At.IsZero():
			return errors.New("journal: an event needs a subject, id, type and time")
		}
		next[event.Subject] = event.Version
	}
	for subject := range b.Seen {
		if _, touched := b.Expected[subject]; touched {
			return fmt.Errorf("journal: %s is both changed and only read", subject)
		}
	}
	for _, stream := range b.Streams {
		if version, touched := next[stream.Subject]; !touched || version != stream.Version || version == b.Expected[stream.Subject] {
			return fmt.Errorf("journal: the stream row of %s does not match its last event", stream.Subject)
		}
		delete(next, stream.Subject)
	}
	if len(next) > 0 {
		return errors.New("journal: a changed subject has no stream row or no event")
	}
	return errors.Join(b.checkDerived(), b.checkRest())
}

// checkDerived checks the rows that are derived again. Such a batch may hold the worklist entries
// of those rows and nothing else.
func (b Batch) checkDerived() error {
	if len(b.Derived) == 0 {
		return nil
	}
	if len(b.Expected)+len(b.Seen)+len(b.Deliveries)+len(b.UniqueKeys)+len(b.Clients)+len(b.Accesses)+len(b.Counters) > 0 {
		return errors.New("journal: a batch of derived rows may contain only worklist entries")
	}
	derived := map[string]bool{}
	for _, stream := range b.Derived {
		if stream.Subject == "" || stream.Version == 0 || derived[stream.Subject] {
			return errors.New("journal: a derived row needs a subject and a version, once for each subject")
		}
		derived[stream.Subject] = true
	}
	for _, entry := range b.WorklistEntries {
		if !derived[entry.Subject] {
			return fmt.Errorf("journal: a worklist entry of %s, which is not derived", entry.Subject)
		}
	}
	return nil
}

func (b Batch) checkRest() error {
	for _, delivery := range b.Deliveries {
		if delivery.Agency == "" || delivery.ID == "" || delivery.Subject == "" || len(delivery.Record) == 0 {
			return errors.New("journal: a delivery needs an agency, id, subject and record")
		}
	}
	for _, entry := range b.WorklistEntries {
		if entry.Subject == "" || entry.Agency == "" {
			return errors.New("journal: a worklist entry needs a subject and an agency")
		}
	}
	for _, change := range b.UniqueKeys {
		if change.Key == "" || change.From == "" && change.Subject == "" {
			return errors.New("journal: a change of a unique key needs a previous or a new holder")
		}
	}
	for _, access := range b.Accesses {
		if access.At.IsZero() || access.Method == "" {
			return errors.New("journal: an access needs a time and a method")
		}
	}
	for _, counter := range b.Counters {
		if _, touched := b.Expected[counter.Subject]; !touched || counter.What == "" || counter.Month == "" || counter.Sender == "" || counter.Waited < 0 {
			return errors.New("journal: a counter needs a changed subject, what, a month and a sender")
		}
	}
	return nil
}
