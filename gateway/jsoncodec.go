package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"koppi.internal/pkg/idcode"
)

// strict is a JSON codec that refuses unknown fields and names the field that it refuses: a
// misspelt field must not be taken for an absent one.
type strict struct{ *connectproto.JSONCodec }

func strictJSON() strict {
	codec := connectproto.NewJSONCodec()
	codec.UnmarshalOptions.DiscardUnknown = false
	return strict{codec}
}

// UnmarshalRead reads a message from JSON. Only when decoding fails does it search for the field
// that does not fit; it then returns a misfitError that names the field.
func (s strict) UnmarshalRead(ctx context.Context, from io.Reader, to any) error {
	data, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	err = s.JSONCodec.UnmarshalRead(ctx, bytes.NewReader(data), to)
	message, ok := to.(proto.Message)
	if err == nil || !ok {
		return err
	}
	if wrong := misfit(message.ProtoReflect().Descriptor(), data, maxDepth); wrong != nil {
		wrong.cause = err
		return wrong
	}
	return err
}

// misfitError names a field of a request that its message does not have, or whose value does not
// fit. It holds no part of the value.
type misfitError struct {
	path, want string
	cause      error
}

func (m *misfitError) Error() string { return strings.TrimPrefix(m.path+": "+m.want, ": ") }

func (m *misfitError) Unwrap() error { return m.cause }

// within puts a path before the error's own: the path of the message in which the field was found.
func (m *misfitError) within(path string) *misfitError {
	if m != nil {
		m.path = strings.TrimSuffix(path+"."+m.path, ".")
	}
	return m
}

// maxDepth is the nesting depth to which misfit searches; no request of the contract is nested as
// deeply.
const maxDepth = 16

// fieldName matches names that a field can have. Any other key may be a user's text, and an error
// does not repeat it.
var fieldName = regexp.MustCompile(`^[A-Za-z_@][A-Za-z0-9_]{0,63}$`)

// misfit finds the first field of a JSON text that does not fit a message. It returns nil where the
// text as a whole is wrong.
func misfit(message protoreflect.MessageDescriptor, text json.RawMessage, depth int) *misfitError {
	var fields map[string]json.RawMessage
	if depth == 0 || json.Unmarshal(text, &fields) != nil {
		return nil
	}
	if message.FullName() == anyName {
		if message = packed(fields); message == nil {
			return &misfitError{path: "@type", want: "no message of the contract"}
		}
		delete(fields, "@type")
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		field := message.Fields().ByJSONName(key)
		if field == nil {
			field = message.Fields().ByTextName(key)
		}
		switch {
		case field != nil:
			if wrong := misfitIn(field, fields[key], depth); wrong != nil {
				return wrong
			}
		case !fieldName.MatchString(key) || idcode.In(key):
			return &misfitError{want: fmt.Sprintf("%s has no field of a name that is given here", message.FullName())}
		default:
			return &misfitError{path: key, want: fmt.Sprintf("%s has no such field", message.FullName())}
		}
	}
	return nil
}

const anyName = protoreflect.FullName("google.protobuf.Any")

// packed is the descriptor of the message that an Any declares in @type; nil if the message is
// unknown.
func packed(fields map[string]json.RawMessage) protoreflect.MessageDescriptor {
	var url string
	if json.Unmarshal(fields["@type"], &url) != nil {
		return nil
	}
	found, err := protoregistry.GlobalTypes.FindMessageByURL(url)
	if err != nil {
		return nil
	}
	return found.Descriptor()
}

// misfitIn checks one field of a message; it checks a list element by element.
func misfitIn(field protoreflect.FieldDescriptor, value json.RawMessage, depth int) *misfitError {
	name := string(field.Name())
	var elements []json.RawMessage
	if field.IsList() && json.Unmarshal(value, &elements) == nil {
		for i, element := range elements {
			if wrong := misfitOf(field, element, []byte("["+string(element)+"]"), depth); wrong != nil {
				return wrong.within(fmt.Sprintf("%s[%d]", name, i))
			}
		}
		return nil
	}
	return misfitOf(field, value, value, depth).within(name)
}

// misfitOf checks one value of a field. whole is the same value as JSON writes the field: for a
// repeated field, a list with this one element.
func misfitOf(field protoreflect.FieldDescriptor, value, whole json.RawMessage, depth int) *misfitError {
	message := field.Message()
	if message != nil && !field.IsMap() {
		if wrong := misfit(message, value, depth-1); wrong != nil && !isWellKnown(message) {
			return wrong
		}
	}
	holder := dynamicpb.NewMessage(field.ContainingMessage())
	if protojson.Unmarshal([]byte(fmt.Sprintf("{%q:%s}", field.JSONName(), whole)), holder) == nil {
		return nil
	}
	switch {
	case field.Enum() != nil:
		return &misfitError{want: fmt.Sprintf("no value of %s", field.Enum().FullName())}
	case message != nil && !field.IsMap():
		return &misfitError{want: fmt.Sprintf("no %s", message.FullName())}
	default:
		return &misfitError{want: fmt.Sprintf("no %s", field.Kind())}
	}
}

// isWellKnown reports whether a message is one that JSON writes in a form of its own, such as a
// timestamp.
func isWellKnown(message protoreflect.MessageDescriptor) bool {
	return message.FullName().Parent() == anyName.Parent() && message.FullName() != anyName
}
