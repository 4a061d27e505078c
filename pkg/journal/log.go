package journal

import (
	"context"
	"errors"
)

// ErrLogMoved says that somebody else extended the log.
var ErrLogMoved = errors.New("journal: the log was extended by another")

// Log keeps a Merkle tree over the accesses, in the order of recording, so that it shows
// when one is changed or taken out. Since a write's access holds the hash of the history
// that it left, and a history's hashes are chained, the tree covers the events too.
type Log interface {
	// LogState is how far the tree reaches.
	LogState(ctx context.Context) (LogState, error)
	// AccessesAfter returns accesses behind a number, in the order of recording.
	AccessesAfter(ctx context.Context, number int64, limit int) ([]NumberedAccess, error)
	// ExtendLog adds the hashes that lead from one state of the tree to another; ErrLogMoved,
	// and nothing is changed, where it is not in the first.
	ExtendLog(ctx context.Context, from, to LogState, hashes [][]byte) error
	// LogHashes returns the hashes at positions, in their order; ErrNotFound where one is
	// missing.
	LogHashes(ctx context.Context, positions ...int64) ([][]byte, error)
}

// LogState is how far a log reaches.
type LogState struct {
	// Leaves counts the accesses in it, Hashes those of the tree that are kept.
	Leaves, Hashes int64
	// Number of the last access in it.
	Number int64
}
