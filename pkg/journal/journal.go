// Package journal is the kernel of Koppi: append-only histories of subjects,
// what each agency is shown of them, and a gapless, hash-chained mailbox for
// every agency. It knows nothing of concerns or referrals: a service decides,
// the journal keeps. Two stores implement it, each in its own SQL; the suite in
// journaltest holds both to every "must" written here.
package journal

import (
	"context"
	"time"
)

// Store keeps one service's journal. All methods must be safe for concurrent
// use. Times are kept to the microsecond, in UTC. Reads must see every append
// that returned before they began.
type Store interface {
	// Append makes a batch durable, whole or not at all, and returns the mailbox
	// heads that it moved. It must refuse with a *ConflictError, and change
	// nothing, when a subject is not at its expected version, or at the one that was
	// seen, or a claim is not as expected, or a derived subject is not at its version or not
	// stale any more. A cancelled context must not leave a batch half done: the append
	// may still come to pass, and its claims tell.
	Append(ctx context.Context, batch Batch) (Appended, error)

	// Settled returns once all that the store has shown so far outlives the loss of its
	// server, where a standby takes over. It fails where that is not known.
	Settled(ctx context.Context) error

	// Load returns the history of each subject, oldest event first, in the order
	// of the names. An unknown subject has no events. An event whose key was
	// destroyed must come with Erased set and no payload. Where one does not open with
	// its key it must fail with ErrUnreadable.
	Load(ctx context.Context, subjects ...string) ([][]Event, error)

	// Client returns the sealed identity that was recorded with a subject;
	// ErrNotFound where there is none or its key was destroyed.
	Client(ctx context.Context, subject string) ([]byte, error)

	// WorklistEntries reads the worklist: what agencies are shown, filtered, ordered by
	// due time (none comes last), then subject, in byte order.
	WorklistEntries(ctx context.Context, query Query) ([]WorklistEntry, error)

	// UniqueKeys returns those of the named claims that are held.
	UniqueKeys(ctx context.Context, keys ...string) (map[string]UniqueKey, error)

	// Deliveries reads a mailbox in sequence order. A delivery whose key was
	// destroyed must come as a tombstone: without record and nonce, its hashes whole.
	// One that does not open with its key must come so too, with Unreadable set: it holds
	// up none of those behind it.
	Deliveries(ctx context.Context, query DeliveryQuery) ([]Delivery, error)

	// Sequences returns the place in a mailbox of those of the named messages that are in
	// it, by the ids of their events. What was sealed is not opened.
	Sequences(ctx context.Context, agency string, ids ...string) (map[string]uint64, error)

	// Positions returns the last sequence and chain of the named mailboxes, or of all
	// when none is named. A mailbox that never had a message has no entry.
	Positions(ctx context.Context, agencies ...string) (map[string]Position, error)

	// Consumers returns the named readers of an agency's mailbox, or all when none
	// is named. One that never acknowledged nor was opened has no entry.
	Consumers(ctx context.Context, agency string, names ...string) (map[string]Consumer, error)

	// Advance moves a consumer's cursor forward and never back, or takes the
	// consumer over. It must refuse a takeover number older than the current one
	// with ErrTakenOver; 0 never takes over and is never too old.
	Advance(ctx context.Context, advance Advance) (Consumer, error)

	// Parked returns what is parked for an agency's consumers, or for all agencies
	// when none is named.
	Parked(ctx context.Context, agency string) ([]Parked, error)

	// Park changes what is parked. It must refuse a takeover number that is not the
	// consumer's with ErrTakenOver.
	Park(ctx context.Context, change Parking) error

	// Due returns up to limit subjects whose next check is at or before the time,
	// the earliest first.
	Due(ctx context.Context, at time.Time, limit int) ([]string, error)

	// Stale returns up to limit loops that have not ended and whose rows were not derived from
	// their present version by this program's rules: a version before wrote them. Those derived
	// from the earliest version come first, then by subject, in byte order. Append must leave
	// none behind of what it touches, or of what it derives.
	Stale(ctx context.Context, limit int) ([]Stream, error)

	// Erase destroys the subject's keys of the named classes (all when none is
	// named). What they sealed is gone; hashes and counts stay.
	Erase(ctx context.Context, subject string, classes ...Class) error

	// Close waits for what is being appended and releases the files.
	Close() error
}

// Class is a retention class: what is kept equally long shares a key per subject.
type Class string

