package command

import (
	"slices"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Recalled is the history of one subject as a reader may know it now.
type Recalled[S matter.State] struct {
	State S
	// View is the subject as it stands for the agency; the zero view for the client.
	View     matter.View[S]
	Messages []*exchangev1.CaseMessage
	// Version is the number of the subject's events, disclosed or not.
	Version uint64
}

// Recall discloses a subject's history again to a reader: a caller of an agency that is party to it, or
// the person whom it concerns. Events are all events of the subject; upTo limits how many of them are
// disclosed (0 for all). The result is computed, not looked up, so that it holds what the reader
// may know now. Sequence and hashes are not set, because they belong to a mailbox. The result is
// empty for a subject entered in error or erased, and for a reader who may not read it.
func (e *Engine[S]) Recall(events []matter.Event, scope matter.Scope, client string, upTo uint64) (Recalled[S], error) {
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
	case scope.Agency == "" && client != "" && events[0].Client == client:
		_, disclosed = e.Rules.DiscloseToClient(events[:all.Version])
	case scope.Agency != "" && e.Rules.Permission(scope, now) != matter.PermissionNone:
		disclosed = e.Rules.DisclosedNow(events, all.Version, scope.Agency)
	default:
		return Recalled[S]{}, nil
	}
	all.State, all.View = now.State, now.Views[scope.Agency]
	for _, one := range disclosed {
		message, err := e.message(one)
		if err != nil {
			return Recalled[S]{}, err
		}
		all.Messages = append(all.Messages, message)
	}
	return all, nil
}

// DisclosedNow returns what may now be disclosed to an agency of the first events of a subject, in order:
// without what was disclosed on a consent that was withdrawn, by whichever of the events.
func (r Rules[S]) DisclosedNow(events []matter.Event, first uint64, agency string) []Disclosed[S] {
	withdrawn, history, own := withdrawnUntil(events, agency), matter.History[S]{}, []Disclosed[S]{}
	for i, event := range events[:first] {
		history.Withdrawn = i < withdrawn
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

// withdrawnUntil returns how many of the events come before an agency's last consent was withdrawn: all
// if the consent to the whole matter was, and none if no consent of the agency was.
func withdrawnUntil(events []matter.Event, agency string) int {
	until := 0
	for i, event := range events {
		switch withdrawn, is := event.Message.(*commonv1.ConsentWithdrawn); {
		case !is:
		case !withdrawn.GetContinues():
			return len(events)
		case slices.Contains(withdrawn.GetHolders(), agency):
			until = i + 1
		}
	}
	return until
}
