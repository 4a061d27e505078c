package docs

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	whole "koppi.internal/proto/contract"
)

// commentsJSON are the comments of the contract: buf generate writes them from the .proto files.
//
//go:embed gen/comments.json
var commentsJSON []byte

// Services are the services of which partners read, and who answers them. All others answer the suite's own
// processes alone.
var Services = map[protoreflect.FullName]string{
	"koppi.attachment.v1.AttachmentService":     "",
	"koppi.casework.v1.CaseworkService":         "",
	"koppi.concern.v1.ConcernService":           "",
	"koppi.consent.v1.ConsentService":           "",
	"koppi.consultation.v1.ConsultationService": "",
	"koppi.dev.v1.DevService":                   "Trial installations only, for callers on the same machine.",
	"koppi.exchange.v1.CallbackService":         "Your system serves this, and Koppi calls it.",
	"koppi.exchange.v1.ExchangeService":         "",
	"koppi.exchange.v1.EndpointService":         "",
	"koppi.exchange.v1.ParkingService":          "",
	"koppi.operator.v1.OperatorService":         "For operators.",
	"koppi.plan.v1.PlanService":                 "",
	"koppi.referral.v1.ReferralService":         "",
}

// contract is what partners read of the contract, with its comments.
type contract struct {
	comments map[string]string
	services []protoreflect.ServiceDescriptor
	// messages and enums are those that a call or an event holds, by their full names.
	messages map[protoreflect.FullName]protoreflect.MessageDescriptor
	enums    map[protoreflect.FullName]protoreflect.EnumDescriptor
	// names maps the name of an element without its package to all that are called so.
	names map[string][]protoreflect.Descriptor
}

func newContract() (*contract, error) {
	c := &contract{
		messages: map[protoreflect.FullName]protoreflect.MessageDescriptor{}, enums: map[protoreflect.FullName]protoreflect.EnumDescriptor{},
		names: map[string][]protoreflect.Descriptor{},
	}
	if err := json.Unmarshal(commentsJSON, &c.comments); err != nil {
		return nil, err
	}
	for name := range Services {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
		if err != nil {
			return nil, err
		}
		service, _ := found.(protoreflect.ServiceDescriptor)
		c.services = append(c.services, service)
		for method := range methodsOf(service) {
			c.name(method)
			c.hold(method.Input())
			c.hold(method.Output())
		}
	}
	slices.SortFunc(c.services, func(a, b protoreflect.ServiceDescriptor) int {
		return strings.Compare(string(a.FullName()), string(b.FullName()))
	})
	for _, event := range events() {
		c.hold(event)
	}
	return c, nil
}

// events are the messages that a case message carries as its event: those of the services' files of events,
// and those that all services share.
func events() []protoreflect.MessageDescriptor {
	var all []protoreflect.MessageDescriptor
	for _, file := range whole.Files() {
		if strings.HasSuffix(file.Path(), "/events.proto") || slices.Contains(sharedEvents, file.Path()) {
			for i := range file.Messages().Len() {
				all = append(all, file.Messages().Get(i))
			}
		}
	}
	return all
}

// sharedEvents are files of events that all services record.
var sharedEvents = []string{
	"koppi/common/v1/appointment.proto", "koppi/common/v1/contact.proto", "koppi/common/v1/revocation.proto", "koppi/common/v1/withdrawal.proto",
}

func methodsOf(service protoreflect.ServiceDescriptor) func(func(protoreflect.MethodDescriptor) bool) {
	return func(yield func(protoreflect.MethodDescriptor) bool) {
		for i := range service.Methods().Len() {
			if !yield(service.Methods().Get(i)) {
				return
			}
		}
	}
}

func (c *contract) name(named protoreflect.Descriptor) {
	name := localName(named)
	if _, is := named.(protoreflect.MethodDescriptor); is {
		name = string(named.Name())
	}
	c.names[name] = append(c.names[name], named)
}

// hold takes a message of the contract up, with all that it holds.
func (c *contract) hold(message protoreflect.MessageDescriptor) {
	if !isOurs(message) || c.messages[message.FullName()] != nil {
		return
	}
	c.messages[message.FullName()] = message
	if !message.IsMapEntry() {
		c.name(message)
	}
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if field.Message() != nil {
			c.hold(field.Message())
		}
		if enum := field.Enum(); enum != nil && isOurs(enum) && c.enums[enum.FullName()] == nil {
			c.enums[enum.FullName()] = enum
			c.name(enum)
		}
	}
}

func isOurs(d protoreflect.Descriptor) bool { return strings.HasPrefix(string(d.FullName()), "koppi.") }

// packageOf is the package of an element.
func packageOf(d protoreflect.Descriptor) string { return string(d.ParentFile().Package()) }

// localName is the name of an element within its package, such as ExchangeRequest.Open.
func localName(d protoreflect.Descriptor) string {
	return strings.TrimPrefix(string(d.FullName()), packageOf(d)+".")
}

// commentOf is what the contract says of an element.
func (c *contract) commentOf(d protoreflect.Descriptor) string {
	if value, is := d.(protoreflect.EnumValueDescriptor); is {
		return c.comments[string(value.Parent().FullName().Append(value.Name()))]
	}
	return c.comments[string(d.FullName())]
}

// packages are the packages of which something is read, in order.
func (c *contract) packages() []string {
	var all []string
	for _, message := range c.messages {
		if name := packageOf(message); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// about is what the files of a package say of it.
func (c *contract) about(name string) []string {
	var all []string
	for _, file := range whole.Files() {
		if text := c.comments[file.Path()]; string(file.Package()) == name && text != "" {
			all = append(all, text)
		}
	}
	return all
}
