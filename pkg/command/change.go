package command

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// marshal is deterministic, so that one event has one encoding.
var marshal = proto.MarshalOptions{Deterministic: true}

// change is the effect of a command's events on the world, as rows.
type change[S matter.State] struct {
	engine    *Engine[S]
	command   Command[S]
	before    matter.World[S]
	histories map[string]matter.History[S]
	touched   []string
	batch     journal.Batch
	// broken are the subjects in which a due time passed without the action that was due.
	broken []string
}

func (c *change[S]) after(subject string) matter.History[S] { return c.histories[subject] }

// change turns decided events into one batch: events, case messages, worklist entries, unique keys
// and access records.
func (e *Engine[S]) change(world matter.World[S], command Command[S], events []matter.Event) (*change[S], error) {
	c := &change[S]{
		engine: e, command: command, before: world, histories: map[string]matter.History[S]{},
		batch: journal.Batch{Expected: map[string]uint64{}},
	}
	for _, event := range events {
		if err := c.record(event); err != nil {
			return nil, err
		}
	}
	for _, subject := range c.touched {
		c.keep(subject)
	}
	c.claims()
	if command.Clients != nil {
		c.batch.Clients = command.Clients()
	}
	return c, nil
}

// record adds one event and the messages that disclose it to its readers.
func (c *change[S]) record(event matter.Event) error {
	history, known := c.histories[event.Subject]
	if !known {
		history = c.before.Subjects[event.Subject]
		c.touched = append(c.touched, event.Subject)
		c.batch.Expected[event.Subject] = history.Version
	}
	// The events of a subject never go back in time, whichever clock each was decided by.
	event.At = matter.Later(event.At, history.LastAt())
	event.ID, event.Trace = c.engine.NewID(), c.command.Access.Trace
	next, told := c.engine.Rules.Next(history, event)
	c.histories[event.Subject] = next
	row, err := toRow(event, next.Version, c.engine.Rules.Class)
	if err != nil {
		return err
	}
	c.batch.Events = append(c.batch.Events, row)
	c.tally(history.State, next.State, event)
	for _, one := range told {
		delivery, err := c.engine.delivery(one)
		if err != nil {
			return err
		}
		c.batch.Deliveries = append(c.batch.Deliveries, delivery)
	}
	return nil
}

// tally adds the counters that an event increments.
func (c *change[S]) tally(before, after S, event matter.Event) {
	head, tally := after.Common(), c.engine.Rules.Counters(before, after, event)
	for _, count := range tally.Counts {
		if count == matter.CountOverdue {
			c.broken = append(c.broken, event.Subject)
		}
		row := journal.Counter{
			Subject: event.Subject, What: string(count), Month: matter.Month(event.At), At: event.At,
			Sender: head.Sender.GetAgency(), Receiver: tally.Receiver,
		}
		if count == matter.CountTaken {
			row.Waited = event.At.Sub(head.Started)
		}
		c.batch.Counters = append(c.batch.Counters, row)
	}
}

func toRow(event matter.Event, version uint64, class journal.Class) (journal.Event, error) {
	row := journal.Event{
		Subject: event.Subject, Version: version, ID: event.ID,
		Type:   string(event.Message.ProtoReflect().Descriptor().FullName()),
		Client: event.Client, Case: event.Case, At: event.At, Trace: event.Trace, Class: class,
	}
	var err error
	if row.Payload, err = marshal.Marshal(event.Message); err != nil {
		return row, fmt.Errorf("command: marshal event: %w", err)
	}
	if row.Basis, err = marshal.Marshal(event.Basis); err != nil {
		return row, fmt.Errorf("command: marshal basis: %w", err)
	}
	if event.By != nil {
		if row.By, err = marshal.Marshal(event.By); err != nil {
			return row, fmt.Errorf("command: marshal party: %w", err)
		}
	}
	return row, nil
}

