package matter

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// leftOut is the field in which a message says how many elements of its lists are left out.
const leftOut = protoreflect.Name("left_out")

// eachNote is the number of bytes reserved for one entry of left_out; no entry needs more.
const eachNote = 64

// Fit removes the oldest elements from the given lists of a message, always from the largest list,
// until the message has at most most bytes, and notes in left_out how many were removed. The lists
// must be in the order of time; each is replaced by a new list, not changed. Fit returns the
// message. If the message has no field left_out, nothing is noted.
func Fit[M proto.Message](m M, most int, lists ...protoreflect.Name) M {
	if proto.Size(m) <= most {
		return m
	}
	for name, gone := range cut(m, most-eachNote*len(lists), false, lists) {
		note(m, name, gone)
	}
	return m
}

// Newest does the same as Fit for lists whose newest elements come first, and notes nothing.
func Newest[M proto.Message](m M, most int, lists ...protoreflect.Name) M {
	cut(m, most, true, lists)
	return m
}

// cut shortens the lists of a message at the end or at the beginning. It returns how many elements
// it removed from each list.
func cut(m proto.Message, most int, atEnd bool, lists []protoreflect.Name) map[protoreflect.Name]int {
	message, total := m.ProtoReflect(), proto.Size(m)
	sizes, weights, gone := map[protoreflect.Name][]int{}, map[protoreflect.Name]int{}, map[protoreflect.Name]int{}
	for _, name := range lists {
		field := message.Descriptor().Fields().ByName(name)
		list := message.Get(field).List()
		for i := range list.Len() {
			size := proto.Size(list.Get(i).Message().Interface())
			size += protowire.SizeTag(field.Number()) + protowire.SizeVarint(uint64(size)) //nolint:gosec // a size
			sizes[name], weights[name] = append(sizes[name], size), weights[name]+size
		}
	}
	for total > most {
		heaviest := protoreflect.Name("")
		for _, name := range lists {
			if weights[name] > weights[heaviest] {
				heaviest = name
			}
		}
		if heaviest == "" {
			break
		}
		at := gone[heaviest]
		if atEnd {
			at = len(sizes[heaviest]) - 1 - at
		}
		total, weights[heaviest] = total-sizes[heaviest][at], weights[heaviest]-sizes[heaviest][at]
		gone[heaviest]++
	}
	for name, count := range gone {
		from, to := count, len(sizes[name])
		if atEnd {
			from, to = 0, to-count
		}
		field := message.Descriptor().Fields().ByName(name)
		message.Set(field, part(message, field, from, to))
	}
	return gone
}

// part returns a new list with the elements from from up to, but not including, to.
func part(message protoreflect.Message, field protoreflect.FieldDescriptor, from, to int) protoreflect.Value {
	fresh, list := message.NewField(field), message.Get(field).List()
	for i := from; i < to; i++ {
		fresh.List().Append(list.Get(i))
	}
	return fresh
}

// note adds count to the number that a message gives in left_out for a list.
func note(m proto.Message, name protoreflect.Name, count int) {
	missing := MissingIn(m)
	missing[name] += count
	message := m.ProtoReflect()
	field := message.Descriptor().Fields().ByName(leftOut)
	if field == nil {
		return
	}
	fresh := message.NewField(field)
	for i := range message.Descriptor().Fields().Len() {
		list := message.Descriptor().Fields().Get(i).Name()
		if missing[list] > 0 {
			one := &commonv1.LeftOut{Field: string(list), Count: uint32(missing[list])} //nolint:gosec // a count
			fresh.List().Append(protoreflect.ValueOfMessage(one.ProtoReflect()))
		}
	}
	message.Set(field, fresh)
}

// MissingIn returns how many elements of each list are left out of a message, as its left_out says.
func MissingIn(m proto.Message) map[protoreflect.Name]int {
	missing := map[protoreflect.Name]int{}
	if noted, ok := m.(interface{ GetLeftOut() []*commonv1.LeftOut }); ok {
		for _, one := range noted.GetLeftOut() {
			missing[protoreflect.Name(one.GetField())] = int(one.GetCount())
		}
	}
	return missing
}

// Refill adds to a message the elements that a snapshot left out and that an earlier message of the
// same matter holds. A reader that knows the whole matter thus keeps what it knows. The message m
// is changed, known is not.
func Refill(m, known proto.Message) {
	had := MissingIn(known)
	for name, missing := range MissingIn(m) {
		message, before := m.ProtoReflect(), known.ProtoReflect()
		field := message.Descriptor().Fields().ByName(name)
		if field == nil || !field.IsList() {
			continue
		}
		// The list in known also lacks its oldest elements: had of them.
		kept := max(0, min(missing-had[name], before.Get(field).List().Len()))
		whole := part(before, field, 0, kept)
		list := message.Get(field).List()
		for i := range list.Len() {
			whole.List().Append(list.Get(i))
		}
		message.Set(field, whole)
		note(m, name, -kept)
	}
}
