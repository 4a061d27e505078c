package gateway

import (
	"context"
	"slices"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/proto/contract"
)

// deprecatedHeader names what a call used of the contract that is deprecated.
const deprecatedHeader = "Koppi-Deprecated"

// deprecations knows what of one method is deprecated, by the option of its descriptor.
type deprecations struct {
	// method is its full name if it is deprecated itself.
	method string
	// request says that something in its request is: only then are requests searched.
	request bool
}

func deprecationsOf(method protoreflect.MethodDescriptor) *deprecations {
	d := &deprecations{request: reachesDeprecated(method.Input(), map[protoreflect.FullName]bool{})}
	if contract.IsDeprecated(method) || contract.IsDeprecated(method.Parent()) {
		d.method = contract.NameOf(method)
	}
	return d
}

// reachesDeprecated reports whether a message can hold something deprecated.
func reachesDeprecated(message protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if seen[message.FullName()] {
		return false
	}
	seen[message.FullName()] = true
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		switch {
		case contract.IsDeprecated(field):
			return true
		case field.Message() != nil && (contract.IsDeprecated(field.Message()) || reachesDeprecated(field.Message(), seen)):
			return true
		case field.Enum() != nil:
			for j := range field.Enum().Values().Len() {
				if contract.IsDeprecated(field.Enum().Values().Get(j)) {
					return true
				}
			}
		}
	}
	return false
}

// warn names in the header of the answer what a call uses that is deprecated. The request is nil for a stream,
// whose header is sent before its messages come.
func (d *deprecations) warn(ctx context.Context, request proto.Message) {
	var used []string
	if d.method != "" {
		used = append(used, d.method)
	}
	if d.request && request != nil {
		used = append(used, usedIn(request.ProtoReflect())...)
	}
	if info, ok := connect.CallInfoForServerContext(ctx); ok && len(used) > 0 {
		slices.Sort(used)
		info.ResponseHeader().Set(deprecatedHeader, strings.Join(slices.Compact(used), ", "))
	}
}

// usedIn are the names of what is deprecated and set in a message, at any depth.
func usedIn(message protoreflect.Message) []string {
	var used []string
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if contract.IsDeprecated(field) {
			used = append(used, contract.NameOf(field))
		}
		switch {
		case field.IsList():
			for i := range value.List().Len() {
				used = append(used, usedInValue(field, value.List().Get(i))...)
			}
		case field.IsMap():
			value.Map().Range(func(_ protoreflect.MapKey, value protoreflect.Value) bool {
				used = append(used, usedInValue(field.MapValue(), value)...)
				return true
			})
		default:
			used = append(used, usedInValue(field, value)...)
		}
		return true
	})
	return used
}

func usedInValue(field protoreflect.FieldDescriptor, value protoreflect.Value) []string {
	switch {
	case field.Message() != nil:
		used := usedIn(value.Message())
		if contract.IsDeprecated(field.Message()) {
			used = append(used, contract.NameOf(field.Message()))
		}
		return used
	case field.Enum() != nil:
		if known := field.Enum().Values().ByNumber(value.Enum()); known != nil && contract.IsDeprecated(known) {
			return []string{contract.NameOf(known)}
		}
	}
	return nil
}
