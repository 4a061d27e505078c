package journal

import "context"

// AccessLog reads the access log: who read or changed which data. The caller decides who may see
// it.
type AccessLog interface {
	// Accesses returns the accesses to a client's data, the latest recorded first. It leaves out
	// what the clock did.
	Accesses(ctx context.Context, query AccessQuery) ([]NumberedAccess, error)
}

// AccessQuery selects accesses. Client is required.
type AccessQuery struct {
	// Client is the client's internal id.
	Client string
	// Agency keeps only the accesses by this agency's own people and systems; empty keeps all.
	Agency string
	// From (inclusive) and To (exclusive) bound the time of the access, in microseconds since 1970;
	// 0 sets no bound.
	From, To int64
	// Before keeps only the accesses with a lower number; 0 keeps all. It continues a page.
	Before int64
	// ChangesOf keeps only the accesses that changed this subject; empty keeps all.
	ChangesOf string
	Limit     int
}

// NumberedAccess is an access and its place in the order of recording.
type NumberedAccess struct {
	Number int64
	Access
}
