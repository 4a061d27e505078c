// Package protofield finds, in messages of any type, the fields that lead to what a caller looks for.
package protofield

import (
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Leading knows which fields lead to fields of one sort, at any depth. It remembers the answer for each message
// type, so that a message without such a field costs one look. It is safe for concurrent use.
type Leading struct {
	// To reports whether a field is of the sort. What stands below such a field is not looked at.
	To func(protoreflect.FieldDescriptor) bool

	// fields are those of each message type, by its descriptor.
	fields sync.Map
}

// Range calls do for each field of a message that has a value and is of the sort or leads to one, until do returns
// false.
func (l *Leading) Range(message protoreflect.Message, do func(protoreflect.FieldDescriptor, protoreflect.Value) bool) {
	for _, field := range l.In(message.Descriptor()) {
		if message.Has(field) && !do(field, message.Get(field)) {
			return
		}
	}
}

// In returns the fields of a message type that are of the sort or lead to one. Maps lead nowhere.
func (l *Leading) In(of protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	if known, is := l.fields.Load(of); is {
		return known.([]protoreflect.FieldDescriptor) //nolint:forcetypeassert // nothing else is stored
	}
	var fields []protoreflect.FieldDescriptor
	for i := range of.Fields().Len() {
		if field := of.Fields().Get(i); l.leads(field, map[protoreflect.FullName]bool{}) {
			fields = append(fields, field)
		}
	}
	l.fields.Store(of, fields)
	return fields
}

// leads reports whether a field is of the sort or leads to one. Seen are the message types on the way.
func (l *Leading) leads(field protoreflect.FieldDescriptor, seen map[protoreflect.FullName]bool) bool {
	of := field.Message()
	switch {
	case field.IsMap():
		return false
	case l.To(field):
		return true
	case of == nil, seen[of.FullName()]:
		return false
	}
	seen[of.FullName()] = true
	for i := range of.Fields().Len() {
		if l.leads(of.Fields().Get(i), seen) {
			return true
		}
	}
	return false
}
