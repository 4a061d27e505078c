// Package transparency makes the access log tamper-evident. It builds a Merkle tree over the records of who
// read and changed what (RFC 6962, in the form of the Go checksum database), whose signed checkpoints are
// kept elsewhere. Anyone who has a checkpoint can detect whether any record that it covers was changed or
// removed since, even if somebody rewrote everything.
package transparency

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"koppi.internal/pkg/journal"
)

// batch is how many records are added to the log at a time.
const batch = 1000

// Leaf returns the content of a record, all of it, over which the tree is computed. Stored hashes depend on
// the format.
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

// Extend adds records to the log, at most one batch, and returns them; nil if there were none. Replicas may
// call it concurrently: journal.ErrLogMoved says that another one was first.
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

// reader reads the hashes of a log for tlog.
type reader struct {
	ctx context.Context //nolint:containedctx // tlog's interface has none
	log journal.Log
}

// ReadHashes returns the stored hashes at positions.
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

// above reads the hashes of a log, including those that are not stored yet.
type above struct {
	reader
	stored int64
	fresh  [][]byte
}

// ReadHashes returns the hashes at positions.
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

// Inclusion returns a proof that the record at an index, counted from 0, is in the tree with the given number
// of leaves. Verify it with tlog.CheckRecord.
func Inclusion(ctx context.Context, log journal.Log, leaves, index int64) (tlog.RecordProof, error) {
	return tlog.ProveRecord(leaves, index, reader{ctx, log})
}

// Consistency returns a proof that the tree with the given number of leaves extends an older, smaller one.
// Verify it with tlog.CheckTree.
func Consistency(ctx context.Context, log journal.Log, leaves, older int64) (tlog.TreeProof, error) {
	return tlog.ProveTree(leaves, older, reader{ctx, log})
}
