package revocation

import (
	"context"
	"slices"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Reasons returns the reasons why the keys of messages were destroyed. Every reader with a copy
// was informed of that reason before, since it must acknowledge a revocation or withdrawal. The
// reason stays unspecified if a subject cannot be read, so that a tombstone delays no other
// message.
func (c *Copies[S]) Reasons(ctx context.Context, gone []journal.Delivery) []exchangev1.Erasure {
	subjects := make([]string, 0, len(gone))
	for _, one := range gone {
		subjects = append(subjects, one.Subject)
	}
	slices.Sort(subjects)
	subjects = slices.Compact(subjects)
	heads := make(map[string]*matter.Head, len(subjects))
	for part := range slices.Chunk(subjects, reading.AtOnce) {
		all, err := c.Engine.EventsOf(ctx, part...)
		for i, subject := range part {
			var events []matter.Event
			if err == nil {
				events = all[i]
			} else if one, failed := c.Engine.Events(ctx, subject); failed == nil {
				events = one
			} else {
				continue
			}
			head := matter.Head{}
			if len(events) > 0 {
				head = c.Engine.Rules.HistoryOf(events).State.Common()
			}
			heads[subject] = &head
		}
	}
	reasons := make([]exchangev1.Erasure, len(gone))
	for i, one := range gone {
		reasons[i] = erasure(heads[one.Subject], one)
	}
	return reasons
}

// erasure returns why the key of a message was destroyed. A nil head means that the subject could not
// be read.
func erasure(head *matter.Head, gone journal.Delivery) exchangev1.Erasure {
	switch {
	case head == nil:
		return exchangev1.Erasure_ERASURE_UNSPECIFIED
	case head.IsRevoked():
		return exchangev1.Erasure_ERASURE_REVOKED
	case gone.Class == journal.ClassConsent && (head.IsWithdrawn() || head.WithdrewShare(gone.Agency, gone.Share)):
		return exchangev1.Erasure_ERASURE_WITHDRAWN
	default:
		return exchangev1.Erasure_ERASURE_ERASED
	}
}
