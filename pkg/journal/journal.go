// Package journal is the kernel of Koppi: append-only histories of subjects, what each agency is
// shown of them, and a gapless, hash-chained mailbox for every agency. It knows nothing of concerns
// or referrals: a service decides, and the journal stores the decision. Two stores implement it,
// each in its own SQL. The suite in journaltest holds both stores to every "must" written here.
package journal

import (
	"context"
	"time"
)

// Store keeps one service's journal. All methods must be safe for concurrent use. Times are kept to
// the microsecond, in UTC. Reads must see every append that returned before they began.
type Store interface {
	// Append makes a batch durable, whole or not at all, and returns the mailbox positions that it
	// moved. It must refuse with a *ConflictError, and change nothing, when a subject is not at its
	// expected version or at the version that was seen, when a unique key is not held as expected,
	// or when a derived subject is not at its version or is not stale any more. A cancelled context
	// must not leave a batch half done: the append may still be made, and its unique keys show
	// whether it was.
	Append(ctx context.Context, batch Batch) (Appended, error)

	// Settled returns once everything that the store has shown so far survives the loss of its
	// server, where a standby takes over. It fails where the store does not know this.
	Settled(ctx context.Context) error

	// Load returns the history of each subject, oldest event first, in the order of the arguments.
	// An unknown subject has no events. An event whose key was destroyed must come with Erased set
	// and no payload. Where an event does not open with its key, Load must fail with ErrUnreadable.
	Load(ctx context.Context, subjects ...string) ([][]Event, error)

	// Client returns the client's identity, which was recorded with a subject and sealed;
	// ErrNotFound where there is none or its key was destroyed.
	Client(ctx context.Context, subject string) ([]byte, error)

	// WorklistEntries returns the entries that a query selects, ordered by due time (entries
	// without one come last), then by subject, in byte order.
	WorklistEntries(ctx context.Context, query Query) ([]WorklistEntry, error)

	// UniqueKeys returns those of the named keys that a subject holds.
	UniqueKeys(ctx context.Context, keys ...string) (map[string]UniqueKey, error)

	// Deliveries reads a mailbox in sequence order. A delivery whose key was destroyed must come as
	// a tombstone: without record and nonce, with all its hashes. A delivery that does not open
	// with its key must come in the same form, with Unreadable set; it does not hold up the
	// deliveries after it.
	Deliveries(ctx context.Context, query DeliveryQuery) ([]Delivery, error)

	// Sequences returns the sequences of messages in a mailbox, by the ids of their events. It
	// leaves out ids that are not in the mailbox, and it opens nothing that was sealed.
	Sequences(ctx context.Context, agency string, ids ...string) (map[string]uint64, error)

	// Positions returns the last sequence and chain hash of the named mailboxes, or of all when
	// none is named. A mailbox without messages has no entry.
	Positions(ctx context.Context, agencies ...string) (map[string]Position, error)

	// Consumers returns the named readers of an agency's mailbox, or all when none is named. A
	// consumer that was never opened and never acknowledged has no entry.
	Consumers(ctx context.Context, agency string, names ...string) (map[string]Consumer, error)

	// Advance moves a consumer's cursor forward, and back only with Rewind, or takes the consumer over. It must
	// refuse an epoch older than the current one with ErrTakenOver. Epoch 0 never takes over and is
	// never too old.
	Advance(ctx context.Context, advance Advance) (Consumer, error)

	// Parked returns what is parked for an agency's consumers, or for those of all agencies when
	// none is named.
	Parked(ctx context.Context, agency string) ([]Parked, error)

	// Park changes what is parked. It must refuse an epoch that is not the consumer's with
	// ErrTakenOver.
	Park(ctx context.Context, change Parking) error

	// Due returns up to limit subjects whose next check is at or before the given time, the
	// earliest first.
	Due(ctx context.Context, at time.Time, limit int) ([]string, error)

	// Stale returns up to limit streams that have not ended and whose rows an earlier version of
	// the program wrote: they were not derived from the present version of the stream by this
	// program's rules. Streams derived from the earliest version come first, then by subject, in
	// byte order. Append must leave no stale row among the streams that it touches or derives.
	Stale(ctx context.Context, limit int) ([]Stream, error)

	// Completing completes the worklist entries that earlier versions wrote.
	Completing

	// Erase destroys the subject's keys of the named classes (all when none is named), with those of
	// their shares. The content that they sealed is lost for good; hashes and counts stay.
	Erase(ctx context.Context, subject string, classes ...Class) error

	// Close waits for the appends under way and releases the files or connections.
	Close() error
}

