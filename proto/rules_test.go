// Package proto_test holds the contract to the house's form.
package proto_test

import (
	"path/filepath"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "koppi.internal/proto/gen/koppi/attachment/v1" // each package brings its part of the contract
	_ "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	_ "koppi.internal/proto/gen/koppi/concern/v1"
	_ "koppi.internal/proto/gen/koppi/consent/v1"
	_ "koppi.internal/proto/gen/koppi/consultation/v1"
	_ "koppi.internal/proto/gen/koppi/dev/v1"
	_ "koppi.internal/proto/gen/koppi/exchange/v1"
	_ "koppi.internal/proto/gen/koppi/operator/v1"
	_ "koppi.internal/proto/gen/koppi/plan/v1"
	_ "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/proto/texts"
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

// files are all of the contract.
func files() (all []protoreflect.FileDescriptor) {
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(file.Package()), "koppi.") {
			all = append(all, file)
		}
		return true
	})
	return all
}

// Each package of the contract is in the tests of this one.
func TestAllPackagesAreHere(t *testing.T) {
	folders, err := filepath.Glob("koppi/*/v1")
	if err != nil || len(folders) == 0 {
		t.Fatal(folders, err)
	}
	seen := map[string]bool{}
	for _, file := range files() {
		seen[filepath.Dir(file.Path())] = true
	}
	for _, folder := range folders {
		if !seen[folder] {
			t.Errorf("%s is not imported by this test", folder)
		}
	}
}

// Of each field of text in the contract, in whatever message, its .proto says what it may
// hold: what nobody classified could carry anything to anybody.
func TestEveryTextIsClassified(t *testing.T) {
	count := 0
	for _, file := range files() {
		eachMessage(file.Messages(), func(message protoreflect.MessageDescriptor) {
			for i := range message.Fields().Len() {
				field := message.Fields().Get(i)
				if !texts.IsText(field) {
					continue
				}
				count++
				if texts.ClassOf(field) == commonv1.TextClass_TEXT_CLASS_UNSPECIFIED {
					t.Errorf("%s: say by (koppi.common.v1.text), or by its rule, what it may hold", field.FullName())
				}
			}
		})
	}
	if count < 400 {
		t.Errorf("only %d fields were looked at", count)
	}
}

// eachMessage is called with messages, nested ones too, but entries of maps.
func eachMessage(messages protoreflect.MessageDescriptors, do func(protoreflect.MessageDescriptor)) {
	for i := range messages.Len() {
		if message := messages.Get(i); !message.IsMapEntry() {
			do(message)
			eachMessage(message.Messages(), do)
		}
	}
}

func TestEveryRequestFieldHasItsRule(t *testing.T) {
	seen := map[protoreflect.FullName]bool{}
	for _, file := range files() {
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

// A field of a request that holds keys of a list of codes says which list: a server could not check it
// otherwise. Its rule admits the form of keys alone.
func TestPaperKindsAreOfTheirList(t *testing.T) {
	of := map[string]string{}
	for _, file := range files() {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				codesIn(t, methods.Get(j).Input(), of)
			}
		}
	}
	if len(of) < 3 {
		t.Errorf("only %v were looked at", of)
	}
}

func codesIn(t *testing.T, message protoreflect.MessageDescriptor, of map[string]string) {
	t.Helper()
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		list, name := texts.CodeListOf(field), string(field.FullName())
		if kinds := field.Name() == "papers" || field.Name() == "paper_kind"; kinds && list != "papers" || !kinds && list == "papers" {
			t.Errorf("%s is of the list %q", name, list)
		}
		if list == "" {
			continue
		}
		of[name] = list
		if texts.ClassOf(field) != commonv1.TextClass_TEXT_CLASS_KEY || field.Kind() != protoreflect.StringKind || field.IsMap() {
			t.Errorf("%s is no key, and cannot be one of a list", name)
		}
	}
}
