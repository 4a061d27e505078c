package matter

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Audience says who a reader is for the disclosure rules, and on which ground it reads. Each
// service defines its own audiences.
type Audience string

// Disclosure is one rule that keeps a field from some audiences.
type Disclosure struct {
	// Key is the name of the rule that readers see in Withheld.
	Key string
	// Event is the name of the message, and Field the field that the rule clears. If Field is not a
	// field of the message, it is a field of the status that comes with this event and all later
	// ones, and Status leaves it out.
	Event, Field string
	// To lists the audiences from which the field is withheld.
	To []Audience
}

// Hide returns a rule. It lets a table of rules have one line for each.
func Hide(key, event, field string, to ...Audience) Disclosure {
	return Disclosure{Key: key, Event: event, Field: field, To: to}
}

// Withheld names a field that was withheld from a reader, and the rule.
type Withheld struct {
	// Field is the path within the case message, such as "event.outcome".
	Field string
	Rule  string
}

// Withhold clears the fields that the rules keep from an audience, in a clone of the event's
// message, and returns the list of them. The list depends on event type and audience, never on
// content.
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

// withoutNames clears the display names of parties at any depth. Requests of earlier versions could
// set them freely; Koppi never sets them.
func withoutNames(message protoreflect.Message) {
	if party, ok := message.Interface().(*commonv1.Party); ok {
		party.DisplayName = ""
		return
	}
	partyFields.Range(message, func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if !field.IsList() {
			withoutNames(value.Message())
			return true
		}
		for i := range value.List().Len() {
			withoutNames(value.List().Get(i).Message())
		}
		return true
	})
}

// AgencyAlone returns a party unchanged if it is of the agency own; else with the agency only.
func AgencyAlone(party *commonv1.Party, own string) *commonv1.Party {
	if party == nil || party.GetAgency() == own {
		return party
	}
	return &commonv1.Party{Agency: party.GetAgency()}
}

// UnitAlone returns a party without its worker; nil for nil.
func UnitAlone(party *commonv1.Party) *commonv1.Party {
	if party == nil {
		return nil
	}
	return &commonv1.Party{Agency: party.GetAgency(), Unit: party.GetUnit()}
}
