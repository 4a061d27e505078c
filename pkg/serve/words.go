package serve

import (
	"fmt"
	"regexp"
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

// wrong says what is wrong with a field.
type wrong byte

const (
	nothing wrong = iota
	unsound
	outputOnly
	holdsCode
)

// checkWords makes the checks of a request that the rules of single fields do not express, at any depth:
// times exist, texts are printable, fields that only Koppi may set are empty, and no text contains a personal
// identity code except the field made for it. It runs before anything of the request is stored, logged or
// traced. The refusal names the field but not its content.
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

// wordsIn returns the first problem in a message and the path of the field.
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
			// The caller chose the map key, so the path does not repeat it.
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
		// Bytes are attachments, digests, and messages that are checked where they are parsed.
		return nothing, ""
	case strings.ContainsFunc(value.String(), control):
		return unsound, ""
	case kind != coded && idcode.In(value.String()) && (kind == plain || idcode.In(uuids.ReplaceAllString(value.String(), "x"))):
		return holdsCode, ""
	}
	return nothing, ""
}

// control reports whether a character is one that no person types: all control characters but line breaks and
// tabs.
func control(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
}

// textKind says how a text field is checked.
type textKind byte

const (
	notText textKind = iota
	// plain may not contain an identity code.
	plain
	// closed is a key or a closed form. It may not contain one either, but a UUID in it, such as that of a
	// matter in its subject, may spell one by chance: about 1 in 74,000 does.
	closed
	// coded holds an identity code.
	coded
	// ours may be set only by Koppi.
	ours
)

// uuids finds the UUIDs in a key.
var uuids = regexp.MustCompile(`(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`)

// kinds caches the kind of each text field by its descriptor.
var kinds sync.Map

func kindOf(field protoreflect.FieldDescriptor) textKind {
	if found, ok := kinds.Load(field); ok {
		kind, _ := found.(textKind)
		return kind
	}
	kind := notText
	switch class := texts.ClassOf(field); {
	case class == commonv1.TextClass_TEXT_CLASS_OUTPUT_ONLY:
		kind = ours
	case !texts.IsText(field):
	case class == commonv1.TextClass_TEXT_CLASS_IDENTITY_CODE:
		kind = coded
	case class == commonv1.TextClass_TEXT_CLASS_KEY || class == commonv1.TextClass_TEXT_CLASS_FORM:
		kind = closed
	default:
		kind = plain
	}
	kinds.Store(field, kind)
	return kind
}
