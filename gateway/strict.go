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

// strict is JSON that names what it cannot take. It refuses fields that no message has: a
// misspelt field must not be taken for an absent one.
type strict struct{ *connectproto.JSONCodec }

func strictJSON() strict {
	codec := connectproto.NewJSONCodec()
	codec.UnmarshalOptions.DiscardUnknown = false
	return strict{codec}
}

// UnmarshalRead looks for the field only where a message was refused.
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

// misfitError is a field of a request that its message does not have, or whose value does
// not fit. It holds nothing of the value.
type misfitError struct {
	path, want string
	cause      error
}

func (m *misfitError) Error() string { return strings.TrimPrefix(m.path+": "+m.want, ": ") }

func (m *misfitError) Unwrap() error { return m.cause }

// within says where the message lies in which it was found.
func (m *misfitError) within(path string) *misfitError {
	if m != nil {
		m.path = strings.TrimSuffix(path+"."+m.path, ".")
	}
	return m
}

// maxDepth is how deep a misfit is looked for; no request of the contract is as deep.
const maxDepth = 16

// fieldName is what a field can be called: anything else may be what somebody wrote, and is
// not told.
var fieldName = regexp.MustCompile(`^[A-Za-z_@][A-Za-z0-9_]{0,63}$`)

// misfit finds the first field of a JSON text that does not fit a message; nil where the
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

// packed is the message that an Any says it holds; nil for none that is known.
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

// misfitIn looks into one field, element by element.
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

// misfitOf looks at one value of a field; whole is that as the field's own.
func misfitOf(field protoreflect.FieldDescriptor, value, whole json.RawMessage, depth int) *misfitError {
	inner := field.Message()
	if inner != nil && !field.IsMap() {
		if wrong := misfit(inner, value, depth-1); wrong != nil && !isWellKnown(inner) {
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
	case inner != nil && !field.IsMap():
		return &misfitError{want: fmt.Sprintf("no %s", inner.FullName())}
	default:
		return &misfitError{want: fmt.Sprintf("no %s", field.Kind())}
	}
}

// isWellKnown tells the messages that JSON writes in a form of their own.
func isWellKnown(message protoreflect.MessageDescriptor) bool {
	return message.FullName().Parent() == anyName.Parent() && message.FullName() != anyName
}
