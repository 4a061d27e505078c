package loop

import (
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/fault"
)

// The bounds of a subject. All that a subject holds came by its events, so that a bound on
// the events' bytes bounds its state, its snapshot, its timeline and each case message
// about it.
const (
	// Full is how many bytes of one subject a party may have been told, its own steps
	// among them, before its further steps are refused: some 190 pages of text.
	Full = 384 << 10
	// Reserve is how much more the steps may add that finish what was begun (Rules.Finishes).
	Reserve = 192 << 10
	// FullCopies is how many bytes of snapshots a subject's events may hold.
	FullCopies = 8 << 20
	// MaxSnapshot is the most bytes of one snapshot, and MaxRecord of one case message: one
	// of each service, each with its record, fit into what a gRPC client takes by default.
	MaxSnapshot = 416 << 10
	MaxRecord   = 480 << 10
	// MaxAnswer is the most bytes of one subject in an answer, and of a page of anything.
	MaxAnswer = 2 << 20
	// eachEvent is what every event counts beside what it says: it bounds their number.
	eachEvent = 128
)

// Extent is how much of a subject a reader was told. It counts that alone, so that no
// bound tells the reader of what it may not know.
type Extent struct {
	// Bytes of events as told.
	Bytes int
	// Copied are the bytes of snapshots in events that the reader was told without them.
	Copied int
}

// Disclosed is the extent after one more event, given as it is and as the reader is told it.
// First says that the reader was told nothing before: a snapshot then is what it knows.
func (x Extent) Disclosed(event, told Event, first bool) Extent {
	x.Bytes += SizeOf(told)
	if !first {
		x.Bytes -= snapshotIn(told)
		x.Copied += snapshotIn(event)
	}
	return x
}

// Check refuses what would make a subject larger than it may be; room is what may be
// added beyond Full.
func (x Extent) Check(room int) error {
	switch {
	case x.Bytes > Full+room:
		return fault.New(fault.MatterFull, "this matter holds %d KiB with this step, which is more than one may", (x.Bytes+1023)>>10).
			With("limit_bytes", strconv.Itoa(Full+room))
	case x.Copied > FullCopies:
		return fault.New(fault.MatterFull, "this matter was passed on as a copy for %d MiB with this step, which is more than one may", (x.Copied+1<<20-1)>>20).
			With("limit_bytes", strconv.Itoa(FullCopies))
	default:
		return nil
	}
}

// SizeOf is how many bytes an event counts.
func SizeOf(e Event) int {
	return eachEvent + proto.Size(e.Message) + proto.Size(e.By) + proto.Size(e.Basis)
}

// snapshotIn is the size of the snapshot that an event holds; 0 where it holds none.
func snapshotIn(e Event) int {
	message := e.Message.ProtoReflect()
	field := message.Descriptor().Fields().ByName("snapshot")
	if field == nil || field.Kind() != protoreflect.MessageKind || !message.Has(field) {
		return 0
	}
	return proto.Size(message.Get(field).Message().Interface())
}
