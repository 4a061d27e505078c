package serve

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	"koppi.internal/proto/texts"
)

// wrong is what is wrong with a field.
type wrong byte

const (
	nothing wrong = iota
	unsound
	outputOnly
	holdsCode
)

// checkWords holds every field of a request, at any depth, to what no rule of a field
// says: times exist, texts are printable, what Koppi alone sets is not set, and no text
// but the one made for it holds a personal identity code. It comes before anything of the
// request is stored, logged or traced; the refusal names the field and not its content.
func checkWords(message proto.Message) error {
	switch found, path := wordsIn(message.ProtoReflect()); found {
	case unsound:
		return fault.New(fault.InvalidField, "the request is not well formed").Field(path, "no valid time, or a control character in a text")
	case outputOnly:
		return fault.New(fault.InvalidField, "Koppi alone sets this").Field(path, "output only: leave it empty")
	case holdsCode:
		return fault.New(fault.ContentNotAllowed, "a text holds what looks like an identity code; the client is named by client.personal_identity_code alone").
			Field(path, "without the identity code")
	default:
		return nil
	}
}

// wordsIn is what is wrong first in a message, and the path of the field.
func wordsIn(message protoreflect.Message) (found wrong, path string) {
	switch known := message.Interface().(type) {
	case *timestamppb.Timestamp:
		if known.CheckValid() != nil {
			return unsound, ""
		}
	case *durationpb.Duration:
		if known.CheckValid() != nil {
			return unsound, ""
		}
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if found, path = wordsInField(field, value); found != nothing {
			path = strings.TrimSuffix(string(field.Name())+path, ".")
		}
		return found == nothing
	})
	return found, path
}

func wordsInField(field protoreflect.FieldDescriptor, value protoreflect.Value) (found wrong, path string) {
	switch {
	case field.IsMap():
		value.Map().Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
			// The key is the caller's: the path does not repeat it.
			if found, path = wordsInOne(field.MapKey(), key.Value()); found == nothing {
				found, path = wordsInOne(field.MapValue(), value)
			}
			return found == nothing
		})
	case field.IsList():
		for i := 0; i < value.List().Len() && found == nothing; i++ {
			if found, path = wordsInOne(field, value.List().Get(i)); found != nothing {
				path = fmt.Sprintf("[%d]%s", i, path)
			}
		}
	default:
		found, path = wordsInOne(field, value)
	}
	return found, path
}

func wordsInOne(field protoreflect.FieldDescriptor, value protoreflect.Value) (found wrong, path string) {
	if field.Message() != nil {
		found, path = wordsIn(value.Message())
		return found, "." + path
	}
	kind := kindOf(field)
	switch {
	case kind == ours:
		return outputOnly, ""
	case kind == notText || field.Kind() == protoreflect.BytesKind:
		// Bytes are papers, digests, and messages that are looked at where they are opened.
		return nothing, ""
	case strings.ContainsFunc(value.String(), control):
		return unsound, ""
	case kind == plain && idcode.In(value.String()):
		return holdsCode, ""
	}
	return nothing, ""
}

// control tells characters that no person types: all but line breaks and tabs.
func control(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
}

// textKind is how a field is looked at.
type textKind byte

const (
	notText textKind = iota
	// plain may hold no identity code.
	plain
	// coded is for an identity code, or of a form that has none: of a UUID.
	coded
	// ours is what Koppi alone sets.
	ours
)

// kinds are those of fields, by full name: found once.
var kinds sync.Map

func kindOf(field protoreflect.FieldDescriptor) textKind {
	if found, ok := kinds.Load(field.FullName()); ok {
		kind, _ := found.(textKind)
		return kind
	}
	kind := notText
	switch class := texts.ClassOf(field); {
	case class == commonv1.TextClass_TEXT_CLASS_OUTPUT_ONLY:
		kind = ours
	case !texts.IsText(field):
	case class == commonv1.TextClass_TEXT_CLASS_IDENTITY_CODE || texts.IsUUID(field):
		kind = coded
	default:
		kind = plain
	}
	kinds.Store(field.FullName(), kind)
	return kind
}
