// Package transparency makes the record of who read and changed what tamper-evident: a
// Merkle tree over it (RFC 6962, as the Go checksum database has it), checkpoints of which
// are signed and kept elsewhere. Whoever holds one can tell whether anything that it covers
// was changed or taken out since, even by somebody who rewrote everything.
package transparency

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"koppi.internal/pkg/journal"
)

// batch is how many records are taken into the log at a time.
const batch = 1000

// Leaf is what of a record the tree is over: all of it. The form is stored, in hashes.
func Leaf(record journal.NumberedAccess) []byte {
	data := []byte("koppi access 1\x00")
	data = binary.AppendVarint(data, record.Number)
	data = binary.AppendVarint(data, record.At.UnixMicro())
	for _, part := range [][]byte{
		record.By, []byte(record.Role), []byte(record.OnBehalfOf), []byte(record.Subject), []byte(record.Client), []byte(record.Method),
		[]byte(record.Purpose), record.Basis, []byte(record.Trace), record.Head,
	} {
		data = binary.AppendUvarint(data, uint64(len(part)))
		data = append(data, part...)
	}
	return data
}

// Extend takes records into the log, and returns the last of them, as many as one batch
// holds, nil where there were none. Any number of replicas may do so at once:
// journal.ErrLogMoved tells that another did.
func Extend(ctx context.Context, log journal.Log) ([]journal.NumberedAccess, error) {
	from, err := log.LogState(ctx)
	if err != nil {
		return nil, err
	}
	records, err := log.AccessesAfter(ctx, from.Number, batch)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	to := from
	var hashes [][]byte
	for _, record := range records {
		made, err := tlog.StoredHashes(to.Leaves, Leaf(record), above{reader{ctx, log}, from.Hashes, hashes})
		if err != nil {
			return nil, fmt.Errorf("transparency: %w", err)
		}
		for _, hash := range made {
			hashes = append(hashes, hash[:])
		}
		to = journal.LogState{Leaves: to.Leaves + 1, Hashes: to.Hashes + int64(len(made)), Number: record.Number}
	}
	return records, log.ExtendLog(ctx, from, to, hashes)
}

// reader reads a log's hashes as tlog does.
type reader struct {
	ctx context.Context //nolint:containedctx // tlog's interface has none
	log journal.Log
}

// ReadHashes reads the hashes at positions.
func (r reader) ReadHashes(positions []int64) ([]tlog.Hash, error) {
	if len(positions) == 0 {
		return nil, nil
	}
	stored, err := r.log.LogHashes(r.ctx, positions...)
	if err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(stored))
	for i, hash := range stored {
		copy(hashes[i][:], hash)
	}
	return hashes, nil
}

// above are the hashes of a log, with those that are not stored yet.
type above struct {
	reader
	stored int64
	fresh  [][]byte
}

// ReadHashes reads the hashes at positions.
func (a above) ReadHashes(positions []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(positions))
	for i, position := range positions {
		if position >= a.stored {
			copy(hashes[i][:], a.fresh[position-a.stored])
			continue
		}
		one, err := a.reader.ReadHashes([]int64{position})
		if err != nil {
			return nil, err
		}
		hashes[i] = one[0]
	}
	return hashes, nil
}

// Inclusion proves that the record at an index, counted from 0, is in the tree of so many
// leaves. tlog.CheckRecord checks it.
func Inclusion(ctx context.Context, log journal.Log, leaves, index int64) (tlog.RecordProof, error) {
	return tlog.ProveRecord(leaves, index, reader{ctx, log})
}

// Consistency proves that the tree of so many leaves goes on from an older, smaller one.
// tlog.CheckTree checks it.
func Consistency(ctx context.Context, log journal.Log, leaves, older int64) (tlog.TreeProof, error) {
	return tlog.ProveTree(leaves, older, reader{ctx, log})
}
