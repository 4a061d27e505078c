package journal

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Report is what Fsck found.
type Report struct {
	Events, Deliveries, Tombstones, Subjects, Mailboxes int
	// Findings say what is wrong and where; it is empty for a sound journal.
	Findings []string
}

// Err returns an error that lists the findings, or nil for a sound journal.
func (r Report) Err() error {
	if len(r.Findings) == 0 {
		return nil
	}
	return fmt.Errorf("journal: %d findings:\n%s", len(r.Findings), strings.Join(r.Findings, "\n"))
}

// Fsck verifies a whole journal by reading it: both hash chains, that nothing is missing or
// doubled, and that the rows derived from the history agree with it. Tests and operators rely on
// its result. The journal must be at rest: nothing appends to it while Fsck runs.
func Fsck(ctx context.Context, raw Raw) (Report, error) {
	f := &fsck{raw: raw, subjects: map[string]*subjectSeen{}, mailboxes: map[string]*mailboxSeen{}}
	for _, check := range []func(context.Context) error{
		f.events, f.streams, f.deliveries, f.positions, f.worklist, f.uniqueKeys, f.consumers,
	} {
		if err := check(ctx); err != nil {
			return f.report, err
		}
	}
	return f.report, nil
}

type subjectSeen struct {
	version uint64
	head    []byte
	ids     map[string]bool
	row     bool
	// disclosed counts the subject's messages by mailbox.
	disclosed map[string]uint64
	// client and caseID are those of the first event; they never change.
	client, caseID string
}

type mailboxSeen struct {
	sequence uint64
	chain    []byte
}

type fsck struct {
	raw       Raw
	report    Report
	subjects  map[string]*subjectSeen
	mailboxes map[string]*mailboxSeen
}

func (f *fsck) find(format string, args ...any) {
	f.report.Findings = append(f.report.Findings, fmt.Sprintf(format, args...))
}

func (f *fsck) events(ctx context.Context) error {
	for event, err := range f.raw.RawEvents(ctx) {
		if err != nil {
			return err
		}
		f.report.Events++
		seen := f.subjects[event.Subject]
		if seen == nil {
			seen = &subjectSeen{
				head: Genesis(), ids: map[string]bool{}, disclosed: map[string]uint64{}, client: event.Client, caseID: event.Case,
			}
			f.subjects[event.Subject] = seen
			f.report.Subjects++
		}
		if event.Version != seen.version+1 {
			f.find("events: %s has version %d after %d", event.Subject, event.Version, seen.version)
		}
		if !bytes.Equal(event.PrevHash, seen.head) {
			f.find("events: %s version %d does not continue the hash chain", event.Subject, event.Version)
		}
		if !bytes.Equal(EventHash(event.PrevHash, event), event.Hash) {
			f.find("events: %s version %d does not match its hash", event.Subject, event.Version)
		}
		if event.Client != seen.client || event.Case != seen.caseID {
			f.find("events: %s version %d belongs to another client or case", event.Subject, event.Version)
		}
		seen.version, seen.head = event.Version, event.Hash
		seen.ids[event.ID] = true
	}
	return nil
}

func (f *fsck) streams(ctx context.Context) error {
	for stream, err := range f.raw.RawStreams(ctx) {
		if err != nil {
			return err
		}
		seen := f.subjects[stream.Subject]
		if seen == nil {
			f.find("loops: %s has no events", stream.Subject)
			continue
		}
		seen.row = true
		if stream.Version != seen.version || !bytes.Equal(stream.Head, seen.head) {
			f.find("loops: %s is at version %d, but its events end at %d", stream.Subject, stream.Version, seen.version)
		}
		if stream.Client != seen.client || stream.Case != seen.caseID {
			f.find("loops: %s names another client or case than its events", stream.Subject)
		}
		if stream.Ended && !stream.NextCheckAt.IsZero() {
			f.find("loops: %s has ended but still has a next check", stream.Subject)
		}
	}
	for subject, seen := range f.subjects {
		if !seen.row {
			f.find("loops: %s has events but no row", subject)
		}
	}
	return nil
}

func (f *fsck) deliveries(ctx context.Context) error {
	for delivery, err := range f.raw.RawDeliveries(ctx) {
		if err != nil {
			return err
		}
		f.report.Deliveries++
		f.delivery(delivery)
	}
	return nil
}

