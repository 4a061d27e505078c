package command

import (
	"koppi.internal/pkg/matter"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Recalled is the history of one subject as a reader may know it now.
type Recalled[S matter.State] struct {
	State    S
	Messages []*exchangev1.CaseMessage
	// Version is the number of the subject's events, disclosed or not.
	Version uint64
}

// Recall discloses a subject's history again to a reader: an agency that is party to it, or the
// person whom it concerns. Events are all events of the subject; upTo limits how many of them are
// disclosed (0 for all). The result is computed, not looked up, so that it holds what the reader
// may know now. Sequence and hashes are not set, because they belong to a mailbox. The result is
// empty for a subject entered in error or erased, and for a reader without a relation to it.
func (e *Engine[S]) Recall(events []matter.Event, agency, client string, upTo uint64) (Recalled[S], error) {
	if len(events) == 0 {
		return Recalled[S]{}, nil
	}
	all := Recalled[S]{Version: uint64(len(events))}
	if upTo > 0 {
		all.Version = min(upTo, all.Version)
	}
	now := e.Rules.Fold(events, false)
	if now.State.Common().IsRevoked() {
		return Recalled[S]{}, nil
	}
	var disclosed []Disclosed[S]
	switch {
	case agency == "" && client != "" && events[0].Client == client:
		_, disclosed = e.Rules.DiscloseToClient(events[:all.Version])
	case agency != "" && now.Related(agency):
		disclosed = e.Rules.disclosedTo(events[:all.Version], now.State.Common().IsWithdrawn(), agency)
	default:
		return Recalled[S]{}, nil
	}
	all.State = now.State
	for _, one := range disclosed {
		message, err := e.message(one)
		if err != nil {
			return Recalled[S]{}, err
		}
		all.Messages = append(all.Messages, message)
	}
	return all, nil
}

// disclosedTo returns what is disclosed to an agency of all events of a subject, in order.
func (r Rules[S]) disclosedTo(events []matter.Event, withdrawn bool, agency string) []Disclosed[S] {
	history, own := matter.History[S]{Withdrawn: withdrawn}, []Disclosed[S]{}
	for _, event := range events {
		next, disclosed := r.Next(history, event)
		for _, one := range disclosed {
			if one.View.Reader.Agency == agency {
				own = append(own, one)
			}
		}
		history = next
	}
	return own
}
