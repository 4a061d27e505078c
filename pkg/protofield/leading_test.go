package protofield_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/protofield"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// The fields that lead to a party are found at any depth, asked once or twice, and others are left out.
func TestLeading(t *testing.T) {
	parties := &protofield.Leading{To: func(field protoreflect.FieldDescriptor) bool {
		return field.Message() != nil && field.Message().FullName() == "koppi.common.v1.Party"
	}}
	for range 2 {
		for message, want := range map[protoreflect.MessageDescriptor][]string{
			(&concernv1.ContactAttempted{}).ProtoReflect().Descriptor():     {"guided_to"},
			(&concernv1.SecondWorkerSet{}).ProtoReflect().Descriptor():      {"worker"},
			(&concernv1.AssessmentCompleted{}).ProtoReflect().Descriptor():  nil,
			(&caseworkv1.GetLoadResponse{}).ProtoReflect().Descriptor():     {"loads"},
			(&caseworkv1.GetCodesResponse{}).ProtoReflect().Descriptor():    nil,
			(&concernv1.TakeConcernResponse{}).ProtoReflect().Descriptor():  {"concern"},
			(&concernv1.SubmitConcernRequest{}).ProtoReflect().Descriptor(): {"receiver"},
		} {
			var got []string
			for _, field := range parties.In(message) {
				got = append(got, string(field.Name()))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", message.Name(), got, want)
			}
		}
	}
}
