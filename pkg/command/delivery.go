package command

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// delivery returns the case message of one event for one reader. The store assigns the sequence. It
// returns MatterFull if the message is longer than matter.MaxRecord.
func (e *Engine[S]) delivery(disclosed Disclosed[S]) (journal.Delivery, error) {
	event := disclosed.Event
	message, err := e.message(disclosed)
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
	class, share := journal.ClassCorrespondence, ""
	switch reader := disclosed.View.Reader; {
	case matter.IsNotice(event.Message):
		class = journal.ClassNotice
	case reader.OnConsent && reader.Consent:
		class, share = journal.ClassConsent, reader.Share
	}
	return journal.Delivery{
		Agency: disclosed.View.Reader.Agency, ID: event.ID, Subject: event.Subject, SubjectVersion: disclosed.View.Version, Class: class, Share: share,
		Record: record, Trace: event.Trace,
	}, nil
}

// message returns what is disclosed to a reader of one event, under the reader's pseudonyms. The
// client has pseudonyms too: those of the empty agency.
func (e *Engine[S]) message(disclosed Disclosed[S]) (*exchangev1.CaseMessage, error) {
	agency, event := disclosed.View.Reader.Agency, disclosed.Event
	packed, err := anypb.New(event.Message)
	if err != nil {
		return nil, fmt.Errorf("command: pack event: %w", err)
	}
	message := &exchangev1.CaseMessage{
		MessageId: event.ID, Service: e.Rules.Service, Mailbox: agency, Subject: event.Subject,
		SubjectVersion: disclosed.View.Version, CaseId: e.Pseudonyms.CaseName(agency, event.Case),
		OccurredAt: timestamppb.New(event.At), From: event.By, Basis: event.Basis,
		Status: e.Rules.Status(disclosed.View.State, disclosed.View.Reader), Event: packed,
	}
	if event.Client != "" {
		message.ClientId = e.Pseudonyms.ClientName(agency, event.Client)
	}
	for _, withheld := range disclosed.Withheld {
		message.Withheld = append(message.Withheld, &exchangev1.Withheld{Field: withheld.Field, Rule: withheld.Rule})
	}
	return message, nil
}
