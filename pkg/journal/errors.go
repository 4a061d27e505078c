package journal

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound says that the row does not exist, or that its key was destroyed.
	ErrNotFound = errors.New("journal: not found")
	// ErrTakenOver says that a newer reader has taken the consumer over.
	ErrTakenOver = errors.New("journal: the consumer was taken over")
	// ErrUnreadable says that stored content does not open with its key, or is of an unknown form.
	// Trying again does not help.
	ErrUnreadable = errors.New("journal: unreadable")
	// ErrFull says that the disk is full. Nothing of the append is kept; the caller may try again
	// once there is room.
	ErrFull = errors.New("journal: the disk is full")
	// ErrClosed says that the store is closed and appends nothing more.
	ErrClosed = errors.New("journal: closed")
)

// ConflictError says that another append came first. The caller loads, folds and decides again.
type ConflictError struct {
	// Subject is the subject that is at another version; otherwise UniqueKey is the key that
	// another subject holds.
	Subject, UniqueKey string
}

func (e *ConflictError) Error() string {
	if e.UniqueKey != "" {
		return "journal: conflict on a unique key"
	}
	return fmt.Sprintf("journal: conflict on %s", e.Subject)
}