const (
	// ClassDocument seals events: the matter's own record (10 years).
	ClassDocument Class = "document"
	// ClassCorrespondence seals deliveries: what was sent to others (3 years).
	ClassCorrespondence Class = "correspondence"
	// ClassConsent seals deliveries that are told on the client's consent: it is destroyed
	// when that is withdrawn (else as correspondence).
	ClassConsent Class = "consent"
	// ClassNotice seals the deliveries that say that something was entered in error:
	// they outlive what they are about (3 years).
	ClassNotice Class = "notice"
	// ClassIdentity seals who the client is (10 years, as the matter).
	ClassIdentity Class = "identity"
	// ClassWish seals events that say what a client consents to and prohibits (12 years from
	// the client's death, which Koppi does not learn: until it is erased).
	ClassWish Class = "wish"
)

// Batch is one append. Its parts stand or fall together.
type Batch struct {
	// Expected holds, for every subject that Events touches, the version that the
	// decision saw; 0 is a subject that must not exist yet.
	Expected map[string]uint64
	// Derived holds rows of open subjects, derived anew from the history at Version, without an
	// event. Client, Case and Service stay as they are. Such a batch holds their Standings and
	// nothing else.
	Derived []Stream
	// Seen holds versions of subjects that the decision went by and does not touch: they
	// must be so still.
	Seen map[string]uint64
	// Events in the order decided. Versions must follow Expected without a gap.
	Events []Event
	// Streams holds the row of every subject that Events touches, as it is after.
	Streams []Stream
	// WorklistEntries replace the rows of their (subject, agency).
	WorklistEntries []WorklistEntry
	// Deliveries in the order in which mailboxes get them.
	Deliveries []Delivery
	UniqueKeys []UniqueKeyChange
	// Clients holds, by subject, who the client is; written once, at its start.
	Clients map[string][]byte
	// Accesses are the records of who did this. A batch of accesses alone is how a
	// reading is recorded.
	Accesses []Access
	// Counters are what statistics count; one that was counted of its subject before is
	// left out.
	Counters []Counter
}

// Appended tells what an append did beyond what was asked.
type Appended struct {
	// Positions holds the new last sequence of each mailbox that got a message.
	Positions map[string]uint64
}

// Event is one recorded fact of a subject. Payload is what the key seals.
type Event struct {
	Subject string
	// Version counts the subject's events from 1.
	Version uint64
	// ID is a UUIDv7, the message id that every reader sees.
	ID string
	// Type is the full name of the payload's protobuf message.
	Type string
	// Client and Case are inner ids; they never leave Koppi as they are. Client is
	// empty where no person is identified.
	Client, Case string
	// By and Basis are serialized koppi.common.v1.Party and LegalBasis.
	By, Basis []byte
	At        time.Time
	// Trace is the W3C traceparent of the command; may be empty.
	Trace   string
	Payload []byte
	// Class whose key seals the payload; ClassDocument when empty. All of a subject's are of
	// one class.
	Class Class

	// Set by the store on reading.
	Hash, PrevHash []byte
	Erased         bool
}

// Stream is the true state of a subject.
type Stream struct {
	Subject, Service, Client, Case string
	// State is the number of the service's state enum.
	State   int32
	Version uint64
	// NextCheckAt is the earliest due time that has not been acted upon; zero when
	// nothing is due.
	NextCheckAt time.Time
	Ended       bool
}

// Role is what an agency is to a subject.
type Role string

const (
	RoleSender      Role = "sender"
	RoleReceiver    Role = "receiver"
	RoleParticipant Role = "participant"
	// RoleOfficer is an agency's in what one of its officers is to decide. Its rows name no
	// client and no case: no matter of a client's is found by them.
	RoleOfficer Role = "officer"
)

// RoleOf is an agency's role in what it sent, or in what it received.
func RoleOf(sent bool) Role {
	if sent {
		return RoleSender
	}
	return RoleReceiver
}

// WorklistEntry is what one agency is shown of one subject. It is the worklist.
type WorklistEntry struct {
	Subject, Agency string
	Role            Role
	// Unit and Worker of this agency that hold the subject; may be empty.
	Unit, Worker string
	// Client and Case are inner ids; the searches by client and case go by them.
	Client, Case string
	// State and Phase as shown to this agency.
	State, Phase int32
	// WaitingOn is the agency whose turn it is, as shown; empty when ended.
	WaitingOn string
	// DueAt as shown; zero when none is.
	DueAt   time.Time
	Overdue bool
	// Hidden keeps it out of worklists (a report that joined another).
	Hidden bool
	Ended  bool
	// WithdrawnAt is when the client withdrew the consent on which it rests; zero where
	// not.
	WithdrawnAt time.Time
	// Urgency as shown.
	Urgency int32
	// Touched says that a person at the receiver has handled it since it was sent.
	Touched bool
	// Version counts the messages that this agency's mailbox had of the subject.
	Version   uint64
	StartedAt time.Time
}

