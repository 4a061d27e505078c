package form_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/form"
	_ "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	_ "koppi.internal/proto/gen/koppi/consent/v1"
	_ "koppi.internal/proto/gen/koppi/consultation/v1"
	_ "koppi.internal/proto/gen/koppi/dev/v1"
	_ "koppi.internal/proto/gen/koppi/exchange/v1"
	_ "koppi.internal/proto/gen/koppi/operator/v1"
	_ "koppi.internal/proto/gen/koppi/plan/v1"
	_ "koppi.internal/proto/gen/koppi/referral/v1"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// place is a field of a request, with the fields that contain it.
type place struct {
	request protoreflect.MessageDescriptor
	path    []protoreflect.FieldDescriptor
}

func (p place) field() protoreflect.FieldDescriptor { return p.path[len(p.path)-1] }

func (p place) String() string {
	names := []string{string(p.request.FullName())}
	for _, field := range p.path {
		names = append(names, string(field.Name()))
	}
	return strings.Join(names, ".")
}

// with returns a request in which the field has the value.
func (p place) with(value protoreflect.Value) proto.Message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(p.request.FullName())
	if err != nil {
		panic(err)
	}
	request := kind.New()
	at := request
	for i, field := range p.path {
		last := i == len(p.path)-1
		switch {
		case last && field.IsList():
			at.Mutable(field).List().Append(value)
		case last:
			at.Set(field, value)
		case field.IsList():
			at = at.Mutable(field).List().AppendMutable().Message()
		default:
			at = at.Mutable(field).Message()
		}
	}
	return request.Interface()
}

// places returns the wanted fields of all requests of all services, at any depth.
func places(wanted func(protoreflect.FieldDescriptor) bool) (all []place) {
	protoregistry.GlobalFiles.RangeFilesByPackage("koppi", func(protoreflect.FileDescriptor) bool { return true })
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				input := methods.Get(j).Input()
				// DeliverRequest is what Koppi sends to partners.
				if strings.HasPrefix(string(input.FullName()), "koppi.") && input.Name() != "DeliverRequest" {
					all = append(all, within(input, input, nil, wanted)...)
				}
			}
		}
		return true
	})
	return all
}

func within(request, message protoreflect.MessageDescriptor, path []protoreflect.FieldDescriptor, wanted func(protoreflect.FieldDescriptor) bool) (all []place) {
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		here := append(slices.Clone(path), field)
		if wanted(field) {
			all = append(all, place{request, here})
		}
		if field.Kind() == protoreflect.MessageKind && !field.IsMap() && strings.HasPrefix(string(field.Message().FullName()), "koppi.") && len(path) < 6 {
			all = append(all, within(request, field.Message(), here, wanted)...)
		}
	}
	return all
}

func isTime(field protoreflect.FieldDescriptor) bool {
	return field.Kind() == protoreflect.MessageKind && field.Message().FullName() == "google.protobuf.Timestamp"
}

// given are places whose times come from Koppi itself, and the clock of a trial.
var given = map[string]bool{
	"koppi.casework.v1.ReadWorkRequest.after.due_at": true, "koppi.casework.v1.ReadHistoryRequest.after": true,
	"koppi.casework.v1.MarkToldRequest.told.due_at": true, "koppi.casework.v1.MarkToldRequest.told.told_at": true,
	"koppi.dev.v1.AdvanceClockRequest.to": true,
}

// No time in any request may be before the year 2000 or more than a year ahead, except for a
// consent in advance. The refusal names the place. A new field is bounded automatically.
func TestTimesAreBounded(t *testing.T) {
	all := places(isTime)
	if len(all) < 30 {
		t.Fatalf("the walk finds %d times", len(all))
	}
	for _, p := range all {
		years := 1
		switch p.field().FullName() {
		case "koppi.consent.v1.GiveConsentRequest.until":
			years = 2
		case "koppi.common.v1.LegalBasis.consented_at":
			years = 1000
		}
		for at, taken := range map[time.Time]bool{
			time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC): given[p.String()], time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC): given[p.String()],
			now.AddDate(years, 0, 2): given[p.String()], now.AddDate(years, 0, 0): true, now: true, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC): true,
		} {
			path, want := form.Beyond(p.with(protoreflect.ValueOfMessage(timestamppb.New(at).ProtoReflect())), now)
			if (want == "") != taken || !taken && !strings.HasSuffix(p.String(), "."+path) {
				t.Errorf("%s at %v: %q %q, taken %v", p, at, path, want, taken)
			}
		}
	}
	far := &caseworkv1.ListAccessesRequest{To: timestamppb.New(time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC))}
	if path, _ := form.Beyond(far, time.Time{}); path != "to" {
		t.Errorf("without the domain's time: %q", path)
	}
}

// isUUID reports whether a field's rule requires a UUID, or a subject name that ends with one.
func isUUID(field protoreflect.FieldDescriptor) bool {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	texts := rules.GetString()
	if field.IsList() {
		texts = rules.GetRepeated().GetItems().GetString()
	}
	return texts.GetUuid() || strings.Contains(texts.GetPattern(), "[0-9a-f]{8}")
}

// Every field of every request that contains an id has it in lower case before the id is compared,
// digested or made part of a key, whatever the case in which it was sent.
func TestIdsInLowerCase(t *testing.T) {
	all := places(isUUID)
	if len(all) < 150 {
		t.Fatalf("the walk finds %d ids", len(all))
	}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).Draw(t, "id")
		p := rapid.SampledFrom(all).Draw(t, "place")
		given := []byte(id)
		for i := range given {
			if rapid.Bool().Draw(t, "upper") {
				given[i] = strings.ToUpper(string(given[i]))[0]
			}
		}
		collection := ""
		if rapid.Bool().Draw(t, "subject") {
			collection = "concerns/"
		}
		want := p.with(protoreflect.ValueOfString(collection + id))
		got := p.with(protoreflect.ValueOfString(collection + string(given)))
		if form.Ids(got); !proto.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", p, got, want)
		}
	})
	words := &concernv1.SubmitConcernRequest{Description: "0198C0DE-0000-4000-8000-000000000001"}
	if form.Ids(words); words.GetDescription() != "0198C0DE-0000-4000-8000-000000000001" {
		t.Error("free text is changed")
	}
}

// Other notations of a UUID are refused, because they would be different ids.
func TestOtherFormsOfIdsRefused(t *testing.T) {
	for _, id := range []string{
		"{0198c0de-0000-4000-8000-000000000001}", "urn:uuid:0198c0de-0000-4000-8000-000000000001", "0198c0de000040008000000000000001",
		" 0198c0de-0000-4000-8000-000000000001", "0198c0de-0000-4000-8000-000000000001\n", "",
	} {
		r := &concernv1.ReceiveConcernRequest{RequestId: id, ConcernId: "0198c0de-0000-4000-8000-000000000001"}
		form.Ids(r)
		if err := protovalidate.Validate(r); err == nil {
			t.Errorf("%q is accepted", id)
		}
	}
}
