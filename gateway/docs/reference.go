package docs

import (
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	whole "koppi.internal/proto/contract"
)

// packagePage is what the page of a package shows.
type packagePage struct {
	Name     string
	About    []template.HTML
	Services []serviceView
	Messages []messageView
	Enums    []enumView
}

type serviceView struct {
	ID, Name, Audience string
	About              template.HTML
	Methods            []methodView
}

type methodView struct {
	ID, Name, Address, Stream string
	About                     template.HTML
	Deprecated                bool
	Request                   []fieldView
	RequestName               string
	Response                  typeView
}

type messageView struct {
	ID, Name   string
	About      template.HTML
	Deprecated bool
	Fields     []fieldView
}

type fieldView struct {
	Name, JSON string
	Type       typeView
	Oneof      string
	Rules      []string
	About      template.HTML
	Deprecated bool
}

type enumView struct {
	ID, Name string
	About    template.HTML
	Values   []fieldView
}

// typeView names a type, with the address of its description if it has one.
type typeView struct{ Text, Address string }

// address is where an element is described.
func address(d protoreflect.Descriptor) string {
	return fmt.Sprintf("%s/reference/%s#%s", Path, packageOf(d), localName(d))
}

// indexView is a package in the list of all.
type indexView struct {
	Name, Address string
	Services      []serviceView
}

// referenceIndex lists all calls.
func (s *site) referenceIndex() (template.HTML, error) {
	var all []indexView
	for _, name := range s.contract.packages() {
		view := indexView{Name: name, Address: Path + "/reference/" + name}
		for _, service := range s.contract.services {
			if packageOf(service) == name {
				view.Services = append(view.Services, s.contract.service(service))
			}
		}
		all = append(all, view)
	}
	return s.rendered("reference.html", all)
}

// referencePages makes one page for each package.
func (s *site) referencePages() error {
	for _, name := range s.contract.packages() {
		view := s.contract.page(name)
		content, err := s.rendered("package.html", view)
		if err != nil {
			return err
		}
		made := &page{Name: "reference/" + name, Title: name}
		if err := s.add(made, content); err != nil {
			return err
		}
	}
	return nil
}

func (c *contract) page(name string) packagePage {
	view := packagePage{Name: name}
	for _, text := range c.about(name) {
		view.About = append(view.About, c.prose(text, nil))
	}
	for _, service := range c.services {
		if packageOf(service) == name {
			view.Services = append(view.Services, c.service(service))
		}
	}
	for _, message := range c.messages {
		if packageOf(message) == name && !message.IsMapEntry() {
			view.Messages = append(view.Messages, c.message(message))
		}
	}
	for _, enum := range c.enums {
		if packageOf(enum) == name {
			view.Enums = append(view.Enums, c.enum(enum))
		}
	}
	slices.SortFunc(view.Messages, func(a, b messageView) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(view.Enums, func(a, b enumView) int { return strings.Compare(a.Name, b.Name) })
	return view
}

func (c *contract) service(service protoreflect.ServiceDescriptor) serviceView {
	view := serviceView{
		ID: string(service.Name()), Name: string(service.Name()), Audience: Services[service.FullName()], About: c.prose(c.commentOf(service), service),
	}
	for method := range methodsOf(service) {
		view.Methods = append(view.Methods, c.method(method))
	}
	return view
}

func (c *contract) method(method protoreflect.MethodDescriptor) methodView {
	stream := ""
	switch {
	case method.IsStreamingClient() && method.IsStreamingServer():
		stream = "stream in both directions"
	case method.IsStreamingClient():
		stream = "stream of requests"
	case method.IsStreamingServer():
		stream = "stream of responses"
	}
	return methodView{
		ID: localName(method), Name: string(method.Name()), Address: fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name()), Stream: stream,
		About: c.prose(c.commentOf(method), method), Deprecated: whole.IsDeprecated(method), RequestName: string(method.Input().Name()),
		Request: c.fields(method.Input()), Response: c.typeOf(method.Output()),
	}
}

func (c *contract) message(message protoreflect.MessageDescriptor) messageView {
	return messageView{
		ID: localName(message), Name: localName(message), About: c.prose(c.commentOf(message), message), Deprecated: whole.IsDeprecated(message), Fields: c.fields(message),
	}
}

func (c *contract) fields(message protoreflect.MessageDescriptor) []fieldView {
	var all []fieldView
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		view := fieldView{
			Name: string(field.Name()), JSON: field.JSONName(), Type: c.fieldType(field), Rules: rulesOf(field),
			About: c.prose(c.commentOf(field), message), Deprecated: whole.IsDeprecated(field),
		}
		if oneof := field.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
			view.Oneof = string(oneof.Name())
		}
		all = append(all, view)
	}
	return all
}

func (c *contract) enum(enum protoreflect.EnumDescriptor) enumView {
	view := enumView{ID: localName(enum), Name: localName(enum), About: c.prose(c.commentOf(enum), enum)}
	for i := range enum.Values().Len() {
		value := enum.Values().Get(i)
		view.Values = append(view.Values, fieldView{Name: string(value.Name()), About: c.prose(c.commentOf(value), enum), Deprecated: whole.IsDeprecated(value)})
	}
	return view
}

// fieldType names the type of a field as its .proto does.
func (c *contract) fieldType(field protoreflect.FieldDescriptor) typeView {
	if field.IsMap() {
		value := c.kindType(field.MapValue())
		return typeView{Text: fmt.Sprintf("map of %s to %s", field.MapKey().Kind(), value.Text), Address: value.Address}
	}
	one := c.kindType(field)
	if field.IsList() {
		one.Text = "list of " + one.Text
	}
	return one
}

func (c *contract) kindType(field protoreflect.FieldDescriptor) typeView {
	switch {
	case field.Message() != nil:
		return c.typeOf(field.Message())
	case field.Enum() != nil:
		return c.typeOf(field.Enum())
	}
	return typeView{Text: field.Kind().String()}
}

func (c *contract) typeOf(d protoreflect.Descriptor) typeView {
	if isOurs(d) {
		return typeView{Text: localName(d), Address: address(d)}
	}
	return typeView{Text: string(d.FullName())}
}

// named finds words that may be the names of elements: at least two humps, so that no ordinary word is taken
// for one.
var named = regexp.MustCompile("`[^`]*`|\\b[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+(?:\\.[A-Z]\\w+)*\\b")

// prose renders a comment. The names of calls and messages in it lead to their descriptions, each once. within
// is the element that the comment is about.
func (c *contract) prose(comment string, within protoreflect.Descriptor) template.HTML {
	done := map[string]bool{}
	if within != nil {
		done[localName(within)], done[string(within.Name())] = true, true
	}
	linked := named.ReplaceAllStringFunc(comment, func(word string) string {
		found := c.lookUp(word, within)
		if found == nil || done[word] {
			return word
		}
		done[word] = true
		return fmt.Sprintf("[%s](%s)", word, address(found))
	})
	content, _, err := markdown([]byte(linked))
	if err != nil {
		return template.HTML(template.HTMLEscapeString(comment)) //nolint:gosec // escaped
	}
	return content
}

// lookUp finds the element that a comment names: that of its own package, or the only one.
func (c *contract) lookUp(word string, within protoreflect.Descriptor) protoreflect.Descriptor {
	candidates := c.names[word]
	for _, one := range candidates {
		if within != nil && packageOf(one) == packageOf(within) {
			return one
		}
	}
	if len(candidates) == 1 {
		return candidates[0]
	}
	return nil
}
