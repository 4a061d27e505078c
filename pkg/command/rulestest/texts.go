package rulestest

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	"koppi.internal/proto/texts"
)

// Text is one text field of an event that is disclosed to a reader.
type Text struct {
	// Event's name, and the path of the field in it, such as "receiver.worker".
	Event, Path string
	Class       commonv1.TextClass
	// Reader's name.
	Reader string
}

// Texts returns all texts that a service's events disclose to its readers, by descriptor. It fills
// each event at every depth, discloses it to each reader and searches the result.
func (d Disclosed[S]) Texts() (found []Text) {
	for _, event := range d.Events {
		for _, reader := range d.Readers {
			whole := proto.Clone(event)
			fill(whole.ProtoReflect(), 0)
			if reader.Kind != nil {
				reader.Kind(whole)
			}
			view := d.before(event, reader)
			disclosed, _, ok := d.Rules.DiscloseTo(view, matter.Event{
				Message: whole, By: &commonv1.Party{Agency: "by"}, Basis: &commonv1.LegalBasis{Ground: reader.Ground},
			}, reader.Reader)
			if !ok {
				continue
			}
			eachText(disclosed.Message.ProtoReflect(), "", func(path string, field protoreflect.FieldDescriptor) {
				found = append(found, Text{Event: matter.NameOf(event), Path: path, Class: texts.ClassOf(field), Reader: reader.Name})
			})
		}
	}
	return found
}

// fill sets every text of a message that is not set, and every message that contains one.
func fill(message protoreflect.Message, depth int) {
	const deepest = 8
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.IsMap() || depth == deepest:
		case field.Message() != nil:
			if strings.HasPrefix(string(field.Message().FullName()), "google.") {
				continue
			}
			if field.IsList() {
				list := message.Mutable(field).List()
				if list.Len() == 0 {
					list.Append(list.NewElement())
				}
				fill(list.Get(0).Message(), depth+1)
				continue
			}
			fill(message.Mutable(field).Message(), depth+1)
		case message.Has(field) || !texts.IsText(field):
		case field.IsList():
			message.Mutable(field).List().Append(mark(field))
		default:
			message.Set(field, mark(field))
		}
	}
}

func mark(field protoreflect.FieldDescriptor) protoreflect.Value {
	if field.Kind() == protoreflect.BytesKind {
		return protoreflect.ValueOfBytes([]byte("x"))
	}
	return protoreflect.ValueOfString("x")
}

// eachText calls do with every text that is set in a message, each field once.
func eachText(message protoreflect.Message, at string, do func(string, protoreflect.FieldDescriptor)) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		path := strings.TrimPrefix(at+"."+string(field.Name()), ".")
		switch {
		case !message.Has(field):
		case texts.IsText(field):
			do(path, field)
		case field.Message() == nil || field.IsMap() || strings.HasPrefix(string(field.Message().FullName()), "google."):
		case field.IsList():
			eachText(message.Get(field).List().Get(0).Message(), path, do)
		default:
			eachText(message.Get(field).Message(), path, do)
		}
	}
}

// classes are the names of the text classes on the page, in the order in which a lawyer looks for
// them.
var classes = []struct {
	class commonv1.TextClass
	name  string
}{
	{commonv1.TextClass_TEXT_CLASS_FREE, "free text"},
	{commonv1.TextClass_TEXT_CLASS_IDENTIFICATION, "identification"},
	{commonv1.TextClass_TEXT_CLASS_IDENTITY_CODE, "identity code"},
	{commonv1.TextClass_TEXT_CLASS_PURPOSE, "purpose"},
	{commonv1.TextClass_TEXT_CLASS_OUTPUT_ONLY, "output only"},
	{commonv1.TextClass_TEXT_CLASS_FORM, "closed form"},
	{commonv1.TextClass_TEXT_CLASS_KEY, "key"},
	{commonv1.TextClass_TEXT_CLASS_UNSPECIFIED, "not classified"},
}

// TextSection returns the part of the page that lists the texts of a service's events and the
// readers that they reach, in Markdown: fields of the same event, class and set of readers share
// one row.
func (d Disclosed[S]) TextSection() string {
	type row struct {
		event, class string
		paths        []string
		readers      string
	}
	all := d.Texts()
	var page strings.Builder
	page.WriteString("\n\n| event | texts | class | readers |\n| --- | --- | --- | --- |\n")
	for _, event := range d.Events {
		for _, class := range classes {
			readers := map[string][]string{}
			var paths []string
			for _, text := range all {
				if text.Event != matter.NameOf(event) || text.Class != class.class {
					continue
				}
				if !slices.Contains(paths, text.Path) {
					paths = append(paths, text.Path)
				}
				readers[text.Path] = append(readers[text.Path], text.Reader)
			}
			var rows []row
			for _, path := range paths {
				whom := strings.Join(readers[path], "; ")
				at := slices.IndexFunc(rows, func(one row) bool { return one.readers == whom })
				if at < 0 {
					rows, at = append(rows, row{event: matter.NameOf(event), class: class.name, readers: whom}), len(rows)
				}
				rows[at].paths = append(rows[at].paths, path)
			}
			for _, one := range rows {
				fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", one.event, strings.Join(one.paths, ", "), one.class, one.readers)
			}
		}
	}
	return page.String()
}
