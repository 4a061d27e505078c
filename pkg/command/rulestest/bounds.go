package rulestest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Bounded runs commands whose texts and attachments have the greatest permitted length, and checks
// that no history of accepted commands makes a matter too large to be read, disclosed, passed on
// or listed; that a refusal for size says so; and that the steps that end the matter, answer or
// acknowledge are never refused for size. Show returns a matter as a caller reads it.
func Bounded[S matter.State, F any](t *testing.T, newFixture func() *Fixture[S, F], begin func(*Fixture[S, F]) (string, error), show func(matter.View[S], matter.Actor) proto.Message) {
	full := 0
	rapid.Check(t, func(t *rapid.T) {
		w := newFixture()
		subject, err := begin(w)
		if err != nil {
			t.Fatal(err)
		}
		isFull := false
		for range rapid.IntRange(10, 60).Draw(t, "steps") {
			offers := slices.DeleteFunc(w.likely(subject, Everybody()), func(o offer) bool {
				// The matter must grow first, so steps that end it, or add little to it, come last.
				return !isFull && o.step == "RecordFeedbackConsent" || !isFull && strings.HasPrefix(o.step, "Revoke") || !isFull && slices.Contains(ends, o.step)
			})
			if len(offers) == 0 {
				break
			}
			one := rapid.SampledFrom(offers).Draw(t, "offer")
			err := w.long(subject, one, rapid.SampledFrom(Everybody()).Draw(t, "other"))
			if fault.ReasonOf(err) == fault.MatterFull {
				isFull = true
				full++
				if slices.Contains(w.Rules.Always, one.step) {
					t.Fatalf("%s is refused for size: %v", one.step, err)
				}
			}
			w.checkSizes(t, show)
		}
	})
	if full == 0 {
		t.Error("no subject was ever full")
	}
}

// ends are the steps after which a matter no longer grows, in all services.
var ends = []string{
	"CloseConcern", "DeclineConcern", "WithdrawConcern", "CloseConsultation", "EndPlan", "LeavePlan", "DeclineInvitation",
	"CompleteReferral", "DeclineReferral", "CancelReferral", "RedirectReferral", "ForwardConcern",
}

// checkSizes checks that what is read and disclosed of every matter stays within its size limit.
func (w *Fixture[S, F]) checkSizes(t *rapid.T, show func(matter.View[S], matter.Actor) proto.Message) {
	// Each party may add as much as may be disclosed to it, and finishing steps a little more.
	const most = 2*(matter.Full+matter.Reserve) + matter.Reserve
	for subject, history := range w.Histories {
		whole, copies := 0, 0
		for _, event := range history.Events {
			size := proto.Size(event.Message)
			if field := event.Message.ProtoReflect().Descriptor().Fields().ByName("snapshot"); field != nil && event.Message.ProtoReflect().Has(field) {
				snapshot := proto.Size(event.Message.ProtoReflect().Get(field).Message().Interface())
				size, copies = size-snapshot, copies+snapshot
				if snapshot > matter.MaxSnapshot+16<<10 {
					t.Fatalf("a snapshot of %s has %d bytes", subject, snapshot)
				}
			}
			whole += size
			if proto.Size(event.Message)+proto.Size(event.By)+proto.Size(event.Basis) > matter.MaxRecord-8<<10 {
				t.Fatalf("an event of %s has %d bytes", subject, proto.Size(event.Message))
			}
		}
		if whole > most || copies > 2*matter.FullCopies {
			t.Fatalf("%s holds %d bytes, and %d bytes of copies", subject, whole, copies)
		}
		for agency, view := range history.Views {
			if size := proto.Size(show(view, People[agency])); size > matter.MaxAnswer {
				t.Fatalf("%s reads %d bytes of %s", agency, size, subject)
			}
		}
	}
}

// long takes an offered step with texts and attachments of the greatest permitted length.
func (w *Fixture[S, F]) long(subject string, one offer, other matter.Actor) error {
	request := w.Request(subject, one.step, other)
	if request == nil {
		return errors.New("no request")
	}
	command := matter.Command[F]{Actor: one.actor, Subject: subject, Request: lengthened(request)}
	if request.ProtoReflect().Descriptor().Fields().ByName("attachment_ids") != nil {
		command.Attachments = attachments()
	}
	if w.service.Facts != nil {
		command.Facts = w.service.Facts(request)
	}
	return w.Do(command)
}

// lengthened fills the free texts of a request, at any depth, to the longest that their rules
// permit.
func lengthened(request proto.Message) proto.Message {
	message := request.ProtoReflect()
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch rules, _ := protovalidate.ResolveFieldRules(field); {
		case field.IsList() || field.IsMap():
		case field.Kind() == protoreflect.MessageKind && message.Has(field):
			lengthened(message.Mutable(field).Message().Interface())
		case field.Kind() == protoreflect.StringKind && rules.GetString().GetMaxLen() >= 1000 && rules.GetString().GetPattern() == "":
			message.Set(field, protoreflect.ValueOfString(strings.Repeat("😀", int(rules.GetString().GetMaxLen())))) //nolint:gosec // a length
		}
	}
	return request
}

// attachments returns the greatest number of attachments that a request may name, with the longest
// names.
func attachments() (all []*commonv1.Attachment) {
	for range 20 {
		all = append(all, &commonv1.Attachment{
			AttachmentId: "0198c0de-0000-4000-8000-000000000001", Filename: strings.Repeat("😀", 255), MediaType: strings.Repeat("x", 255), Sha256: make([]byte, 32), SizeBytes: 1 << 40,
		})
	}
	return all
}
