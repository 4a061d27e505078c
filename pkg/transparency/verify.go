package transparency

import (
	"context"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"koppi.internal/pkg/journal"
)

// Verify verifies the records of a service against its log, and the log against checkpoints that were kept
// elsewhere. It returns the problems that it found and their places; none for an intact log. Heads are the
// last hashes of the events of all subjects, which the latest writes must name.
func Verify(ctx context.Context, log Journal, service string, heads map[string][]byte, checkpoints ...Checkpoint) ([]string, error) {
	state, err := log.LogState(ctx)
	if err != nil {
		return nil, err
	}
	var findings []string
	find := func(format string, args ...any) { findings = append(findings, fmt.Sprintf(format, args...)) }
	// Rebuild the tree from the records alone.
	var anew memory
	last := map[string][]byte{}
	for record, err := range records(ctx, log) {
		if err != nil {
			return nil, err
		}
		if len(record.Head) > 0 {
			last[record.Subject] = record.Head
		}
		if anew.leaves == state.Leaves {
			// Recorded since, and not in the log yet.
			continue
		}
		if record.Number > state.Number {
			find("accesses: %d of the log's %d are missing", state.Leaves-anew.leaves, state.Leaves)
			break
		}
		index := anew.leaves
		if err := anew.add(Leaf(record)); err != nil {
			return nil, err
		}
		stored, err := log.LogHashes(ctx, tlog.StoredHashIndex(0, index))
		switch {
		case err != nil:
			find("log: the hash of access %d is missing", record.Number)
		case string(stored[0]) != string(anew.at(tlog.StoredHashIndex(0, index))):
			find("accesses: number %d, or one before it, was changed", record.Number)
			return findings, nil
		}
	}
	if anew.leaves < state.Leaves && len(findings) == 0 {
		find("accesses: %d of the log's %d are missing", state.Leaves-anew.leaves, state.Leaves)
	}
	for subject, head := range last {
		if now, known := heads[subject]; !known || string(now) != string(head) {
			find("events: the history of %s does not match its last recorded write", subject)
		}
	}
	for _, checkpoint := range checkpoints {
		if checkpoint.Service != service {
			continue
		}
		if checkpoint.Leaves > anew.leaves {
			find("log: %d of the %d records that a checkpoint covers are missing", checkpoint.Leaves-anew.leaves, checkpoint.Leaves)
			continue
		}
		if root, err := tlog.TreeHash(checkpoint.Leaves, &anew); err != nil || root != checkpoint.Root {
			find("log: the first %d records differ from the checkpoint", checkpoint.Leaves)
		}
		for agency, head := range checkpoint.Mailboxes {
			last, err := log.Deliveries(ctx, journal.DeliveryQuery{Agency: agency, After: head.Sequence - 1, Limit: 1})
			if err != nil {
				return nil, err
			}
			if len(last) == 0 || last[0].Sequence != head.Sequence || string(last[0].ChainHash) != string(head.ChainHash) {
				find("deliveries: the first %d messages of %s differ from the checkpoint", head.Sequence, agency)
			}
		}
	}
	return findings, nil
}

// records iterates over all records in the order in which they were recorded.
func records(ctx context.Context, log journal.Log) iter.Seq2[journal.NumberedAccess, error] {
	return func(yield func(journal.NumberedAccess, error) bool) {
		for number := int64(0); ; {
			part, err := log.AccessesAfter(ctx, number, batch)
			if err != nil {
				yield(journal.NumberedAccess{}, err)
				return
			}
			for _, record := range part {
				if number = record.Number; !yield(record, nil) {
					return
				}
			}
			if len(part) < batch {
				return
			}
		}
	}
}

// memory is a tree that is kept only in memory.
type memory struct {
	leaves int64
	hashes []tlog.Hash
}

func (m *memory) add(leaf []byte) error {
	made, err := tlog.StoredHashes(m.leaves, leaf, m)
	m.hashes, m.leaves = append(m.hashes, made...), m.leaves+1
	return err
}

func (m *memory) at(position int64) []byte {
	hash := m.hashes[position]
	return hash[:]
}

// ReadHashes returns the hashes at positions.
func (m *memory) ReadHashes(positions []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(positions))
	for i, position := range positions {
		hashes[i] = m.hashes[position]
	}
	return hashes, nil
}