// Class is a retention class: content that is kept equally long shares one key per subject.
type Class string

const (
	// ClassDocument seals events: the matter's own record (10 years).
	ClassDocument Class = "document"
	// ClassCorrespondence seals deliveries: what was sent to others (3 years).
	ClassCorrespondence Class = "correspondence"
	// ClassConsent seals deliveries that are disclosed on the client's consent. Its key is
	// destroyed when the client withdraws the consent (else as correspondence, 3 years).
	ClassConsent Class = "consent"
	// ClassNotice seals deliveries that say that something was entered in error. They outlive the
	// content that they are about (3 years).
	ClassNotice Class = "notice"
	// ClassIdentity seals the client's identity (10 years, as the matter).
	ClassIdentity Class = "identity"
	// ClassDirective seals events of consent directives: what a client consents to and prohibits (12
	// years from the client's death; Koppi does not learn of a death, so the key stays until
	// somebody erases it).
	ClassDirective Class = "wish"
)

// Share names the key of one share of what a class seals: of what is disclosed to one reader on a
// consent of its own. It is destroyed by itself, or with the key of the class.
func (c Class) Share(name string) Class {
	if name == "" {
		return c
	}
	return c + ShareMark + Class(name)
}

// ShareMark separates a class and the name of a share of it. No class holds it. It is stored with the keys.
const ShareMark = ":"

// Batch is one append. All of its parts become durable together, or none does.
type Batch struct {
	// Expected holds, for every subject that Events touches, the version on which the decision was
	// made. Version 0 means a subject that must not exist yet.
	Expected map[string]uint64
	// Derived holds rows of open subjects, derived again from the history at Version, without a new
	// event. Client, Case and Service stay as they are. Such a batch holds their worklist entries
	// and nothing else.
	Derived []Stream
	// Seen holds the versions of subjects that the decision read and does not touch. They must
	// still be at these versions.
	Seen map[string]uint64
	// Events in the order decided. Versions must follow Expected without a gap.
	Events []Event
	// Streams holds the row of every subject that Events touches, as it is after the batch.
	Streams []Stream
	// WorklistEntries replace the stored entries of the same subject and agency.
	WorklistEntries []WorklistEntry
	// Deliveries in the order in which the mailboxes get them.
	Deliveries []Delivery
	UniqueKeys []UniqueKeyChange
	// Clients holds the client's identity by subject. It is written once, when the subject starts.
	Clients map[string][]byte
	// Accesses are the access log's records of who made this change. A batch of accesses alone
	// records a reading.
	Accesses []Access
	// Counters are what statistics count. The store leaves out a counter that was counted for its
	// subject before.
	Counters []Counter
}

// Appended says what an append did beyond the batch itself.
type Appended struct {
	// Positions holds the new last sequence of each mailbox that got a message.
	Positions map[string]uint64
}

// Event is one recorded fact of a subject. Its class's key seals Payload; the other fields are in
// the clear.
type Event struct {
	Subject string
	// Version counts the subject's events from 1.
	Version uint64
	// ID is a UUIDv7; every reader sees it as the message id.
	ID string
	// Type is the full name of the protobuf message in Payload.
	Type string
	// Client and Case are internal ids; they never leave Koppi as they are. Client is empty where
	// no person is identified.
	Client, Case string
	// By and Basis are serialized koppi.common.v1.Party and LegalBasis.
	By, Basis []byte
	At        time.Time
	// Trace is the W3C traceparent of the command; may be empty.
	Trace   string
	Payload []byte
	// Class names the key that seals the payload; empty means ClassDocument. All events of a
	// subject have the same class.
	Class Class

	// Hash and PrevHash are set by the store on reading.
	Hash, PrevHash []byte
	Erased         bool
}

// Stream is the row of a subject: its true state, not what one agency is shown of it.
type Stream struct {
	Subject, Service, Client, Case string
	// State is the number of the service's state enum.
	State   int32
	Version uint64
	// NextCheckAt is the earliest due time that the service has not acted upon; zero when nothing
	// is due.
	NextCheckAt time.Time
	Ended       bool
}

