package journal

import "context"

// AccessLog reads back who read and changed what: to be shown to those who may know.
type AccessLog interface {
	// Accesses of a client, the latest recorded first. What the clock did is not among
	// them.
	Accesses(ctx context.Context, query AccessQuery) ([]NumberedAccess, error)
}

// AccessQuery selects accesses. Client is required.
type AccessQuery struct {
	// Client by inner id.
	Client string
	// Agency keeps what its own people and systems did; empty keeps all.
	Agency string
	// From and To bound their time, in microseconds since 1970: from, and before to; 0 does
	// not bound.
	From, To int64
	// Before is the number before which they are; 0 for all.
	Before int64
	// ChangesOf leaves those alone that changed this subject; empty leaves all.
	ChangesOf string
	Limit     int
}

// NumberedAccess is an access and its place in the order of recording.
type NumberedAccess struct {
	Number int64
	Access
}
