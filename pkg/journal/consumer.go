package journal

import "fmt"

// Moved returns the consumer after an advance. The cursor moves forward and never back. Moved
// refuses an epoch that is neither 0, current, nor a newer one that takes over, with ErrTakenOver;
// it also refuses a sequence higher than the mailbox's last. Both stores call it within their
// transaction.
func (c Consumer) Moved(advance Advance, last uint64) (Consumer, error) {
	if advance.Sequence > last {
		return c, fmt.Errorf("journal: message %d is acknowledged, but the mailbox ends at %d", advance.Sequence, last)
	}
	switch {
	case advance.TakeOver && advance.Epoch == 0:
		c.Epoch++
	case advance.TakeOver && advance.Epoch > c.Epoch:
		c.Epoch = advance.Epoch
	case advance.Epoch != 0 && advance.Epoch != c.Epoch:
		return c, ErrTakenOver
	}
	if advance.Rewind && advance.TakeOver {
		c.Sequence, c.At = advance.Sequence, advance.At
		return c, nil
	}
	// The time of the last acknowledgement outlasts a new epoch; before the first, it is that of the opening.
	if advance.Sequence > c.Sequence || advance.TakeOver && c.Sequence == 0 {
		c.Sequence, c.At = max(c.Sequence, advance.Sequence), advance.At
	}
	return c, nil
}