// UniqueKey is a name that one subject alone may hold, and the subject that holds it.
type UniqueKey struct {
	Key     string
	Subject string
	// Version is the version that the subject reached with the append that took the key.
	Version uint64
	// Digest distinguishes one request body from another. It is keyed, so that it does not reveal
	// the content. May be empty.
	Digest []byte
}

// UniqueKeyChange takes, moves or releases a unique key. From is the subject that must hold it
// before ("" for none). UniqueKey.Subject is the subject that holds it afterwards ("" releases it).
type UniqueKeyChange struct {
	UniqueKey
	From string
}

// Delivery is one message in an agency's mailbox.
type Delivery struct {
	Agency string
	// ID of the event that the message discloses.
	ID             string
	Subject        string
	SubjectVersion uint64
	// Class names the key that seals the delivery: ClassCorrespondence (also when empty),
	// ClassConsent or ClassNotice. A notice must outlive the erasure of the content that it is
	// about.
	Class Class
	// Share is the share of the class whose key seals the delivery; empty for the key of the class.
	Share string
	// Record is the serialized koppi.exchange.v1.CaseMessage. In a batch it has no sequence; the
	// store assigns the sequence and stamps it on the record.
	Record []byte
	// Trace is the W3C traceparent of the command; may be empty. No hash covers it.
	Trace string

	// Sequence is set by the store. Sequences start at 1 and have no gaps.
	Sequence uint64
	// Nonce is 32 random bytes; ContentHash = SHA-256(Nonce ‖ Record);
	// ChainHash = SHA-256(previous ChainHash ‖ ContentHash).
	Nonce, ContentHash, ChainHash []byte
	Tombstone, Unreadable         bool
	// Size is the stored size in bytes.
	Size int
}

// DeliveryQuery selects deliveries of one mailbox.
type DeliveryQuery struct {
	Agency string
	// After is the sequence after which reading starts.
	After uint64
	// ID keeps only the delivery of that event, Subject only the deliveries about that subject.
	ID, Subject string
	// Limit is the most rows returned; 0 returns all.
	Limit int
	// Bytes ends the page with the delivery at which the stored size of the page reaches this many
	// bytes; 0 sets no limit.
	Bytes int
}

// IsFull tells whether a page reached one of the query's limits, so that more deliveries may
// follow.
func (q DeliveryQuery) IsFull(read []Delivery) bool {
	size := 0
	for _, one := range read {
		size += one.Size
	}
	return len(read) > 0 && (len(read) == q.Limit || q.Bytes > 0 && size >= q.Bytes)
}

// Position is the end of a mailbox: its last sequence and chain hash.
type Position struct {
	Sequence  uint64
	ChainHash []byte
}

// Consumer is one reader of a mailbox, with the last sequence that it has acknowledged.
type Consumer struct {
	Sequence uint64
	Epoch    uint64
	At       time.Time
}

// Advance moves a consumer's cursor, or opens the consumer.
type Advance struct {
	Agency, Consumer string
	// Sequence is the acknowledged sequence. One that is lower than the present cursor leaves the
	// cursor as it is.
	Sequence uint64
	// Epoch is the one given when the consumer was opened; 0 for a reader that only polls.
	Epoch uint64
	// TakeOver opens the consumer: its epoch becomes Epoch, or grows by one where Epoch is 0. The
	// present epoch again changes nothing, and a lower one is refused.
	TakeOver bool
	// Rewind moves the cursor to Sequence also where that is lower. It needs TakeOver, so that the present
	// reader does not move the cursor forward again.
	Rewind bool
	At     time.Time
}

// Access is the access log's record of one reading or writing of a client's data (906/2019 § 17,
// 703/2023 § 10).
type Access struct {
	At time.Time
	// By is a serialized koppi.common.v1.Party.
	By   []byte
	Role string
	// OnBehalfOf is the worker in whose name a system acted; may be empty.
	OnBehalfOf string
	// Subject is the subject concerned and Client the client's internal id; both are empty for a
	// range of a mailbox.
	Subject, Client string
	// Method is the full RPC method name.
	Method string
	// Purpose, or the range read, in text without personal data.
	Purpose string
	// Basis is a serialized koppi.common.v1.LegalBasis; may be empty.
	Basis []byte
	Trace string

	// Head is the hash of the last event of the history after a write, set by the store; empty for
	// a reading.
	Head []byte
}
