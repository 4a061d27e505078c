package loop

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// leftOut is the field in which a message says what it does not hold.
const leftOut = protoreflect.Name("left_out")

// eachNote is more than one entry of left_out takes.
const eachNote = 64

// Fit leaves the oldest elements of a message's lists out, of the longest list first,
// until it has at most so many bytes, and notes in left_out how many. The lists are in the
// order of time, and are replaced and not changed. It returns the message; one without
// left_out says nothing of what is gone.
func Fit[M proto.Message](m M, most int, lists ...protoreflect.Name) M {
	if proto.Size(m) <= most {
		return m
	}
	for name, gone := range cut(m, most-eachNote*len(lists), false, lists) {
		note(m, name, gone)
	}
	return m
}

// Newest does so for lists whose newest elements come first, in a message that notes
// nothing.
func Newest[M proto.Message](m M, most int, lists ...protoreflect.Name) M {
	cut(m, most, true, lists)
	return m
}

// cut shortens the lists of a message, at their end or at their beginning, and tells how
// many elements of each are gone.
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

// part is a new list of some elements of a list.
func part(message protoreflect.Message, field protoreflect.FieldDescriptor, from, to int) protoreflect.Value {
	fresh, list := message.NewField(field), message.Get(field).List()
	for i := from; i < to; i++ {
		fresh.List().Append(list.Get(i))
	}
	return fresh
}

// note adds to what a message says is left out of a list.
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

// MissingIn is how many elements of its lists a message says are left out, by list.
func MissingIn(m proto.Message) map[protoreflect.Name]int {
	missing := map[protoreflect.Name]int{}
	if noted, ok := m.(interface{ GetLeftOut() []*commonv1.LeftOut }); ok {
		for _, one := range noted.GetLeftOut() {
			missing[protoreflect.Name(one.GetField())] = int(one.GetCount())
		}
	}
	return missing
}

// Refill puts into a message that a snapshot left out what an earlier one of the same
// subject holds of it, so that who knows the whole goes on knowing it. The message is
// changed, the known one is not.
func Refill(m, known proto.Message) {
	had := MissingIn(known)
	for name, missing := range MissingIn(m) {
		message, before := m.ProtoReflect(), known.ProtoReflect()
		field := message.Descriptor().Fields().ByName(name)
		if field == nil || !field.IsList() {
			continue
		}
		// The known list begins behind what was left out of it.
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
