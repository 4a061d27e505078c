package matter

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/identity"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// CodeInText tells whether a request's texts hold something of an identity code's
// shape. The client is named by its own message alone, which is not text.
func CodeInText(r proto.Message) bool {
	found := false
	message := r.ProtoReflect()
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if isName(field) || field.Kind() == protoreflect.MessageKind && field.Message().FullName() == clientName {
			return true
		}
		found = found || valueHoldsCode(field, value)
		return !found
	})
	return found
}

// isName tells fields that name something in a form of their own: a UUID may look
// like an identity code.
func isName(field protoreflect.FieldDescriptor) bool {
	name := string(field.Name())
	return strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids") || name == "etag" || name == "resubmitted_as" || name == "led_to"
}

var clientName = (*commonv1.Client)(nil).ProtoReflect().Descriptor().FullName()

func valueHoldsCode(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
	switch {
	case field.IsMap():
		return false
	case field.Kind() == protoreflect.StringKind && !field.IsList():
		return identity.ContainsCode(value.String())
	case field.Kind() == protoreflect.MessageKind && !field.IsList():
		return CodeInText(value.Message().Interface())
	case field.Kind() == protoreflect.StringKind:
		for i := range value.List().Len() {
			if identity.ContainsCode(value.List().Get(i).String()) {
				return true
			}
		}
	}
	return false
}
