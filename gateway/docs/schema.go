package docs

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/reflect/protoreflect"

	whole "koppi.internal/proto/contract"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	"koppi.internal/proto/texts"
)

// wellKnown are the messages that protobuf's JSON writes in a form of its own.
var wellKnown = map[protoreflect.FullName]object{
	"google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
	"google.protobuf.Duration":  {"type": "string", "pattern": `^-?[0-9]+(\.[0-9]+)?s$`, "examples": []string{"3600s"}},
	"google.protobuf.Any": {
		"type": "object", "required": []string{"@type"}, "additionalProperties": true,
		"properties": object{"@type": object{"type": "string", "description": "type.googleapis.com/ and the name of the message, whose fields stand beside it."}},
	},
}

// schemas are the schemas of all messages and lists of values.
func (c *contract) schemas() object {
	all := object{}
	for name, message := range c.messages {
		if !message.IsMapEntry() {
			all[string(name)] = c.messageSchema(message)
		}
		for i := range message.Fields().Len() {
			c.foreign(all, message.Fields().Get(i).Message())
		}
	}
	for name, enum := range c.enums {
		var values []string
		told := c.commentOf(enum)
		for i := range enum.Values().Len() {
			value := enum.Values().Get(i)
			values = append(values, string(value.Name()))
			if about := c.commentOf(value); about != "" {
				told = join(told, fmt.Sprintf("%s: %s", value.Name(), about))
			}
		}
		all[string(name)] = described(object{"type": "string", "enum": values}, told)
	}
	return all
}

// foreign adds the schema of a message that is none of ours, with all that it holds.
func (c *contract) foreign(all object, message protoreflect.MessageDescriptor) {
	if message == nil || isOurs(message) || message.IsMapEntry() || all[string(message.FullName())] != nil {
		return
	}
	if schema, is := wellKnown[message.FullName()]; is {
		all[string(message.FullName())] = schema
		return
	}
	all[string(message.FullName())] = c.messageSchema(message)
	for i := range message.Fields().Len() {
		c.foreign(all, message.Fields().Get(i).Message())
	}
}

func (c *contract) messageSchema(message protoreflect.MessageDescriptor) object {
	properties, required := object{}, []string{}
	told := c.commentOf(message)
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		properties[field.JSONName()] = c.fieldSchema(field)
		if mustBeSet(field) {
			required = append(required, field.JSONName())
		}
	}
	for i := range message.Oneofs().Len() {
		if oneof := message.Oneofs().Get(i); !oneof.IsSynthetic() {
			told = join(told, "At most one of "+strings.Join(jsonNames(oneof.Fields()), ", ")+".")
		}
	}
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	if whole.IsDeprecated(message) {
		schema["deprecated"] = true
	}
	return described(schema, told)
}

func jsonNames(fields protoreflect.FieldDescriptors) []string {
	var all []string
	for i := range fields.Len() {
		all = append(all, fields.Get(i).JSONName())
	}
	return all
}

func described(schema object, text string) object {
	if text != "" {
		schema["description"] = text
	}
	return schema
}

func (c *contract) fieldSchema(field protoreflect.FieldDescriptor) object {
	rules := fieldRules(field)
	var schema object
	switch {
	case field.IsMap():
		schema = object{"type": "object", "additionalProperties": valueSchema(field.MapValue(), nil)}
	case field.IsList():
		schema = object{"type": "array", "items": valueSchema(field, rules.GetRepeated().GetItems())}
		list := rules.GetRepeated()
		setIf(schema, "minItems", list.HasMinItems(), list.GetMinItems())
		setIf(schema, "maxItems", list.HasMaxItems(), list.GetMaxItems())
		setIf(schema, "uniqueItems", list.GetUnique(), true)
	default:
		schema = valueSchema(field, rules)
	}
	if whole.IsDeprecated(field) {
		schema["deprecated"] = true
	}
	setIf(schema, "readOnly", texts.ClassOf(field) == commonv1.TextClass_TEXT_CLASS_OUTPUT_ONLY, true)
	return described(schema, c.commentOf(field))
}

func setIf(schema object, key string, is bool, value any) {
	if is {
		schema[key] = value
	}
}

// valueSchema is the schema of one value of a field: protobuf's JSON writes whole numbers of 64 bits as
// strings, and bytes in base64.
func valueSchema(field protoreflect.FieldDescriptor, rules *validate.FieldRules) object {
	if field.Message() != nil {
		return ref(field.Message())
	}
	if field.Enum() != nil {
		return ref(field.Enum())
	}
	switch field.Kind() {
	case protoreflect.StringKind:
		return textSchema(rules.GetString())
	case protoreflect.BytesKind:
		return object{"type": "string", "contentEncoding": "base64"}
	case protoreflect.BoolKind:
		return object{"type": "boolean"}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return object{"type": "number"}
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return object{"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return object{"type": "string", "format": "uint64", "pattern": "^[0-9]+$"}
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return bounded(object{"type": "integer", "minimum": 0, "maximum": uint32(math.MaxUint32)}, rules)
	default:
		return bounded(object{"type": "integer", "format": "int32"}, rules)
	}
}

func textSchema(rules *validate.StringRules) object {
	schema := object{"type": "string"}
	setIf(schema, "minLength", rules.HasMinLen(), rules.GetMinLen())
	setIf(schema, "maxLength", rules.HasMaxLen(), rules.GetMaxLen())
	setIf(schema, "format", rules.GetUuid(), "uuid")
	setIf(schema, "pattern", rules.GetPattern() != "", rules.GetPattern())
	setIf(schema, "enum", len(rules.GetIn()) > 0, rules.GetIn())
	return schema
}

// bounded adds the bounds of a whole number.
func bounded(schema object, rules *validate.FieldRules) object {
	names := map[string]string{">": "exclusiveMinimum", "≥": "minimum", "<": "exclusiveMaximum", "≤": "maximum"}
	for sign, bound := range numberRules(rules) {
		if number, err := strconv.ParseInt(bound, 10, 64); err == nil {
			schema[names[sign]] = number
		}
	}
	return schema
}

// mustBeSet reports whether the rules of a field refuse its zero value.
func mustBeSet(field protoreflect.FieldDescriptor) bool {
	rules := fieldRules(field)
	if rules.GetIgnore() != validate.Ignore_IGNORE_UNSPECIFIED || field.ContainingOneof() != nil {
		return false
	}
	if rules.GetRequired() || rules.GetRepeated().GetMinItems() > 0 || slices.Contains(rules.GetEnum().GetNotIn(), 0) {
		return true
	}
	text := rules.GetString()
	if field.IsList() || text == nil {
		return false
	}
	pattern := text.GetPattern()
	return text.GetUuid() || text.GetMinLen() > 0 || len(text.GetIn()) > 0 && !slices.Contains(text.GetIn(), "") ||
		pattern != "" && !regexp.MustCompile(pattern).MatchString("")
}
