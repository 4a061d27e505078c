package journal

import (
	"context"
	"errors"
)

// Record is a small document beside the history, such as who works where. It is sealed, and in no
// hash chain.
type Record struct {
	// Agency owns the record; not empty.
	Agency string
	// Kind is the kind of document, for example "colleague"; not empty. Agency, Kind and Key are in
	// the clear.
	Kind string
	// Key is unique within the agency and the kind.
	Key string
	// Version counts the changes of the record from 1. In PutRecords it is the version that the
	// change was decided on: 0 for a record that must not exist. A record that was removed and is
	// put again counts from 1 again.
	Version uint64
	// Body is the document; nil in PutRecords removes the record.
	Body []byte
}

// Records keeps small documents of agencies beside the journal, at their present version alone.
type Records interface {
	// Revisions returns the revision of each agency's records: it grows by one with each PutRecords
	// of the agency. An agency that never had a record has no entry.
	Revisions(ctx context.Context) (map[string]uint64, error)
	// AgencyRecords returns all records of an agency, ordered by kind, then by key, in byte order,
	// and the revision at which they stand: 0 and none for an agency that never had a record. Where
	// a record does not open with its key, it must fail with ErrUnreadable.
	AgencyRecords(ctx context.Context, agency string) ([]Record, uint64, error)
	// PutRecords makes changes to records of one agency durable, all of them or none, and returns
	// the agency's new revision. It must refuse with a *ConflictError, and change nothing, when a
	// record is not at its version. A cancelled context must not leave the changes half done: they
	// may still be made, and the versions of the records show whether they were.
	PutRecords(ctx context.Context, records ...Record) (uint64, error)
}

// CheckRecords refuses changes to records that contradict each other. A store calls it before it
// changes anything.
func CheckRecords(records []Record) error {
	if len(records) == 0 {
		return errors.New("journal: no record to change")
	}
	type name struct{ kind, key string }
	changed := map[name]bool{}
	for _, record := range records {
		at := name{record.Kind, record.Key}
		switch {
		case record.Agency == "" || record.Kind == "":
			return errors.New("journal: a record needs an agency and a kind")
		case record.Agency != records[0].Agency:
			return errors.New("journal: records of two agencies are changed together")
		case changed[at]:
			return errors.New("journal: a record is changed twice at once")
		case record.Body == nil && record.Version == 0:
			return errors.New("journal: a record is removed that must not exist")
		}
		changed[at] = true
	}
	return nil
}

// Changed returns the record as it is stored after a change, at its next version. It returns a
// *ConflictError where the record is not at the version that the change was decided on; present is
// its version, 0 for none. Both stores call it within their transaction.
func (r Record) Changed(present uint64) (Record, error) {
	if r.Version != present {
		return r, &ConflictError{Subject: r.Kind + "/" + r.Agency + "/" + r.Key}
	}
	r.Version++
	return r, nil
}
