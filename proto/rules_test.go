// Package proto_test holds the contract to the house's form.
package proto_test

import (
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// free are fields that need no rule of their own: every value of theirs has a
// meaning, or the content check has the reason for it, or their message has rules.
func free(field protoreflect.FieldDescriptor) bool {
	switch {
	case field.Kind() == protoreflect.BoolKind:
		return true
	case field.Kind() == protoreflect.MessageKind && !field.IsList():
		// Whether it must be there is for the content check; within, it has rules.
		return true
	case field.Name() == "takeover":
		return true
	}
	return false
}

func TestEveryRequestFieldHasItsRule(t *testing.T) {
	seen := map[protoreflect.FullName]bool{}
	for _, file := range []protoreflect.FileDescriptor{
		concernv1.File_koppi_concern_v1_concern_proto, referralv1.File_koppi_referral_v1_referral_proto,
		consultationv1.File_koppi_consultation_v1_consultation_proto, planv1.File_koppi_plan_v1_plan_proto,
		exchangev1.File_koppi_exchange_v1_exchange_proto, caseworkv1.File_koppi_casework_v1_casework_proto,
		caseworkv1.File_koppi_casework_v1_matter_proto,
		attachmentv1.File_koppi_attachment_v1_attachment_proto, devv1.File_koppi_dev_v1_dev_proto,
	} {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				// What Koppi sends to partners is not what it is sent.
				if methods.Get(j).Input().Name() != "DeliverRequest" {
					check(t, methods.Get(j).Input(), seen)
				}
			}
		}
	}
}

func check(t *testing.T, message protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) {
	t.Helper()
	if seen[message.FullName()] || !strings.HasPrefix(string(message.FullName()), "koppi.") {
		return
	}
	seen[message.FullName()] = true
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
		if rules == nil && !free(field) {
			t.Errorf("%s has no rule", field.FullName())
		}
		if enum := enumRules(rules, field); field.Kind() == protoreflect.EnumKind && !enum.GetDefinedOnly() {
			t.Errorf("%s admits values that do not exist", field.FullName())
		}
		if field.Kind() == protoreflect.MessageKind {
			check(t, field.Message(), seen)
		}
	}
}

func enumRules(rules *validate.FieldRules, field protoreflect.FieldDescriptor) *validate.EnumRules {
	if field.IsList() {
		return rules.GetRepeated().GetItems().GetEnum()
	}
	return rules.GetEnum()
}
