package postgres

import (
	"context"
	"maps"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/rows"
)

// Append makes a batch durable, whole or not at all.
func (s *Store) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	if err := batch.Check(); err != nil {
		return journal.Appended{}, err
	}
	t := &task{needs: rows.Needs(batch), asks: asksOf(batch)}
	if len(batch.Events) > 0 {
		t.mark = batch.Events[0].ID
	}
	var appended journal.Appended
	t.decide = func(_ context.Context, v *view, keys rows.Keys) error {
		if err := v.allows(batch); err != nil {
			return err
		}
		var err error
		appended, err = v.take(batch, keys)
		return err
	}
	if err := s.submit(ctx, t); err != nil {
		return journal.Appended{}, err
	}
	return appended, nil
}

func asksOf(batch journal.Batch) asks {
	var a asks
	for subject := range batch.Expected {
		a.subjects = append(a.subjects, subject)
	}
	for _, stream := range batch.Derived {
		a.subjects = append(a.subjects, stream.Subject)
	}
	for subject := range batch.Seen {
		a.subjects = append(a.subjects, subject)
	}
	for _, change := range batch.UniqueKeys {
		a.uniqueKeys = append(a.uniqueKeys, change.Key)
	}
	for _, delivery := range batch.Deliveries {
		a.agencies = append(a.agencies, delivery.Agency)
	}
	return a
}

// allows refuses a batch if a subject is at another version or a unique key is not held as
// expected.
func (v *view) allows(batch journal.Batch) error {
	for subject, expected := range batch.Expected {
		if v.subjects[subject].version != expected {
			return &journal.ConflictError{Subject: subject}
		}
	}
	for subject, seen := range batch.Seen {
		if v.subjects[subject].version != seen {
			return &journal.ConflictError{Subject: subject}
		}
	}
	for _, stream := range batch.Derived {
		if head := v.subjects[stream.Subject]; head.version != stream.Version || !head.stale {
			return &journal.ConflictError{Subject: stream.Subject}
		}
	}
	// A batch may change one unique key more than once.
	changed := map[string]string{}
	for _, change := range batch.UniqueKeys {
		holder, known := changed[change.Key]
		if !known {
			holder = v.uniqueKeys[change.Key].Subject
		}
		if holder != change.From {
			return &journal.ConflictError{UniqueKey: change.Key}
		}
		changed[change.Key] = change.Subject
	}
	return nil
}

// take seals and chains a batch. It adds the batch to the view only when all of that has succeeded.
func (v *view) take(batch journal.Batch, keys rows.Keys) (journal.Appended, error) {
	hashes := map[string][]byte{}
	var events []journal.SealedEvent
	for _, event := range batch.Events {
		prev := hashes[event.Subject]
		if prev == nil {
			if prev = v.subjects[event.Subject].hash; prev == nil {
				prev = journal.Genesis()
			}
		}
		row, err := rows.SealEvent(keys, event, prev)
		if err != nil {
			return journal.Appended{}, err
		}
		hashes[event.Subject] = row.Hash
		events = append(events, row)
	}
	positions := map[string]journal.Position{}
	var deliveries []rows.Delivery
	for _, delivery := range batch.Deliveries {
		position, moved := positions[delivery.Agency]
		if !moved {
			position = v.position(delivery.Agency)
		}
		row, next, err := rows.Deliver(keys, delivery, position)
		if err != nil {
			return journal.Appended{}, err
		}
		positions[delivery.Agency] = next
		deliveries = append(deliveries, row)
	}
	clients := map[string][]byte{}
	for subject, client := range batch.Clients {
		var err error
		if clients[subject], err = rows.SealClient(keys, subject, client); err != nil {
			return journal.Appended{}, err
		}
	}
	v.events, v.deliveries = append(v.events, events...), append(v.deliveries, deliveries...)
	maps.Copy(v.clients, clients)
	appended := journal.Appended{Positions: map[string]uint64{}}
	for agency, position := range positions {
		v.positions[agency], v.movedPositions[agency] = position, true
		appended.Positions[agency] = position.Sequence
	}
	v.rest(batch, hashes)
	return appended, nil
}

func (v *view) rest(batch journal.Batch, hashes map[string][]byte) {
	for subject, version := range batch.Expected {
		if version == 0 {
			v.started[subject] = true
		}
	}
	for _, stream := range batch.Streams {
		v.streams[stream.Subject] = stream
		v.subjects[stream.Subject] = subjectHead{version: stream.Version, hash: hashes[stream.Subject]}
	}
	for _, stream := range batch.Derived {
		v.derived[stream.Subject] = stream
		head := v.subjects[stream.Subject]
		head.stale = false
		v.subjects[stream.Subject] = head
	}
	for _, row := range batch.WorklistEntries {
		v.entries[entryKey{row.Subject, row.Agency}] = row
	}
	for _, change := range batch.UniqueKeys {
		v.uniqueKeys[change.Key], v.movedKeys[change.Key] = change.UniqueKey, true
	}
	for _, access := range batch.Accesses {
		access.Head = hashes[access.Subject]
		v.accesses = append(v.accesses, access)
	}
	v.counters = append(v.counters, batch.Counters...)
}

// Advance moves a consumer's cursor, or takes the consumer over.
func (s *Store) Advance(ctx context.Context, advance journal.Advance) (journal.Consumer, error) {
	key := consumerKey{advance.Agency, advance.Consumer}
	var moved journal.Consumer
	err := s.submit(ctx, &task{
		asks: asks{agencies: []string{advance.Agency}, consumers: []consumerKey{key}},
		decide: func(_ context.Context, v *view, _ rows.Keys) error {
			present := v.consumers[key]
			var err error
			if moved, err = present.Moved(advance, v.position(advance.Agency).Sequence); err == nil && moved != present {
				v.consumers[key], v.movedConsumers[key] = moved, true
			}
			return err
		},
	})
	if err != nil {
		return journal.Consumer{}, err
	}
	return moved, nil
}

// SetSetting stores a setting.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	return s.submit(ctx, &task{decide: func(_ context.Context, v *view, _ rows.Keys) error {
		v.settings[key] = value
		return nil
	}})
}

// Erase destroys keys of a subject. It goes through the committer, in a transaction of its own, so
// that no append seals with a key that is being destroyed. The destruction is counted, so that no
// process opens content with a key that it still has in memory.
func (s *Store) Erase(ctx context.Context, subject string, classes ...journal.Class) error {
	return s.submit(ctx, &task{alone: true, decide: func(ctx context.Context, v *view, _ rows.Keys) error {
		v.erasures++
		return s.vault.Destroy(ctx, rows.Refs(subject, classes...))
	}})
}