// delivery returns the case message of one event for one reader. The store assigns the sequence. It
// returns MatterFull if the message is longer than matter.MaxRecord.
func (e *Engine[S]) delivery(told Disclosed[S]) (journal.Delivery, error) {
	event := told.Event
	message, err := e.message(told)
	if err != nil {
		return journal.Delivery{}, err
	}
	record, err := marshal.Marshal(message)
	if err != nil {
		return journal.Delivery{}, fmt.Errorf("command: marshal message: %w", err)
	}
	if len(record) > matter.MaxRecord {
		// The refusal comes before anything is recorded, so that no mailbox holds a message that
		// cannot be delivered.
		return journal.Delivery{}, fault.New(fault.MatterFull, "what this step tells is longer than one message may be").
			With("limit_bytes", strconv.Itoa(matter.MaxRecord))
	}
	class := journal.ClassCorrespondence
	switch reader := told.View.Reader; {
	case matter.IsNotice(event.Message):
		class = journal.ClassNotice
	case reader.OnConsent && reader.Consent:
		class = journal.ClassConsent
	}
	return journal.Delivery{
		Agency: told.View.Reader.Agency, ID: event.ID, Subject: event.Subject, SubjectVersion: told.View.Version, Class: class,
		Record: record, Trace: event.Trace,
	}, nil
}

// message returns what is disclosed to a reader of one event, under the reader's pseudonyms. The
// client has pseudonyms too: those of the empty agency.
func (e *Engine[S]) message(told Disclosed[S]) (*exchangev1.CaseMessage, error) {
	agency, event := told.View.Reader.Agency, told.Event
	packed, err := anypb.New(event.Message)
	if err != nil {
		return nil, fmt.Errorf("command: pack event: %w", err)
	}
	message := &exchangev1.CaseMessage{
		MessageId: event.ID, Service: e.Rules.Service, Mailbox: agency, Subject: event.Subject,
		SubjectVersion: told.View.Version, CaseId: e.Pseudonyms.CaseName(agency, event.Case),
		OccurredAt: timestamppb.New(event.At), From: event.By, Basis: event.Basis,
		Status: e.Rules.Status(told.View.State, told.View.Reader), Event: packed,
	}
	if event.Client != "" {
		message.ClientId = e.Pseudonyms.ClientName(agency, event.Client)
	}
	for _, withheld := range told.Withheld {
		message.Withheld = append(message.Withheld, &exchangev1.Withheld{Field: withheld.Field, Rule: withheld.Rule})
	}
	return message, nil
}

// keep adds the current rows of a changed subject, and the access record of the change, to the
// batch.
func (c *change[S]) keep(subject string) {
	history := c.histories[subject]
	row, standings := c.engine.Rules.rows(subject, history)
	c.batch.Streams, c.batch.WorklistEntries = append(c.batch.Streams, row), append(c.batch.WorklistEntries, standings...)
	access := c.command.Access
	access.Subject, access.Client, access.At = subject, row.Client, history.LastAt()
	c.batch.Accesses = append(c.batch.Accesses, access)
}

// claims moves each unique key from its previous holder to its present one, and takes the key of
// the request_id.
func (c *change[S]) claims() {
	changes := map[string]journal.UniqueKeyChange{}
	for _, subject := range c.touched {
		before := c.engine.Rules.HeldBy(c.before.Subjects[subject].State)
		after := c.engine.Rules.HeldBy(c.histories[subject].State)
		if before == after {
			continue
		}
		if before != "" {
			change := changes[before]
			change.Key, change.From = before, subject
			changes[before] = change
		}
		if after != "" {
			change := changes[after]
			change.Key, change.Subject, change.Version = after, subject, c.histories[subject].Version
			changes[after] = change
		}
	}
	for _, change := range changes {
		c.batch.UniqueKeys = append(c.batch.UniqueKeys, change)
	}
	slices.SortFunc(c.batch.UniqueKeys, func(a, b journal.UniqueKeyChange) int { return cmp.Compare(a.Key, b.Key) })
	if c.command.RequestID != "" {
		c.batch.UniqueKeys = append(c.batch.UniqueKeys, journal.UniqueKeyChange{UniqueKey: journal.UniqueKey{
			Key: c.command.requestKey(), Subject: c.command.Subject,
			Version: c.histories[c.command.Subject].Version, Digest: c.command.Digest,
		}})
	}
}
