package codelist

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/protofield"
	"koppi.internal/proto/texts"
)

// Check refuses a request in which a field, at any depth, holds a key that is not in the list that its
// .proto names. An empty field is left to its own rule. The refusal names the fields but not what they hold.
func (c *Codes) Check(request proto.Message) error {
	wrong := wrongIn(c.Table(), request.ProtoReflect(), "")
	if len(wrong) == 0 {
		return nil
	}
	refusal := fault.New(fault.InvalidField, "%s is not in its list of codes", wrong[0].path)
	for _, one := range wrong {
		refusal = refusal.Field(one.path, fmt.Sprintf("a key of the list %s of GetCodes", one.list))
	}
	return refusal.Advise(fmt.Sprintf("choose a key of the list %s of GetCodes", wrong[0].list))
}

// keyed are the fields that hold keys of lists, and those that lead to them: most requests have none.
var keyed = protofield.Leading{To: func(field protoreflect.FieldDescriptor) bool { return texts.CodeListOf(field) != "" }}

// wrongKey is a field that holds a key which is not in its list.
type wrongKey struct{ path, list string }

func wrongIn(table *Table, message protoreflect.Message, at string) (wrong []wrongKey) {
	for _, field := range keyed.In(message.Descriptor()) {
		if !message.Has(field) {
			continue
		}
		path, value := strings.TrimPrefix(at+"."+string(field.Name()), "."), message.Get(field)
		if !field.IsList() {
			wrong = append(wrong, wrongValue(table, field, value, path)...)
			continue
		}
		for j := range value.List().Len() {
			wrong = append(wrong, wrongValue(table, field, value.List().Get(j), fmt.Sprintf("%s[%d]", path, j))...)
		}
	}
	return wrong
}

func wrongValue(table *Table, field protoreflect.FieldDescriptor, value protoreflect.Value, path string) []wrongKey {
	if field.Message() != nil {
		return wrongIn(table, value.Message(), path)
	}
	if list := texts.CodeListOf(field); !table.Has(list, value.String()) {
		return []wrongKey{{path, list}}
	}
	return nil
}
