package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern/internal/rules"
)

// events are one of each, every field filled.
func events() []proto.Message {
	var all []proto.Message
	messages := concernv1.File_koppi_concern_v1_events_proto.Messages()
	for i := range messages.Len() {
		all = append(all, filled(messages.Get(i)))
	}
	return all
}

func filled(descriptor protoreflect.MessageDescriptor) proto.Message {
	kinds := map[protoreflect.FullName]proto.Message{}
	for _, m := range []proto.Message{
		&concernv1.ConcernSubmitted{}, &concernv1.ConcernJoined{}, &concernv1.ReportJoined{}, &concernv1.ConcernPromoted{},
		&concernv1.ConcernReceived{}, &concernv1.ConcernTriaged{}, &concernv1.ConcernTaken{}, &concernv1.ConcernReassigned{},
		&concernv1.ContactAttempted{}, &concernv1.InformationRequested{}, &concernv1.InformationProvided{}, &concernv1.AssessmentStarted{},
		&concernv1.AssessmentCompleted{}, &concernv1.ConcernForwarded{}, &concernv1.ForwardAnswered{}, &concernv1.ConcernClosed{},
		&concernv1.ConcernDeclined{}, &concernv1.ConcernWithdrawn{}, &concernv1.ConcernSettled{}, &concernv1.ConcernOverdue{},
	} {
		kinds[m.ProtoReflect().Descriptor().FullName()] = m
	}
	message := kinds[descriptor.FullName()].ProtoReflect()
	fields := descriptor.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		value := example(message, field)
		if field.IsList() {
			message.Mutable(field).List().Append(value)
		} else {
			message.Set(field, value)
		}
	}
	return message.Interface()
}

func example(message protoreflect.Message, field protoreflect.FieldDescriptor) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("x")
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(1)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	default:
		value := message.NewField(field)
		if field.IsList() {
			value = value.List().NewElement()
		}
		switch m := value.Message().Interface().(type) {
		case *commonv1.Party:
			m.Agency, m.Unit, m.Worker = "hva", "tyoikaiset", "ps-21"
		case *timestamppb.Timestamp:
			m.Seconds = 1_800_000_000
		}
		return value
	}
}

// What each reader is told of each event: a lawyer reads this file.
func TestDisclosureTable(t *testing.T) {
	due := time.Unix(1_800_000_000, 0)
	view := rules.Concern{
		State: concernv1.ConcernState_CONCERN_STATE_SUBMITTED, Due: due, Phase: commonv1.LoopPhase_LOOP_PHASE_SENT,
		Reporter: &commonv1.Party{Agency: "kela"}, Receiver: &commonv1.Party{Agency: "hva"}, Holder: &commonv1.Party{Agency: "hva"},
	}
	var table strings.Builder
	for _, event := range events() {
		fmt.Fprintf(&table, "%s\n", event.ProtoReflect().Descriptor().Name())
		for _, reader := range []struct {
			name string
			loop.Reader
		}{
			{"receiver", loop.Reader{Agency: "hva", Role: loop.RoleReceiver, Consent: true}},
			{"reporter, consent", loop.Reader{Agency: "kela", Role: loop.RoleSender, Consent: true}},
			{"reporter, no consent", loop.Reader{Agency: "kela", Role: loop.RoleSender}},
		} {
			fmt.Fprintf(&table, "  %-21s %s\n", reader.name, told(view, event, reader.Reader))
		}
	}
	golden(t, "disclosure.golden", table.String())
}

func told(view rules.Concern, event proto.Message, reader loop.Reader) string {
	by := &commonv1.Party{Agency: "hva", Unit: "tyoikaiset", Worker: "ps-21"}
	disclosed, withheld, ok := rules.Disclose(view, loop.Event{Message: event, By: by}, reader)
	if !ok {
		return "nothing"
	}
	var fields, left []string
	all := event.ProtoReflect().Descriptor().Fields()
	for i := range all.Len() {
		if disclosed.Message.ProtoReflect().Has(all.Get(i)) {
			fields = append(fields, string(all.Get(i).Name()))
		}
	}
	for _, one := range withheld {
		left = append(left, fmt.Sprintf("%s (%s)", one.Field, one.Rule))
	}
	text := "told from " + strings.Trim(disclosed.By.GetAgency()+"/"+disclosed.By.GetUnit()+"/"+disclosed.By.GetWorker(), "/")
	if len(fields) > 0 {
		text += ": " + strings.Join(fields, ", ")
	}
	if len(left) > 0 {
		text += "; withheld " + strings.Join(left, ", ")
	}
	return text
}

// A rule that names an event or field that is not there protects nothing.
func TestDisclosuresNameWhatExists(t *testing.T) {
	messages := concernv1.File_koppi_concern_v1_events_proto.Messages()
	for _, rule := range rules.Disclosures {
		message := messages.ByName(protoreflect.Name(rule.Event))
		if message == nil || !strings.HasPrefix(rule.Field, "status.") && message.Fields().ByName(protoreflect.Name(rule.Field)) == nil {
			t.Errorf("%s: there is no %s.%s", rule.Key, rule.Event, rule.Field)
		}
	}
	for name := range rules.Told {
		if messages.ByName(protoreflect.Name(name)) == nil {
			t.Errorf("there is no event %s", name)
		}
	}
}

// Evolve knows every event: each changes something of a concern that has it all
// still before it.
func TestEvolveKnowsEveryEvent(t *testing.T) {
	due := time.Unix(1_700_000_000, 0).UTC()
	base := rules.Concern{
		State: concernv1.ConcernState_CONCERN_STATE_TAKEN, Due: due, Receiver: &commonv1.Party{Agency: "a"}, OwnLead: "y", Lead: "z", Open: "x",
		Questions: []*concernv1.InformationRequest{{InformationRequestId: "x"}}, Forwards: []rules.Forward{{Subject: "concerns/x", Pending: true}},
	}
	before := fmt.Sprintf("%+v", base)
	for _, event := range events() {
		after := rules.Evolve(base, loop.Event{Message: event, At: due.Add(time.Hour), By: &commonv1.Party{Agency: "b"}})
		if fmt.Sprintf("%+v", after) == before {
			t.Errorf("%s changes nothing", event.ProtoReflect().Descriptor().Name())
		}
		if fmt.Sprintf("%+v", base) != before {
			t.Fatalf("%s changed the state that it was given", event.ProtoReflect().Descriptor().Name())
		}
	}
}
