package serve

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	_ "koppi.internal/proto/gen/koppi/attachment/v1" // each package brings its part of the contract
	_ "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	_ "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	_ "koppi.internal/proto/gen/koppi/dev/v1"
	_ "koppi.internal/proto/gen/koppi/exchange/v1"
	_ "koppi.internal/proto/gen/koppi/operator/v1"
	_ "koppi.internal/proto/gen/koppi/plan/v1"
	_ "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/proto/texts"
)

// requestFields calls do with each text field of each request of each service, once.
func requestFields(do func(protoreflect.FieldDescriptor)) {
	seen := map[protoreflect.FullName]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				// What Koppi sends to partners is not what it is sent.
				if in := methods.Get(j).Input(); strings.HasPrefix(string(in.FullName()), "koppi.") && in.Name() != "DeliverRequest" {
					fieldsOf(in, seen, do)
				}
			}
		}
		return true
	})
}

func fieldsOf(message protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool, do func(protoreflect.FieldDescriptor)) {
	if seen[message.FullName()] || !strings.HasPrefix(string(message.FullName()), "koppi.") {
		return
	}
	seen[message.FullName()] = true
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if texts.IsText(field) {
			do(field)
		}
		if field.Message() != nil && !field.IsMap() {
			fieldsOf(field.Message(), seen, do)
		}
	}
}

// with is a message with a text in one field.
func with(t *testing.T, field protoreflect.FieldDescriptor, text string) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(field.ContainingMessage().FullName())
	if err != nil {
		t.Fatal(err)
	}
	message := kind.New()
	if field.IsList() {
		message.Mutable(field).List().Append(protoreflect.ValueOfString(text))
	} else {
		message.Set(field, protoreflect.ValueOfString(text))
	}
	return message.Interface()
}

// A field that is not free text takes no free text: neither a sentence nor joined words pass the rule of a key or of
// a closed form.
func TestClosedFormsTakeNoWords(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	requestFields(func(field protoreflect.FieldDescriptor) {
		class := texts.ClassOf(field)
		if class != commonv1.TextClass_TEXT_CLASS_KEY && class != commonv1.TextClass_TEXT_CLASS_FORM || field.Kind() != protoreflect.StringKind || texts.IsOpened(field) {
			return
		}
		count++
		for _, words := range []string{"Kaksi vuokraa maksamatta", "juo", "1301/2014 § 35.1 ja juo", "äiti", "a\nb", strings.Repeat("1301/2014 § 35.1, ", 5) + "1301/2014 § 35.1"} {
			if words == "juo" && field.Name() != "provision" {
				// A key of the directory may be of that form: it is looked up.
				continue
			}
			if refused(validator.Validate(with(t, field, words)), field) {
				continue
			}
			t.Errorf("%s takes %q", field.FullName(), words)
		}
	})
	if count < 60 {
		t.Errorf("only %d fields were tried", count)
	}
}

// refused reports whether a violation names the field.
func refused(err error, field protoreflect.FieldDescriptor) bool {
	violations, ok := err.(*protovalidate.ValidationError) //nolint:errorlint // it is not wrapped
	if !ok {
		return false
	}
	for _, one := range violations.Violations {
		if strings.HasPrefix(protovalidate.FieldPathString(one.Proto.GetField()), string(field.Name())) {
			return true
		}
	}
	return false
}

// No field of any request takes an identity code, except the field that is made for it.
func TestNoFieldTakesIdentityCode(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	requestFields(func(field protoreflect.FieldDescriptor) {
		if field.Kind() != protoreflect.StringKind || texts.ClassOf(field) == commonv1.TextClass_TEXT_CLASS_IDENTITY_CODE {
			return
		}
		for _, text := range []string{"010594Y9032", "x 010594y9032 x", "140391-9021", "140391\u00ad9021", "０１０５９４Ｙ９０３２", "a010594Y9032"} {
			err := (&checks{validator: validator}).check(with(t, field, text))
			if reason := fault.ReasonOf(err); reason != fault.ContentNotAllowed && reason != fault.InvalidField {
				t.Errorf("%s takes %q: %v", field.FullName(), text, err)
			} else if strings.Contains(err.Error(), text) {
				t.Errorf("%s: the refusal repeats the text", field.FullName())
			}
		}
	})
}

// spelling is a UUID that spells a valid identity code by chance: 10-0198-709d.
const spelling = "c0de6a10-0198-709d-8a5f-c0de6a5fb0b1"

