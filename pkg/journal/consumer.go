package journal

import "fmt"

// Moved is the consumer after an advance: forward and never back, taken over or
// refused. Both stores decide by it, within the transaction.
func (c Consumer) Moved(advance Advance, head uint64) (Consumer, error) {
	if advance.Sequence > head {
		return c, fmt.Errorf("journal: message %d is acknowledged of a mailbox that ends at %d", advance.Sequence, head)
	}
	switch {
	case advance.TakeOver && advance.Epoch == 0:
		c.Epoch++
	case advance.TakeOver && advance.Epoch > c.Epoch:
		c.Epoch = advance.Epoch
	case advance.Epoch != 0 && advance.Epoch != c.Epoch:
		return c, ErrTakenOver
	}
	if advance.TakeOver || advance.Sequence > c.Sequence {
		c.Sequence, c.At = max(c.Sequence, advance.Sequence), advance.At
	}
	return c, nil
}
