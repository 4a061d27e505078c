package rows

import (
	"fmt"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
)

// RecordRef names the key of all records of an agency.
func RecordRef(agency string) seal.Ref { return Ref("records/"+agency, journal.ClassDocument) }

// RecordNeeds names the key with which changed records of one agency are sealed.
func RecordNeeds(records []journal.Record) []seal.Ref {
	for _, record := range records {
		if record.Body != nil {
			return []seal.Ref{RecordRef(record.Agency)}
		}
	}
	return nil
}

func recordPlace(r journal.Record) []byte {
	return fmt.Appendf(nil, "record\x00%s\x00%d\x00%s\x00%s", r.Agency, r.Version, r.Kind, r.Key)
}

// SealRecord seals the body of a record, for the version at which it is stored.
func SealRecord(keys Keys, record journal.Record) ([]byte, error) {
	sealed, err := keys[RecordRef(record.Agency)].Encrypt(record.Body, recordPlace(record))
	if err != nil {
		return nil, fmt.Errorf("rows: seal a record: %w", err)
	}
	return sealed, nil
}

// OpenRecords opens the bodies of records of one agency, in place. Where one does not open, or the
// key is missing, the error is journal.ErrUnreadable.
func OpenRecords(keys Keys, records []journal.Record) error {
	for i, record := range records {
		key := keys[RecordRef(record.Agency)]
		if key == nil {
			return fmt.Errorf("rows: the records of %s have no key: %w", record.Agency, journal.ErrUnreadable)
		}
		body, err := key.Decrypt(record.Body, recordPlace(record))
		if err != nil {
			return fmt.Errorf("rows: open a record of %s: %w", record.Agency, journal.ErrUnreadable)
		}
		// A body that is put again as it was read must not remove the record.
		records[i].Body = Bytes(body)
	}
	return nil
}
