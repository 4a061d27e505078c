// Package revocation destroys the copies of what was disclosed of a matter that was entered in error,
// or on a consent that was withdrawn, and says why a message is gone.
package revocation

import (
	"context"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// Copies are the copies in mailboxes of what one service disclosed. S is the state of its matters.
type Copies[S matter.State] struct {
	Engine *command.Engine[S]
	Store  journal.Store
	// Forget makes the attachment store check again whether any subject names the attachments of
	// one that was entered in error.
	Forget func(ctx context.Context, subject string) error
}

// Erase destroys the keys of all messages about a subject entered in error, except the
// notices of the revocation, or of the messages that were disclosed on a withdrawn consent. It runs
// before the event that records it is appended, so that it is repeated if the process dies between
// the two.
func (c *Copies[S]) Erase(ctx context.Context, head matter.Head) error {
	switch {
	case head.IsRevoked() && !head.Revocation.Erased:
		if err := c.Forget(ctx, head.Subject); err != nil {
			return err
		}
		return c.Store.Erase(ctx, head.Subject, journal.ClassCorrespondence, journal.ClassConsent)
	case head.IsRevoked():
		return nil
	case head.IsWithdrawn() && !head.Withdrawal.Erased:
		return c.Store.Erase(ctx, head.Subject, journal.ClassConsent)
	}
	var shares []journal.Class
	for _, share := range head.WithdrawnShares() {
		shares = append(shares, journal.ClassConsent.Share(share))
	}
	if len(shares) == 0 {
		return nil
	}
	return c.Store.Erase(ctx, head.Subject, shares...)
}
