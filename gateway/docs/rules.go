package docs

import (
	"fmt"
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	"koppi.internal/proto/texts"
)

// fieldRules are the validation rules of a field.
func fieldRules(field protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

// rulesOf says in words what a field must be.
func rulesOf(field protoreflect.FieldDescriptor) []string {
	rules := fieldRules(field)
	var all []string
	if rules.GetRequired() {
		all = append(all, "required")
	}
	if list := rules.GetRepeated(); list != nil {
		all = append(all, within("elements", list.HasMinItems(), list.GetMinItems(), list.HasMaxItems(), list.GetMaxItems())...)
		if list.GetUnique() {
			all = append(all, "each once")
		}
		rules = list.GetItems()
	}
	all = append(all, textRules(rules.GetString())...)
	all = append(all, otherRules(rules)...)
	if name := texts.CodeListOf(field); name != "" {
		all = append(all, fmt.Sprintf("a key of the list %q (GetCodes)", name))
	}
	if texts.ClassOf(field) == commonv1.TextClass_TEXT_CLASS_OUTPUT_ONLY {
		all = append(all, "set by Koppi only")
	}
	return all
}

func textRules(rules *validate.StringRules) []string {
	if rules == nil {
		return nil
	}
	all := within("characters", rules.HasMinLen(), rules.GetMinLen(), rules.HasMaxLen(), rules.GetMaxLen())
	if rules.GetUuid() {
		all = append(all, "a UUID")
	}
	if rules.GetPattern() != "" {
		all = append(all, "matches "+rules.GetPattern())
	}
	if len(rules.GetIn()) > 0 {
		all = append(all, "one of "+strings.Join(rules.GetIn(), ", "))
	}
	if provision, is := proto.GetExtension(rules, commonv1.E_Provision).(bool); is && provision {
		all = append(all, "a provision, such as 1301/2014 § 35.1")
	}
	return all
}

// otherRules are the rules of fields that are no text.
func otherRules(rules *validate.FieldRules) []string {
	var all []string
	if rules.GetEnum().GetDefinedOnly() {
		all = append(all, "a value of the list")
	}
	if slices.Contains(rules.GetEnum().GetNotIn(), 0) {
		all = append(all, "not UNSPECIFIED")
	}
	if bytes := rules.GetBytes(); bytes != nil {
		if bytes.HasLen() {
			all = append(all, fmt.Sprintf("%d bytes", bytes.GetLen()))
		}
		all = append(all, within("bytes", bytes.HasMinLen(), bytes.GetMinLen(), bytes.HasMaxLen(), bytes.GetMaxLen())...)
	}
	for name, number := range numberRules(rules) {
		if number != "" {
			all = append(all, name+" "+number)
		}
	}
	slices.Sort(all)
	return all
}

// numberRules are the bounds of a number or a duration.
func numberRules(rules *validate.FieldRules) map[string]string {
	bounds := map[string]string{}
	message := rules.ProtoReflect()
	message.Range(func(kind protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if kind.Message() == nil || kind.IsList() {
			return true
		}
		of := value.Message()
		of.Range(func(rule protoreflect.FieldDescriptor, bound protoreflect.Value) bool {
			if sign := signs[string(rule.Name())]; sign != "" {
				bounds[sign] = shownBound(rule, bound)
			}
			return true
		})
		return true
	})
	return bounds
}

// signs are the names of bounds, and how they are written.
var signs = map[string]string{"gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}

func shownBound(rule protoreflect.FieldDescriptor, bound protoreflect.Value) string {
	if rule.Message() == nil {
		return bound.String()
	}
	// A duration.
	seconds := bound.Message().Get(rule.Message().Fields().ByName("seconds")).Int()
	return fmt.Sprintf("%d s", seconds)
}

func within(what string, hasLeast bool, least uint64, hasMost bool, most uint64) []string {
	switch {
	case hasLeast && hasMost:
		return []string{fmt.Sprintf("%d to %d %s", least, most, what)}
	case hasLeast:
		return []string{fmt.Sprintf("at least %d %s", least, what)}
	case hasMost:
		return []string{fmt.Sprintf("at most %d %s", most, what)}
	}
	return nil
}
