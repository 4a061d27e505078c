package journal

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound says that there is no such row, or that its key is destroyed.
	ErrNotFound = errors.New("journal: not found")
	// ErrTakenOver says that a younger reader has taken the consumer over.
	ErrTakenOver = errors.New("journal: the consumer was taken over")
	// ErrUnreadable says that what is stored does not open with its key, or is nothing
	// that is known: trying again does not help.
	ErrUnreadable = errors.New("journal: unreadable")
	// ErrFull says that the disk has no room. Nothing of the append is kept; it may be tried
	// again once there is.
	ErrFull = errors.New("journal: no room on the disk")
	// ErrClosed says that the store no longer appends.
	ErrClosed = errors.New("journal: closed")
)

// ConflictError says that another append came first. Load, fold and decide again.
type ConflictError struct {
	// Subject that is at another version, or else Claim that is otherwise held.
	Subject, UniqueKey string
}

func (e *ConflictError) Error() string {
	if e.UniqueKey != "" {
		return "journal: conflict on a claim"
	}
	return fmt.Sprintf("journal: conflict on %s", e.Subject)
}
