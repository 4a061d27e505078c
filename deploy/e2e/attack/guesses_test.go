package attack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// guesses are what is put in the fields of these names: what exists, or what does not.
type guesses map[string][2]string

// isMatterID reports whether a field names a matter: of another's, no method says anything else than that it
// is not found.
func isMatterID(field string) bool {
	service, named := strings.CutSuffix(field, "_id")
	return named && slices.Contains(suite.Names(), service)
}

// in are the fields of a request that a guess fits.
func (g guesses) in(message protoreflect.MessageDescriptor) (fields []string) {
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if _, fits := g[string(field.Name())]; fits {
			fields = append(fields, string(field.Name()))
		}
		if field.Message() != nil && field.Message().FullName() == "koppi.common.v1.Client" {
			fields = append(fields, "client_id")
		}
	}
	return fields
}

// request is one of a good form that says this in the fields that are guessed.
func request(message protoreflect.Message, said map[string]string) proto.Message {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		value := message.NewField(field)
		switch {
		case field.ContainingOneof() != nil && field.ContainingOneof().Fields().Get(0) != field,
			slices.Contains([]string{"page_token", "page_size", "attachment_ids"}, string(field.Name())),
			// A list of no worker would be empty whatever is guessed, and some lists take no unit.
			fields.ByName("matter_number") != nil && slices.Contains([]string{"unit", "worker"}, string(field.Name())):
			continue
		case field.IsList() && field.Message() != nil:
			value.List().Append(protoreflect.ValueOfMessage(one(field, said)))
		case field.IsList():
			value.List().Append(scalar(field, said))
		case field.Message() != nil:
			value = protoreflect.ValueOfMessage(one(field, said))
		default:
			value = scalar(field, said)
		}
		message.Set(field, value)
	}
	return message.Interface()
}

// one is a message within a request.
func one(field protoreflect.FieldDescriptor, said map[string]string) protoreflect.Message {
	known := map[protoreflect.FullName]proto.Message{
		"koppi.common.v1.Party":      testkit.County,
		"koppi.common.v1.LegalBasis": testkit.Consented(),
		"koppi.common.v1.Client":     &commonv1.Client{Identity: &commonv1.Client_ClientId{ClientId: said["client_id"]}, Language: "fi"},
		"koppi.consent.v1.Recipient": &consentv1.Recipient{Of: &consentv1.Recipient_Agency{Agency: testkit.County.GetAgency()}},
		"google.protobuf.Timestamp":  timestamppb.New(time.Now().Add(24 * time.Hour).Truncate(time.Hour)),
	}
	if field.Name() == "given_at" {
		return timestamppb.New(time.Now().Add(-time.Hour).Truncate(time.Hour)).ProtoReflect()
	}
	if found, ok := known[field.Message().FullName()]; ok {
		return proto.Clone(found).ProtoReflect()
	}
	kind := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(field.Message().FullName()))
	return request(kind.New(), said).ProtoReflect()
}

func scalar(field protoreflect.FieldDescriptor, said map[string]string) protoreflect.Value {
	name := string(field.Name())
	switch field.Kind() {
	case protoreflect.StringKind:
		switch guess, guessed := said[name]; {
		case guessed:
			return protoreflect.ValueOfString(guess)
		case strings.HasSuffix(name, "_id"):
			return protoreflect.ValueOfString(uuid.NewString())
		case strings.Contains(name, "month"):
			return protoreflect.ValueOfString("2026-01")
		case name == "service", name == "services":
			return protoreflect.ValueOfString("concern")
		case name == "provision":
			return protoreflect.ValueOfString("703/2023 § 31")
		case name == "media_type":
			return protoreflect.ValueOfString("application/pdf")
		case strings.HasPrefix(name, "language"):
			return protoreflect.ValueOfString("fi")
		case name == "receiver", name == "sender":
			return protoreflect.ValueOfString(testkit.County.GetAgency())
		}
		return protoreflect.ValueOfString("x")
	case protoreflect.EnumKind:
		if name == "queue" {
			return protoreflect.ValueOfEnum(caseworkv1.Queue_QUEUE_AGENCY.Number())
		}
		if name == "ground" {
			return protoreflect.ValueOfEnum(commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION.Number())
		}
		return protoreflect.ValueOfEnum(1)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(1)
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(0)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(make([]byte, 32))
	default:
		return field.Default()
	}
}

// allSaid is all that comes back of a call, the date apart.
func allSaid(ctx context.Context, conn grpc.ClientConnInterface, method string, request proto.Message, out protoreflect.MessageType) (string, fault.Reason) {
	stream := testkit.Must(conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method))
	_ = stream.SendMsg(request)
	_ = stream.CloseSend()
	var said strings.Builder
	for {
		answer := out.New().Interface()
		err := stream.RecvMsg(answer)
		if err == nil {
			fmt.Fprintf(&said, "%x\n", testkit.Must(proto.MarshalOptions{Deterministic: true}.Marshal(answer)))
			continue
		}
		header, _ := stream.Header()
		for _, all := range []metadata.MD{header, stream.Trailer()} {
			delete(all, "date")
			fmt.Fprintln(&said, all)
		}
		if !errors.Is(err, io.EOF) {
			fmt.Fprintf(&said, "%x\n", testkit.Must(proto.MarshalOptions{Deterministic: true}.Marshal(status.Convert(err).Proto())))
		}
		return said.String(), fault.ReasonOf(err)
	}
}

