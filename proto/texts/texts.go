// Package texts says of each field of text in the contract what it may hold, as its .proto
// says it: by the option koppi.common.v1.text, or by a rule that leaves it no choice.
package texts

import (
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// IsText tells whether a field holds text or bytes, as itself, in a list or in a map.
func IsText(field protoreflect.FieldDescriptor) bool {
	if field.IsMap() {
		return kindIsText(field.MapKey().Kind()) || kindIsText(field.MapValue().Kind())
	}
	return kindIsText(field.Kind())
}

func kindIsText(kind protoreflect.Kind) bool {
	return kind == protoreflect.StringKind || kind == protoreflect.BytesKind
}

// ClassOf is what a field of text may hold; UNSPECIFIED where its .proto does not say. A
// field whose rule is a pattern, a UUID or a list of values is of a closed form; one that
// is named as an id, etag, page token or cursor is a key.
func ClassOf(field protoreflect.FieldDescriptor) commonv1.TextClass {
	if class, ok := proto.GetExtension(field.Options(), commonv1.E_Text).(commonv1.TextClass); ok && class != commonv1.TextClass_TEXT_CLASS_UNSPECIFIED {
		return class
	}
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	text := rules.GetString()
	if field.IsList() {
		text = rules.GetRepeated().GetItems().GetString()
	}
	if text.GetUuid() || text.GetPattern() != "" || len(text.GetIn()) > 0 {
		return commonv1.TextClass_TEXT_CLASS_FORM
	}
	if rules.GetBytes().HasLen() || isKey(string(field.Name())) {
		return commonv1.TextClass_TEXT_CLASS_KEY
	}
	return commonv1.TextClass_TEXT_CLASS_UNSPECIFIED
}

// IsOpened tells a field that holds what Koppi gave out, sealed or computed, and is compared
// or opened: an etag, a page token, a cursor.
func IsOpened(field protoreflect.FieldDescriptor) bool {
	name := string(field.Name())
	return slices.Contains([]string{"etag", "page_token", "cursor"}, name)
}

func isKey(name string) bool {
	return name == "id" || name == "etag" || name == "cursor" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids") || strings.HasSuffix(name, "_token")
}

// CodeListOf is the name of the list of codes of which a field of a request holds a key, or keys; empty for
// a field of no list.
func CodeListOf(field protoreflect.FieldDescriptor) string {
	name, _ := proto.GetExtension(field.Options(), commonv1.E_CodeList).(string)
	return name
}
