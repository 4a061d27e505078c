package postgres

import (
	"errors"
	"testing"

	"koppi.internal/pkg/journal"
)

// After a lost connection, the store finds out whether a change of records was made. Where another
// process has changed the agency's records since, this stays unknown.
func TestResolveRecords(t *testing.T) {
	t.Parallel()
	store := newSingleServer(t).open(t)
	put := func(version uint64) (mark string) {
		t.Helper()
		if _, err := store.PutRecords(t.Context(), journal.Record{Agency: "a", Kind: "k", Key: "1", Version: version, Body: []byte("body")}); err != nil {
			t.Fatal(err)
		}
		if err := store.read.QueryRow(t.Context(), `SELECT mark FROM record_revisions WHERE agency = 'a'`).Scan(&mark); err != nil {
			t.Fatal(err)
		}
		return mark
	}
	lost := errors.New("lost")
	resolved := func(agency, mark string, revision uint64) error {
		refused := outcome{item: &item{Change: &task{moves: &recordRevision{agency: "b", mark: "refused", revision: 1}}}, err: errors.New("refused")}
		return store.resolve([]outcome{{item: &item{Change: &task{moves: &recordRevision{agency: agency, mark: mark, revision: revision}}}}, refused}, lost)
	}
	mark := put(0)
	if err := resolved("a", mark, 1); err != nil {
		t.Errorf("a change that was made: %v", err)
	}
	for name, err := range map[string]error{
		"the next change":                         resolved("a", "other", 2),
		"a change that another process came upon": resolved("a", "other", 1),
		"an agency without records":               resolved("c", "other", 1),
	} {
		if !errors.Is(err, errCut) || errors.Is(err, errUnsettled) || !errors.Is(err, lost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if put(1) == mark {
		t.Error("two changes have one mark")
	}
	if err := resolved("a", mark, 1); !errors.Is(err, errUnsettled) || errors.Is(err, errCut) {
		t.Errorf("a change before another's: %v", err)
	}
}

// A refused change leaves nothing in the view, where another change of the same group would write it.
func TestRefusedRecordsLeaveView(t *testing.T) {
	first, second := recordKey{"a", "k", "1"}, recordKey{"a", "k", "2"}
	v := newRecordView()
	v.versions[first], v.versions[second], v.revisions["a"] = 1, 1, 7
	moves := &recordRevision{agency: "a", mark: "mark"}
	var conflict *journal.ConflictError
	err := v.put([]journal.Record{{Agency: "a", Kind: "k", Key: "1", Version: 1}, {Agency: "a", Kind: "k", Key: "2", Version: 2}}, nil, moves)
	if !errors.As(err, &conflict) || v.versions[first] != 1 || v.revisions["a"] != 7 || len(v.changed)+len(v.moved) > 0 {
		t.Errorf("%v: %+v", err, v)
	}
	err = v.put([]journal.Record{{Agency: "a", Kind: "k", Key: "1", Version: 1}}, nil, moves)
	if err != nil || v.versions[first] != 0 || v.versions[second] != 1 || len(v.changed) != 1 || v.moved["a"].revision != 8 {
		t.Errorf("%v: %+v", err, v)
	}
}
