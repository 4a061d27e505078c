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
		f.events, f.loops, f.deliveries, f.heads, f.standings, f.claims, f.consumers,
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
	// told counts the subject's messages by mailbox.
	told map[string]uint64
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
				head: Genesis(), ids: map[string]bool{}, told: map[string]uint64{}, client: event.Client, caseID: event.Case,
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

func (f *fsck) loops(ctx context.Context) error {
	for loop, err := range f.raw.RawStreams(ctx) {
		if err != nil {
			return err
		}
		seen := f.subjects[loop.Subject]
		if seen == nil {
			f.find("loops: %s has no events", loop.Subject)
			continue
		}
		seen.row = true
		if loop.Version != seen.version || !bytes.Equal(loop.Head, seen.head) {
			f.find("loops: %s is at version %d, but its events end at %d", loop.Subject, loop.Version, seen.version)
		}
		if loop.Client != seen.client || loop.Case != seen.caseID {
			f.find("loops: %s names another client or case than its events", loop.Subject)
		}
		if loop.Ended && !loop.NextCheckAt.IsZero() {
			f.find("loops: %s has ended but still has a next check", loop.Subject)
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
	box := f.mailboxes[d.Agency]
	if box == nil {
		box = &mailboxSeen{chain: Genesis()}
		f.mailboxes[d.Agency] = box
		f.report.Mailboxes++
	}
	place := fmt.Sprintf("deliveries: mailbox of %s, sequence %d", d.Agency, d.Sequence)
	if d.Sequence != box.sequence+1 {
		f.find("%s follows %d", place, box.sequence)
	}
	if !bytes.Equal(ChainHash(box.chain, d.ContentHash), d.ChainHash) {
		f.find("%s does not continue the hash chain", place)
	}
	box.sequence, box.chain = d.Sequence, d.ChainHash
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
	seen.told[d.Agency]++
	if d.SubjectVersion != seen.told[d.Agency] {
		f.find("%s is message %d of %s, but follows message %d", place, d.SubjectVersion, d.Subject, seen.told[d.Agency]-1)
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

func (f *fsck) heads(ctx context.Context) error {
	heads, err := f.raw.Positions(ctx)
	if err != nil {
		return err
	}
	for agency, head := range heads {
		box := f.mailboxes[agency]
		if box == nil || box.sequence != head.Sequence || !bytes.Equal(box.chain, head.ChainHash) {
			f.find("mailboxes: the mailbox of %s does not end at %d", agency, head.Sequence)
		}
	}
	for agency := range f.mailboxes {
		if _, ok := heads[agency]; !ok {
			f.find("mailboxes: the mailbox of %s has messages but no position", agency)
		}
	}
	return nil
}

func (f *fsck) standings(ctx context.Context) error {
	counted := map[string]int{}
	for standing, err := range f.raw.RawWorklistEntries(ctx) {
		if err != nil {
			return err
		}
		seen := f.subjects[standing.Subject]
		if seen == nil {
			f.find("standings: %s of %s has no events", standing.Subject, standing.Agency)
			continue
		}
		counted[standing.Subject]++
		if standing.Version != seen.told[standing.Agency] {
			f.find("standings: %s was disclosed to %s in %d messages, not %d", standing.Subject, standing.Agency,
				seen.told[standing.Agency], standing.Version)
		}
		client, caseID := seen.client, seen.caseID
		if standing.Role == RoleOfficer {
			client, caseID = "", ""
		}
		if standing.Client != client || standing.Case != caseID {
			f.find("standings: %s of %s names another client or case", standing.Subject, standing.Agency)
		}
	}
	for subject, seen := range f.subjects {
		if counted[subject] < len(seen.told) {
			f.find("standings: %s has no row for an agency to which it was disclosed", subject)
		}
	}
	return nil
}

func (f *fsck) claims(ctx context.Context) error {
	for claim, err := range f.raw.RawUniqueKeys(ctx) {
		if err != nil {
			return err
		}
		if seen := f.subjects[claim.Subject]; seen == nil || claim.Version > seen.version {
			f.find("claims: %s holds a unique key at version %d, which it does not have", claim.Subject, claim.Version)
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
		if box := f.mailboxes[consumer.Agency]; box != nil {
			end = box.sequence
		}
		if consumer.Sequence > end {
			f.find("consumers: %s of %s is at %d, after the end %d", consumer.Name, consumer.Agency, consumer.Sequence, end)
		}
	}
	return nil
}
