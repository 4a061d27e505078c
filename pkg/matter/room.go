package matter

import (
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/fault"
)

// The size limits of a matter. Everything that a matter holds came with its events. A limit on the
// bytes of the events therefore limits its state, its snapshot, its timeline and each case message
// about it.
const (
	// Full is how many bytes of one matter may have been disclosed to a party, its own steps
	// included, before its further steps are refused: some 190 pages of text.
	Full = 384 << 10
	// Reserve is how many bytes beyond Full are allowed for steps that end what was begun
	// (Rules.Finishes).
	Reserve = 192 << 10
	// FullCopies is how many bytes of snapshots the events of a matter may hold in total.
	FullCopies = 8 << 20
	// MaxSnapshot is the most bytes of one snapshot, and MaxRecord of one case message. One of each
	// service, each with its record, fits into the default size limit of a gRPC client.
	MaxSnapshot = 416 << 10
	MaxRecord   = 480 << 10
	// MaxAnswer is the most bytes of one matter in an answer, and of one page of any list.
	MaxAnswer = 2 << 20
	// eachEvent is the number of bytes that every event counts in addition to its content. It
	// limits the number of events.
	eachEvent = 128
)

// Extent is how much of a matter was disclosed to a reader. It counts nothing else, so that
// reaching a limit reveals nothing that the reader may not know.
type Extent struct {
	// Bytes is the size of the events as they were disclosed to the reader.
	Bytes int
	// Copied is the size of the snapshots in events that the reader got without the snapshot.
	Copied int
}

// Disclosed returns the extent after one more event, given as it is and as it is disclosed to the
// reader. First says that nothing was disclosed to the reader before: then a snapshot counts as
// content.
func (x Extent) Disclosed(event, disclosed Event, first bool) Extent {
	x.Bytes += SizeOf(disclosed)
	if !first {
		x.Bytes -= snapshotIn(disclosed)
		x.Copied += snapshotIn(event)
	}
	return x
}

// Check refuses with fault.MatterFull a step that would exceed a limit. Room is how many bytes the
// step may use beyond Full.
func (x Extent) Check(room int) error {
	switch {
	case x.Bytes > Full+room:
		return fault.New(fault.MatterFull, "with this step the matter would hold %d KiB, more than its limit", (x.Bytes+1023)>>10).
			With("limit_bytes", strconv.Itoa(Full+room))
	case x.Copied > FullCopies:
		return fault.New(fault.MatterFull, "with this step the copies of the matter would hold %d MiB, more than their limit", (x.Copied+1<<20-1)>>20).
			With("limit_bytes", strconv.Itoa(FullCopies))
	default:
		return nil
	}
}

// SizeOf returns how many bytes an event counts.
func SizeOf(e Event) int {
	return eachEvent + proto.Size(e.Message) + proto.Size(e.By) + proto.Size(e.Basis)
}

// snapshotIn returns the size of the snapshot that an event holds; 0 if it holds none.
func snapshotIn(e Event) int {
	message := e.Message.ProtoReflect()
	field := message.Descriptor().Fields().ByName("snapshot")
	if field == nil || field.Kind() != protoreflect.MessageKind || !message.Has(field) {
		return 0
	}
	return proto.Size(message.Get(field).Message().Interface())
}
