package journal

import (
	"context"
	"errors"
)

// ErrLogMoved says that another process extended the log first.
var ErrLogMoved = errors.New("journal: the log was extended by another")

// Log keeps a Merkle tree over the accesses, in the order of recording, so that a changed or
// removed access is detected. The access of a write holds the hash of the history after the write,
// and the hashes of a history are chained; so the tree covers the events too.
type Log interface {
	// LogState returns how far the tree reaches.
	LogState(ctx context.Context) (LogState, error)
	// AccessesAfter returns up to limit accesses with a higher number, in the order of recording.
	AccessesAfter(ctx context.Context, number int64, limit int) ([]NumberedAccess, error)
	// ExtendLog adds the hashes that lead from one state of the tree to another. Where the tree is
	// not in the first state, it returns ErrLogMoved and changes nothing.
	ExtendLog(ctx context.Context, from, to LogState, hashes [][]byte) error
	// LogHashes returns the hashes at the given positions, in the order of the arguments;
	// ErrNotFound where one is missing.
	LogHashes(ctx context.Context, positions ...int64) ([][]byte, error)
}

// LogState is the extent of the log's tree.
type LogState struct {
	// Leaves counts the accesses in the tree, Hashes the tree's hashes that are stored.
	Leaves, Hashes int64
	// Number is that of the last access in the tree.
	Number int64
}