func (f *fsck) delivery(d RawDelivery) {
	mailbox := f.mailboxes[d.Agency]
	if mailbox == nil {
		mailbox = &mailboxSeen{chain: Genesis()}
		f.mailboxes[d.Agency] = mailbox
		f.report.Mailboxes++
	}
	place := fmt.Sprintf("deliveries: mailbox of %s, sequence %d", d.Agency, d.Sequence)
	if d.Sequence != mailbox.sequence+1 {
		f.find("%s follows %d", place, mailbox.sequence)
	}
	if !bytes.Equal(ChainHash(mailbox.chain, d.ContentHash), d.ChainHash) {
		f.find("%s does not continue the hash chain", place)
	}
	mailbox.sequence, mailbox.chain = d.Sequence, d.ChainHash
	switch {
	case d.Unreadable:
		f.find("%s cannot be decrypted with its key", place)
	case d.Tombstone:
		f.report.Tombstones++
	case !bytes.Equal(ContentHash(d.Nonce, d.Record), d.ContentHash):
		f.find("%s does not match its hash", place)
	case stamped(d.Record) != d.Sequence:
		f.find("%s contains another sequence", place)
	}
	seen := f.subjects[d.Subject]
	if seen == nil || !seen.ids[d.ID] {
		f.find("%s names an event that %s does not have", place, d.Subject)
		return
	}
	seen.disclosed[d.Agency]++
	if d.SubjectVersion != seen.disclosed[d.Agency] {
		f.find("%s is message %d of %s, but follows message %d", place, d.SubjectVersion, d.Subject, seen.disclosed[d.Agency]-1)
	}
}

// stamped reads the sequence that Stamp appended to a record.
func stamped(record []byte) uint64 {
	var sequence uint64
	for len(record) > 0 {
		number, kind, n := protowire.ConsumeField(record)
		if n < 0 {
			return 0
		}
		if number == sequenceField && kind == protowire.VarintType {
			_, _, tag := protowire.ConsumeTag(record)
			sequence, _ = protowire.ConsumeVarint(record[tag:])
		}
		record = record[n:]
	}
	return sequence
}

func (f *fsck) positions(ctx context.Context) error {
	positions, err := f.raw.Positions(ctx)
	if err != nil {
		return err
	}
	for agency, position := range positions {
		mailbox := f.mailboxes[agency]
		if mailbox == nil || mailbox.sequence != position.Sequence || !bytes.Equal(mailbox.chain, position.ChainHash) {
			f.find("mailboxes: the mailbox of %s does not end at %d", agency, position.Sequence)
		}
	}
	for agency := range f.mailboxes {
		if _, ok := positions[agency]; !ok {
			f.find("mailboxes: the mailbox of %s has messages but no position", agency)
		}
	}
	return nil
}

func (f *fsck) worklist(ctx context.Context) error {
	counted := map[string]int{}
	for entry, err := range f.raw.RawWorklistEntries(ctx) {
		if err != nil {
			return err
		}
		seen := f.subjects[entry.Subject]
		if seen == nil {
			f.find("standings: %s of %s has no events", entry.Subject, entry.Agency)
			continue
		}
		counted[entry.Subject]++
		if entry.Version != seen.disclosed[entry.Agency] {
			f.find("standings: %s was disclosed to %s in %d messages, not %d", entry.Subject, entry.Agency,
				seen.disclosed[entry.Agency], entry.Version)
		}
		client, caseID := seen.client, seen.caseID
		if entry.Role == RoleOfficer {
			client, caseID = "", ""
		}
		if entry.Client != client || entry.Case != caseID {
			f.find("standings: %s of %s names another client or case", entry.Subject, entry.Agency)
		}
	}
	for subject, seen := range f.subjects {
		if counted[subject] < len(seen.disclosed) {
			f.find("standings: %s has no row for an agency to which it was disclosed", subject)
		}
	}
	return nil
}

func (f *fsck) uniqueKeys(ctx context.Context) error {
	for key, err := range f.raw.RawUniqueKeys(ctx) {
		if err != nil {
			return err
		}
		if seen := f.subjects[key.Subject]; seen == nil || key.Version > seen.version {
			f.find("claims: %s holds a unique key at version %d, which it does not have", key.Subject, key.Version)
		}
	}
	return nil
}

func (f *fsck) consumers(ctx context.Context) error {
	for consumer, err := range f.raw.RawConsumers(ctx) {
		if err != nil {
			return err
		}
		var end uint64
		if mailbox := f.mailboxes[consumer.Agency]; mailbox != nil {
			end = mailbox.sequence
		}
		if consumer.Sequence > end {
			f.find("consumers: %s of %s is at %d, after the end %d", consumer.Name, consumer.Agency, consumer.Sequence, end)
		}
	}
	return nil
}