// Query selects standings. It names an agency, a subject or a client; other zero fields do
// not filter.
type Query struct {
	Agency       string
	Subject      string
	Role         Role
	Unit, Worker string
	Client, Case string
	States       []int32
	OverdueOnly  bool
	// WithHidden also returns hidden standings.
	WithHidden bool
	// HiddenOnly keeps hidden standings that have not ended: few, and found by an index.
	HiddenOnly bool
	// OpenOnly leaves out ended ones.
	OpenOnly bool
	// Unassigned keeps those that no worker holds, OwnTurn those that wait for the
	// agency, and ToDo those that it did not send or that wait for it.
	Unassigned, OwnTurn, ToDo bool
	// StartedAfter keeps those started at or after it, WithdrawnAfter those whose consent
	// was withdrawn at or after it.
	StartedAfter, WithdrawnAfter time.Time
	// After continues behind this position of the order; nil starts.
	After *WorklistCursor
	// Limit is the most rows returned; 0 returns all.
	Limit int
}

// WorklistCursor is a place in the order of standings.
type WorklistCursor struct {
	// DueAt is zero for those without a due time.
	DueAt   time.Time
	Subject string
}

// UniqueKey is a unique key and what holds it.
type UniqueKey struct {
	Key     string
	Subject string
	// Version of the subject that the claiming append reached.
	Version uint64
	// Digest tells one request body from another; keyed, so that it gives no
	// content away. May be empty.
	Digest []byte
}

// UniqueKeyChange sets, moves or releases a claim. From is the subject that must
// hold it ("" for nobody); Claim.Subject is who holds it afterwards ("" releases).
type UniqueKeyChange struct {
	UniqueKey
	From string
}

// Delivery is one message in an agency's mailbox.
type Delivery struct {
	Agency string
	// ID of the event that it tells of.
	ID             string
	Subject        string
	SubjectVersion uint64
	// Class seals it: ClassCorrespondence (also when empty), ClassConsent or ClassNotice. A notice
	// must outlive the erasure of what it is about.
	Class Class
	// Record is the serialized koppi.exchange.v1.CaseMessage. In a batch it lacks
	// the sequence, which the store gives and stamps on.
	Record []byte
	// Trace is the W3C traceparent of the command; may be empty. No hash is over it.
	Trace string

	// Set by the store: sequences start at 1 and have no gaps.
	Sequence uint64
	// Nonce is 32 random bytes; ContentHash = SHA-256(Nonce ‖ Record);
	// ChainHash = SHA-256(previous ChainHash ‖ ContentHash).
	Nonce, ContentHash, ChainHash []byte
	Tombstone, Unreadable         bool
	// Size is how many bytes are stored of it.
	Size int
}

// DeliveryQuery selects deliveries of one mailbox.
type DeliveryQuery struct {
	Agency string
	// After is the sequence behind which reading begins.
	After uint64
	// ID keeps only the delivery of that event, Subject those about it.
	ID, Subject string
	// Limit is the most rows returned; 0 returns all.
	Limit int
	// Bytes ends the reading with the delivery by which so many bytes are stored in those
	// returned; 0 does not.
	Bytes int
}

// IsFull tells whether so many were read that more may follow.
func (q DeliveryQuery) IsFull(read []Delivery) bool {
	size := 0
	for _, one := range read {
		size += one.Size
	}
	return len(read) > 0 && (len(read) == q.Limit || q.Bytes > 0 && size >= q.Bytes)
}

// Position is the end of a mailbox.
type Position struct {
	Sequence  uint64
	ChainHash []byte
}

// Consumer is one reader of a mailbox and how far it has acknowledged.
type Consumer struct {
	Sequence uint64
	Epoch    uint64
	At       time.Time
}

// Advance moves a consumer.
type Advance struct {
	Agency, Consumer string
	// Sequence acknowledged; one behind the present cursor leaves it there.
	Sequence uint64
	// Epoch as given when the consumer was opened; 0 for who only polls.
	Epoch uint64
	// TakeOver opens the consumer: its takeover number becomes Takeover, or grows by
	// one where that is 0. The present number again changes nothing, and a lower one
	// is refused.
	TakeOver bool
	At       time.Time
}

// Access is the record of one reading or writing of a client's data
// (906/2019 § 17, 703/2023 § 10).
type Access struct {
	At time.Time
	// By is a serialized koppi.common.v1.Party.
	By   []byte
	Role string
	// OnBehalfOf is the worker in whose name a system acted; may be empty.
	OnBehalfOf string
	// Subject and inner Client concerned; empty for a range of a mailbox.
	Subject, Client string
	// Method is the full RPC method name.
	Method string
	// Purpose or range read, in words that hold no personal data.
	Purpose string
	// Basis is a serialized koppi.common.v1.LegalBasis; may be empty.
	Basis []byte
	Trace string

	// Head is the hash of the history that a write left, set by the store; empty for a
	// reading.
	Head []byte
}