// secretMatters are matters of all kinds about one client, of which strangers know nothing
// but what things are called.
func secretMatters(t *testing.T, f *testkit.Fixture, conn grpc.ClientConnInterface) guesses {
	t.Helper()
	kela, county := f.As("kela"), f.As("county")
	client := testkit.Anna()
	attachment := testkit.Upload(t, kela, attachmentv1.NewAttachmentServiceClient(conn), testkit.PDF(1000)).GetAttachmentId()
	report, asked := testkit.Submission(), testkit.Question()
	report.Client, report.AttachmentIds = client, []string{attachment}
	asked.Client, asked.Basis = client, testkit.Consented()
	concern := testkit.Insist(t, kela, concernv1.NewConcernServiceClient(conn).SubmitConcern, report).GetConcern()
	referral := testkit.Insist(t, county, referralv1.NewReferralServiceClient(conn).SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: client, Receiver: &commonv1.Party{Agency: "terveys-pohjois-savo"}, Basis: testkit.Consented(),
		Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE, Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral()
	consultation := testkit.Insist(t, county, consultationv1.NewConsultationServiceClient(conn).OpenConsultation, asked).GetConsultation()
	plan := testkit.Insist(t, county, planv1.NewPlanServiceClient(conn).CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: client, Basis: testkit.Consented()}).GetPlan()
	// A name that is nobody's is as long as one that is somebody's.
	nobody := func(name string) string { return strings.Repeat("A", len(name)) }
	subject := [2]string{"concerns/" + concern.GetConcernId(), "concerns/" + uuid.NewString()}
	return guesses{
		"concern_id": {concern.GetConcernId(), uuid.NewString()}, "referral_id": {referral.GetReferralId(), uuid.NewString()},
		"consultation_id": {consultation.GetConsultationId(), uuid.NewString()}, "plan_id": {plan.GetPlanId(), uuid.NewString()},
		"attachment_id": {attachment, uuid.NewString()}, "subject": subject, "resubmitted_as": subject, "led_to": subject,
		"client_id": {concern.GetClientId(), nobody(concern.GetClientId())}, "case_id": {concern.GetCaseId(), nobody(concern.GetCaseId())},
		"matter_number": {concern.GetMatterNumber(), "0000-0000"},
	}
}

// For every method that takes a name or id, the answer about something that the caller may not know
// is the same, byte for byte and header for header, as the answer about something that does not
// exist. The caller is another agency or another person.
func TestGuessedIDs(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	known := secretMatters(t, f, conn)
	f.Tokens["youth"] = f.Token(scenario.CastParty{Agency: "etsiva-kuopio", Unit: "etsiva", Worker: "en-01", Role: "youth_worker"})
	f.Tokens["other system"] = f.Token(scenario.CastParty{Agency: "etsiva-kuopio", Role: "system"})
	f.Tokens["other client"] = f.Token(scenario.CastParty{Role: "client", PersonalIdentityCode: "140391-9021"})
	before := map[string]string{}
	for _, service := range suite.Names() {
		if _, guessed := known[service+"_id"]; !guessed {
			t.Errorf("secretMatters has no %s", service)
		}
	}
	for _, service := range suite.Names() {
		before[service] = fmt.Sprint(testkit.Must(f.Koppi.Store(service).Positions(t.Context())))
	}
	methods, matters := 0, 0
	for _, service := range allinone.Served() {
		if strings.Contains(service, ".dev.") || strings.Contains(service, ".exchange.") {
			continue
		}
		all := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))).(protoreflect.ServiceDescriptor).Methods()
		for i := range all.Len() {
			method := all.Get(i)
			fields := known.in(method.Input())
			if len(fields) == 0 || method.IsStreamingClient() {
				continue
			}
			methods++
			in, out := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())), testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName()))
			for _, who := range []string{"youth", "other system", "other client"} {
				first := ""
				for combination := range 1 << len(fields) {
					said := map[string]string{}
					for at, field := range fields {
						said[field] = known[field][combination>>at&1]
					}
					path := fmt.Sprintf("/%s/%s", service, method.Name())
					answer, reason := allSaid(f.As(who), conn, path, request(in.New(), said), out)
					if first == "" {
						first = answer
					}
					if answer != first {
						t.Errorf("%s tells %s by %v which is there:\n%s\n%s", path, who, fields, first, answer)
					}
					// A person's own lists take no client; an unknown case of a start has no right form.
					if reason == fault.Internal || reason == fault.InvalidField && who == "youth" && !slices.Contains(fields, "case_id") {
						t.Errorf("%s refuses the form of what is sent: this proves nothing: %s", path, reason)
					}
					if isMatterID(fields[0]) && who == "youth" {
						matters++
						if reason != fault.NotFound {
							t.Errorf("%s: %s, and it is not found", path, reason)
						}
					}
				}
			}
		}
	}
	t.Logf("%d methods; %d guesses at matters", methods, matters)
	if methods < 80 {
		t.Errorf("only %d methods were tried", methods)
	}
	for service, heads := range before {
		if now := fmt.Sprint(testkit.Must(f.Koppi.Store(service).Positions(t.Context()))); now != heads {
			t.Errorf("a guess has changed the mailboxes of %s", service)
		}
	}
}