// A key may contain a UUID that spells an identity code by chance, as itself or in a subject. Beside the UUID it may
// contain none, and free text may contain neither.
func TestUUIDThatSpellsIdentityCode(t *testing.T) {
	if !idcode.In(spelling) {
		t.Fatal("the UUID spells no identity code")
	}
	keys, texted := 0, 0
	requestFields(func(field protoreflect.FieldDescriptor) {
		if field.Kind() != protoreflect.StringKind {
			return
		}
		for _, id := range []string{spelling, "plans/" + spelling} {
			switch found, _ := wordsIn(with(t, field, id).ProtoReflect()); texts.ClassOf(field) {
			case commonv1.TextClass_TEXT_CLASS_KEY, commonv1.TextClass_TEXT_CLASS_FORM:
				keys++
				if found != nothing {
					t.Errorf("%s refuses %s", field.FullName(), id)
				}
				if beside, _ := wordsIn(with(t, field, id+"/010594Y9032").ProtoReflect()); beside != holdsCode {
					t.Errorf("%s takes an identity code beside a UUID", field.FullName())
				}
			case commonv1.TextClass_TEXT_CLASS_FREE, commonv1.TextClass_TEXT_CLASS_PURPOSE:
				texted++
				if found != holdsCode {
					t.Errorf("%s takes %s", field.FullName(), id)
				}
			}
		}
	})
	if keys < 120 || texted < 20 {
		t.Errorf("only %d keys and %d texts were tried", keys, texted)
	}
}

// Fields that only Koppi may set are refused at any depth, by name. Fields that are not in the contract are dropped,
// because no check covers them.
func TestOutputOnlyFields(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	party := func() *commonv1.Party { return &commonv1.Party{Agency: "kela", DisplayName: "juo"} }
	for path, request := range map[string]proto.Message{
		"receiver.display_name":                &concernv1.SubmitConcernRequest{Receiver: party()},
		"parties[0].display_name":              &consultationv1.GetReachabilityRequest{Parties: []*commonv1.Party{party()}},
		"reachability.substitute.display_name": &consultationv1.SetReachabilityRequest{Reachability: &consultationv1.Reachability{Substitute: party()}},
	} {
		if err := (&checks{validator: validator}).check(request); fault.ReasonOf(err) != fault.InvalidField || !strings.Contains(err.Error(), "Koppi alone") {
			t.Errorf("%s: %v", path, err)
		}
	}
	sent := &concernv1.DeclineConcernRequest{SuggestedReceiver: &commonv1.Party{Agency: "kela"}}
	sent.GetSuggestedReceiver().ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 99, protowire.BytesType), "juo"))
	discardUnknown(sent.ProtoReflect())
	if len(sent.GetSuggestedReceiver().ProtoReflect().GetUnknown()) > 0 {
		t.Error("an unknown field was kept")
	}
}

// An enum value that the contract does not have is refused, with the path of its field, at any depth.
func TestUnknownValuesAreNamed(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	sent := proto.Clone(sound).(*concernv1.SubmitConcernRequest)
	sent.Topics = append(sent.Topics, 9999)
	sent.Basis = &commonv1.LegalBasis{Ground: 77}
	err = (&checks{validator: validator}).check(sent)
	var named []string
	for _, detail := range status.Convert(err).Details() {
		if bad, is := detail.(*errdetails.BadRequest); is {
			for _, one := range bad.GetFieldViolations() {
				named = append(named, one.GetField())
			}
		}
	}
	slices.Sort(named)
	if fault.ReasonOf(err) != fault.InvalidField || !slices.Equal(named, []string{"basis.ground", "topics[1]"}) {
		t.Errorf("%v names %v", err, named)
	}
}

// sound is a valid request.
var sound = &concernv1.SubmitConcernRequest{
	RequestId: "0198c0de-0000-4000-8000-000000000001", Receiver: &commonv1.Party{Agency: "hva-pohjois-savo"},
	Client:  &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}, Language: "fi"},
	Urgency: commonv1.Urgency_URGENCY_NORMAL, Topics: []concernv1.Topic{concernv1.Topic_TOPIC_OTHER},
}

func BenchmarkCheckWords(b *testing.B) {
	request := &concernv1.SubmitConcernRequest{
		RequestId: "0198c0de-0000-4000-8000-000000000001", Receiver: &commonv1.Party{Agency: "hva-pohjois-savo"},
		Client: &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}, Language: "fi"},
		Basis:  &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1"},
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: "Kaksi vuokraa maksamatta, yhteensä 1 450,50 €.",
	}
	for b.Loop() {
		if err := checkWords(request); err != nil {
			b.Fatal(err)
		}
	}
}
