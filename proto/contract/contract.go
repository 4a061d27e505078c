// Package contract says of the contract as a whole what a version of Koppi promises: its digest, and what of
// it is deprecated.
package contract

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "koppi.internal/proto/gen/koppi/attachment/v1" // each package brings its part of the contract
	_ "koppi.internal/proto/gen/koppi/casework/v1"
	_ "koppi.internal/proto/gen/koppi/common/v1"
	_ "koppi.internal/proto/gen/koppi/concern/v1"
	_ "koppi.internal/proto/gen/koppi/consent/v1"
	_ "koppi.internal/proto/gen/koppi/consultation/v1"
	_ "koppi.internal/proto/gen/koppi/dev/v1"
	_ "koppi.internal/proto/gen/koppi/exchange/v1"
	_ "koppi.internal/proto/gen/koppi/operator/v1"
	_ "koppi.internal/proto/gen/koppi/plan/v1"
	_ "koppi.internal/proto/gen/koppi/referral/v1"
)

// Files are the files of the contract, by path.
func Files() []protoreflect.FileDescriptor {
	var all []protoreflect.FileDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(file.Path(), "koppi/") {
			all = append(all, file)
		}
		return true
	})
	slices.SortFunc(all, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })
	return all
}

// Digest is the SHA-256 over all files of the contract, in hexadecimal. Comments do not count.
func Digest() string {
	sum := sha256.New()
	for _, file := range Files() {
		// It cannot fail: a registered descriptor is complete.
		text, _ := proto.MarshalOptions{Deterministic: true}.Marshal(protodesc.ToFileDescriptorProto(file))
		_, _ = sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Deprecated are the full names of what is deprecated, in order. A value is named after its list, such as
// koppi.common.v1.Urgency.URGENCY_URGENT.
func Deprecated() []string {
	var all []string
	for _, file := range Files() {
		all = slices.AppendSeq(all, DeprecatedIn(file))
	}
	slices.Sort(all)
	return all
}

// DeprecatedIn are the full names of what one file deprecates.
func DeprecatedIn(file protoreflect.FileDescriptor) iter.Seq[string] {
	return func(yield func(string) bool) {
		elements(file, func(element protoreflect.Descriptor) bool {
			return !IsDeprecated(element) || yield(NameOf(element))
		})
	}
}

// deprecatable are the options of every kind of element.
type deprecatable interface{ GetDeprecated() bool }

// IsDeprecated reports whether the contract marks an element so.
func IsDeprecated(element protoreflect.Descriptor) bool {
	options, is := element.Options().(deprecatable)
	return is && options.GetDeprecated()
}

// NameOf is the full name of an element. Protobuf takes a value for a sibling of its list; here it lies below.
func NameOf(element protoreflect.Descriptor) string {
	if value, is := element.(protoreflect.EnumValueDescriptor); is {
		return string(value.Parent().FullName().Append(value.Name()))
	}
	return string(element.FullName())
}

// elements calls do for the services, methods, messages, fields and values of a file, until it returns false.
func elements(file protoreflect.FileDescriptor, do func(protoreflect.Descriptor) bool) {
	for i := range file.Services().Len() {
		service := file.Services().Get(i)
		if !do(service) {
			return
		}
		for j := range service.Methods().Len() {
			if !do(service.Methods().Get(j)) {
				return
			}
		}
	}
	_ = inMessages(file.Messages(), do) && inEnums(file.Enums(), do)
}

func inMessages(messages protoreflect.MessageDescriptors, do func(protoreflect.Descriptor) bool) bool {
	for i := range messages.Len() {
		message := messages.Get(i)
		if !do(message) {
			return false
		}
		for j := range message.Fields().Len() {
			if !do(message.Fields().Get(j)) {
				return false
			}
		}
		if !inMessages(message.Messages(), do) || !inEnums(message.Enums(), do) {
			return false
		}
	}
	return true
}

func inEnums(enums protoreflect.EnumDescriptors, do func(protoreflect.Descriptor) bool) bool {
	for i := range enums.Len() {
		enum := enums.Get(i)
		if !do(enum) {
			return false
		}
		for j := range enum.Values().Len() {
			if !do(enum.Values().Get(j)) {
				return false
			}
		}
	}
	return true
}
