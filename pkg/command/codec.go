package command

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// marshal is deterministic, so that one event has one encoding.
var marshal = proto.MarshalOptions{Deterministic: true}

// toRow encodes an event as the journal stores it.
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

// EventsFrom decodes stored events. It returns no events for a history whose content was erased, as
// if it did not exist.
func EventsFrom(rows []journal.Event) ([]matter.Event, error) {
	events := make([]matter.Event, 0, len(rows))
	for _, row := range rows {
		if row.Erased {
			return nil, nil
		}
		event, err := fromRow(row)
		if err != nil {
			return nil, fmt.Errorf("command: event %d of %s: %w (%w)", row.Version, row.Subject, journal.ErrUnreadable, err)
		}
		events = append(events, event)
	}
	return events, nil
}

func fromRow(row journal.Event) (matter.Event, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(row.Type))
	if err != nil {
		return matter.Event{}, err
	}
	event := matter.Event{
		Subject: row.Subject, ID: row.ID, At: row.At, Client: row.Client, Case: row.Case, Trace: row.Trace,
		Message: kind.New().Interface(), Basis: &commonv1.LegalBasis{},
	}
	if err := proto.Unmarshal(row.Payload, event.Message); err != nil {
		return matter.Event{}, err
	}
	if err := proto.Unmarshal(row.Basis, event.Basis); err != nil {
		return matter.Event{}, err
	}
	if len(row.By) > 0 {
		event.By = &commonv1.Party{}
		if err := proto.Unmarshal(row.By, event.By); err != nil {
			return matter.Event{}, err
		}
	}
	return event, nil
}
