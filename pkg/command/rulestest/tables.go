package rulestest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Golden compares a text with the golden file that records it.
func Golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path) //nolint:gosec // the test's own folder
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from the recorded file; review the difference and run with -update if it is intended:\n%s", path, got)
	}
}

// Life is one sequence of steps that leads to a state of a matter.
type Life struct {
	// Name of the state.
	Name string
	// Steps that lead to the state, as "role step, role step", with the roles of the table; a step
	// may be any that Requests knows.
	Steps string
}

// Actor is an actor that tries every step.
type Actor struct {
	Role string
	matter.Actor
	// Aside marks an actor that takes part in lives only and does not try the steps.
	Aside bool
}

// LifeTable tries every step by every actor in every state and compares the result (the state, the
// events and whose turn it then is, or the refusal) with a golden file. A step must be offered
// exactly if it is not refused.
func LifeTable[S matter.State, F any](
	t *testing.T, begin func(*testing.T, Life) (w *Fixture[S, F], subject string), lives []Life, actors []Actor, steps []string, show func(S) string,
) {
	roles := map[string]matter.Actor{}
	for _, actor := range actors {
		roles[actor.Role] = actor.Actor
	}
	var table strings.Builder
	for _, life := range lives {
		fmt.Fprintf(&table, "%s\n", life.Name)
		for _, actor := range actors {
			if actor.Aside {
				continue
			}
			for _, step := range steps {
				w, subject := begin(t, life)
				live(t, w, subject, life.Steps, roles)
				view, related := w.View(actor.Agency, subject), w.Histories[subject].Related(actor.Agency)
				offered := related && slices.Contains(w.service.Allowed(view, actor.Actor), step)
				before := len(w.Events)
				err := w.Try(actor.Actor, subject, w.RequestBy(actor.Actor, subject, step, People["tyo"]))
				result := string(fault.ReasonOf(err))
				if err == nil {
					result = "→ " + show(w.Histories[subject].State) + " by " + names(w.Events[before:]) + "; " + turn(w.Rules.Status(w.Histories[subject].State, matter.Reader{Role: matter.RoleReceiver, Consent: true}))
				}
				if offered != (err == nil) {
					t.Errorf("%s: %s is offered %s: %v, but taking it gives %v", life.Name, actor.Role, step, offered, err)
				}
				if related || step == steps[0] {
					fmt.Fprintf(&table, "  %-10s %-24s %s\n", actor.Role, step, result)
				}
			}
		}
	}
	Golden(t, "testdata/life.golden", table.String())
}

func names(events []matter.Event) string {
	var all []string
	for _, event := range events {
		all = append(all, matter.NameOf(event.Message))
	}
	return strings.Join(all, ", ")
}

func live[S matter.State, F any](t *testing.T, w *Fixture[S, F], subject, steps string, roles map[string]matter.Actor) {
	t.Helper()
	for line := range strings.SplitSeq(steps, ", ") {
		if role, step, ok := strings.Cut(line, " "); ok {
			w.Take(t, roles[role], subject, step)
		}
	}
}

// Events returns one of each event of a service, with every field filled.
func Events(t *testing.T, files ...protoreflect.FileDescriptor) []proto.Message {
	t.Helper()
	var all []proto.Message
	for _, file := range files {
		all = append(all, eventsOf(t, file)...)
	}
	return all
}

func eventsOf(t *testing.T, file protoreflect.FileDescriptor) []proto.Message {
	t.Helper()
	var all []proto.Message
	for i := range file.Messages().Len() {
		if name := string(file.Messages().Get(i).Name()); strings.HasSuffix(name, "Snapshot") || name == "Appointment" {
			// A snapshot is part of an event, for a reader that knows nothing yet. An appointment is what events make.
			continue
		}
		kind, err := protoregistry.GlobalTypes.FindMessageByName(file.Messages().Get(i).FullName())
		if err != nil {
			t.Fatal(err)
		}
		message := kind.New()
		fields := message.Descriptor().Fields()
		for j := range fields.Len() {
			field := fields.Get(j)
			value := example(message, field)
			if field.IsList() {
				message.Mutable(field).List().Append(value)
			} else {
				message.Set(field, value)
			}
		}
		all = append(all, message.Interface())
	}
	return all
}

func example(message protoreflect.Message, field protoreflect.FieldDescriptor) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("x")
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind:
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

// DisclosuresNameWhatExists fails if a rule names an event or field that does not exist: such a
// rule would protect nothing.
func DisclosuresNameWhatExists(t *testing.T, rules []matter.Disclosure, files ...protoreflect.FileDescriptor) {
	t.Helper()
	for _, rule := range rules {
		var message protoreflect.MessageDescriptor
		for _, file := range files {
			if found := file.Messages().ByName(protoreflect.Name(rule.Event)); found != nil {
				message = found
			}
		}
		if message == nil || !strings.HasPrefix(rule.Field, "status.") && message.Fields().ByName(protoreflect.Name(rule.Field)) == nil {
			t.Errorf("%s: %s.%s does not exist", rule.Key, rule.Event, rule.Field)
		}
	}
}

// EvolveKnows checks that evolve handles every event: each event changes a state in which nothing
// has happened yet, and does not modify the given state.
func EvolveKnows[S matter.State](t *testing.T, events []proto.Message, base S, at time.Time, evolve func(S, matter.Event) S) {
	t.Helper()
	before := fmt.Sprintf("%+v", base)
	for _, event := range append(events, &commonv1.EnteredInError{Reason: "x"}, &commonv1.ConsentWithdrawn{}) {
		if snapshot := event.ProtoReflect().Descriptor().Fields().ByName("snapshot"); snapshot != nil {
			// A reader that knows the matter receives no snapshot.
			event.ProtoReflect().Clear(snapshot)
		}
		after := evolve(base, matter.Event{Message: event, At: at, By: &commonv1.Party{Agency: "b", Unit: "u", Worker: "w"}})
		if fmt.Sprintf("%+v", after) == before {
			t.Errorf("%s changes nothing", matter.NameOf(event))
		}
		if fmt.Sprintf("%+v", base) != before {
			t.Fatalf("%s changed the state that it was given", matter.NameOf(event))
		}
	}
}
