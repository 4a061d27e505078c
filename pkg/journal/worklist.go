package journal

import (
	"context"
	"time"
)

// Role is an agency's role in a subject.
type Role string

const (
	RoleSender      Role = "sender"
	RoleReceiver    Role = "receiver"
	RoleParticipant Role = "participant"
	// RoleOfficer is the role of an agency one of whose officers decides. Its entries name no
	// client and no case, so that no search finds a client's matter by them.
	RoleOfficer Role = "officer"
)

// RoleOf returns the sender's role for a subject that the agency sent, else the receiver's.
func RoleOf(sent bool) Role {
	if sent {
		return RoleSender
	}
	return RoleReceiver
}

// WorklistEntry is what one agency is shown of one subject in its worklist.
type WorklistEntry struct {
	Subject, Agency string
	Role            Role
	// Unit and Worker of this agency that are responsible for the subject; may be empty.
	Unit, Worker string
	// Client and Case are internal ids; the searches by client and by case use them.
	Client, Case string
	// State and Phase as shown to this agency.
	State, Phase int32
	// WaitingOn is the agency whose turn it is, as shown; empty when the matter has ended.
	WaitingOn string
	// DueAt as shown; zero when there is none.
	DueAt   time.Time
	Overdue bool
	// Hidden keeps the entry out of worklists (a report that was joined to another).
	Hidden bool
	Ended  bool
	// WithdrawnAt is when the client withdrew the consent on which the matter rests; zero where the
	// client has not.
	WithdrawnAt time.Time
	// Urgency as shown.
	Urgency int32
	// Touched says that a person at the receiver has handled the matter since it was sent.
	Touched bool
	// Version counts the messages about the subject in this agency's mailbox.
	Version   uint64
	StartedAt time.Time
	// Number is the matter's; empty for RoleOfficer, and until Complete for what a version of the
	// program wrote that knew no numbers.
	Number string
	// Parts are the units and workers of the agency that have a part in the matter, each between spaces;
	// empty until Complete for what a version of the program wrote that knew none.
	Parts string
	// Second is a worker of this agency who works on the subject beside Worker; empty if there is none.
	Second string
	// Marks are bits that the service's rules define, by which lists are narrowed.
	Marks int32
	// OnCall is a unit of this agency that is on call for the subject beside Unit, since OnCallAt; empty if
	// there is none.
	OnCall   string
	OnCallAt time.Time
}

// Query selects worklist entries. It names an agency, a subject or a client; other zero fields do
// not filter.
type Query struct {
	Agency       string
	Subject      string
	Role         Role
	Unit, Worker string
	// Second is the second worker, OnCall the unit that is on call.
	Second, OnCall string
	Client, Case   string
	// Marks keeps entries that have all of these.
	Marks int32
	// Number of the matter.
	Number      string
	States      []int32
	OverdueOnly bool
	// WithHidden also returns hidden entries.
	WithHidden bool
	// HiddenOnly keeps hidden entries that have not ended. They are few, and an index finds them.
	HiddenOnly bool
	// OpenOnly leaves out entries that have ended.
	OpenOnly bool
	// Unassigned keeps entries without a worker, OwnTurn those in which it is the agency's turn,
	// and ToDo those that the agency did not send or in which it is its turn.
	Unassigned, OwnTurn, ToDo bool
	// StartedAfter keeps entries started at or after it, WithdrawnAfter those whose consent was
	// withdrawn at or after it.
	StartedAfter, WithdrawnAfter time.Time
	// Readable keeps entries that one person may read; nil keeps all.
	Readable *Readable
	// After continues after this place in the order; nil starts at the beginning.
	After *WorklistCursor
	// Limit is the most rows returned; 0 returns all.
	Limit int
}

// WorklistCursor is a place in the order of worklist entries.
type WorklistCursor struct {
	// DueAt is zero for entries without a due time.
	DueAt   time.Time
	Subject string
}

// Readable selects the entries that one person may read, by their parts: the texts " unit " and
// " @worker ". An entry without parts is not selected.
type Readable struct {
	// Parts of which an entry has one.
	Parts []string
	// None also selects entries that have none of these parts; nil selects no such entry.
	None []string
	// Clients, by internal id, of whose entries those with one of ClientParts are selected too.
	Clients, ClientParts []string
}

// Completing completes the worklist entries that versions of the program wrote which knew less.
type Completing interface {
	// Incomplete returns up to limit subjects with an entry that has no number, parts or marks, in byte
	// order. Entries of RoleOfficer have no number, and do not count.
	Incomplete(ctx context.Context, limit int) ([]string, error)
	// Complete gives the entries of subjects what they lack: where the completion has no parts of an
	// entry's agency, parts of nobody. It must change nothing that they have, and no entry of RoleOfficer.
	Complete(ctx context.Context, missing ...Completion) error
}

// Completion is what entries of a subject lack.
type Completion struct {
	Subject, Number string
	// Parts and Marks by agency; marks are 0 where there are none.
	Parts map[string]string
	Marks map[string]int32
}
