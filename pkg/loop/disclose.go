package loop

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Audience is to whom, and on what ground, something is told. A service names its own.
type Audience string

// Disclosure is one rule of what an audience is not told.
type Disclosure struct {
	// Key names the rule to people, in Withheld.
	Key string
	// Event is the message's name; Field the field left out of it, or of the status
	// that comes with it and of every later one (then Status leaves it out).
	Event, Field string
	// To whom it is not told.
	To []Audience
}

// Hide is a rule in one line, so that a table of them reads as one.
func Hide(key, event, field string, to ...Audience) Disclosure {
	return Disclosure{Key: key, Event: event, Field: field, To: to}
}

// Withhold clears what the rules keep from an audience, in a clone of the event's
// message, and says so. Withheld depends on event type and audience, never on content.
func Withhold(rules []Disclosure, e Event, audience Audience) (Event, []Withheld) {
	message := proto.Clone(e.Message)
	fields := message.ProtoReflect().Descriptor().Fields()
	name := NameOf(message)
	var withheld []Withheld
	for _, rule := range rules {
		if rule.Event != name || !slices.Contains(rule.To, audience) {
			continue
		}
		path := rule.Field
		if field := fields.ByName(protoreflect.Name(rule.Field)); field != nil {
			message.ProtoReflect().Clear(field)
			path = "event." + rule.Field
		}
		withheld = append(withheld, Withheld{Field: path, Rule: rule.Key})
	}
	withoutNames(message.ProtoReflect())
	e.Message = message
	return e, withheld
}

// withoutNames clears what parties are called, at any depth: requests of before set it, as
// they liked, and Koppi never does.
func withoutNames(message protoreflect.Message) {
	if party, ok := message.Interface().(*commonv1.Party); ok {
		party.DisplayName = ""
		return
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() == nil || field.IsMap():
		case field.IsList():
			for i := range value.List().Len() {
				withoutNames(value.List().Get(i).Message())
			}
		default:
			withoutNames(value.Message())
		}
		return true
	})
}

// NameOf is an event's name, without its package.
func NameOf(message proto.Message) string { return string(message.ProtoReflect().Descriptor().Name()) }

// AgencyAlone strips another agency's party to the agency.
func AgencyAlone(party *commonv1.Party, own string) *commonv1.Party {
	if party == nil || party.GetAgency() == own {
		return party
	}
	return &commonv1.Party{Agency: party.GetAgency()}
}

// UnitAlone is a party without its worker.
func UnitAlone(party *commonv1.Party) *commonv1.Party {
	if party == nil {
		return nil
	}
	return &commonv1.Party{Agency: party.GetAgency(), Unit: party.GetUnit()}
}
