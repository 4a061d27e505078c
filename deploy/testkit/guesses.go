package testkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	"koppi.internal/proto/texts"
)

// Guesses are what is put in the fields of these names: what exists, or what does not.
type Guesses map[string][2]string

// In are the fields of a request that a guess fits.
func (g Guesses) In(message protoreflect.MessageDescriptor) (fields []string) {
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if _, fits := g[string(field.Name())]; fits {
			fields = append(fields, string(field.Name()))
		}
		if field.Message() != nil && field.Message().FullName() == "koppi.common.v1.Client" {
			fields = append(fields, "client_id")
			if _, coded := g["client_code"]; coded {
				fields = append(fields, "client_code")
			}
		}
	}
	return fields
}

// Form is a request of a good form, of any method.
type Form struct {
	// Said is what the fields that are guessed say.
	Said map[string]string
	// Parties are those of fields that name another than the county.
	Parties map[string]*commonv1.Party
}

// Request fills in a request.
func (f Form) Request(message protoreflect.Message) proto.Message {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		value := message.NewField(field)
		switch {
		case field.ContainingOneof() != nil && field.ContainingOneof().Fields().Get(0) != field,
			slices.Contains([]string{"page_token", "page_size", "attachment_ids", "states", "service_key", "application_arrived_on"}, string(field.Name())),
			// A time until tomorrow from tomorrow has nothing in it.
			field.Message() != nil && slices.Contains([]protoreflect.Name{"from", "to"}, field.Name()) && field.Message().Name() == "Timestamp",
			// A list of no worker would be empty whatever is guessed, and some lists take no unit.
			fields.ByName("matter_number") != nil && slices.Contains([]string{"unit", "worker"}, string(field.Name())):
			continue
		case field.IsList() && field.Message() != nil:
			value.List().Append(protoreflect.ValueOfMessage(f.one(field)))
		case field.IsList():
			value.List().Append(f.scalar(field))
		case field.Message() != nil:
			value = protoreflect.ValueOfMessage(f.one(field))
		default:
			value = f.scalar(field)
		}
		message.Set(field, value)
	}
	return message.Interface()
}

// one is a message within a request.
func (f Form) one(field protoreflect.FieldDescriptor) protoreflect.Message {
	known := map[protoreflect.FullName]proto.Message{
		"koppi.common.v1.Party":      f.party(field),
		"koppi.common.v1.LegalBasis": Consented(),
		"koppi.common.v1.Client":     f.client(),
		"koppi.consent.v1.Recipient": &consentv1.Recipient{Of: &consentv1.Recipient_Agency{Agency: County.GetAgency()}},
		"google.protobuf.Timestamp":  timestamppb.New(time.Now().Add(24 * time.Hour).Truncate(time.Hour)),
	}
	if field.Name() == "given_at" {
		return timestamppb.New(time.Now().Add(-time.Hour).Truncate(time.Hour)).ProtoReflect()
	}
	if found, ok := known[field.Message().FullName()]; ok {
		return proto.Clone(found).ProtoReflect()
	}
	kind := Must(protoregistry.GlobalTypes.FindMessageByName(field.Message().FullName()))
	return f.Request(kind.New()).ProtoReflect()
}

// client is the client whom a field names: by "client_code", or else by "client_id".
func (f Form) client() *commonv1.Client {
	if code := f.Said["client_code"]; code != "" {
		return ClientOf(code)
	}
	return &commonv1.Client{Identity: &commonv1.Client_ClientId{ClientId: f.Said["client_id"]}, Language: "fi"}
}

// party is whom a field names.
func (f Form) party(field protoreflect.FieldDescriptor) *commonv1.Party {
	if named, other := f.Parties[string(field.Name())]; other {
		return named
	}
	return County
}

func (f Form) scalar(field protoreflect.FieldDescriptor) protoreflect.Value {
	name := string(field.Name())
	switch field.Kind() {
	case protoreflect.StringKind:
		switch guess, guessed := f.Said[name]; {
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
		case texts.CodeListOf(field) != "":
			codes, _ := Must(codelist.Parse(codelist.BuiltIn)).List(texts.CodeListOf(field))
			return protoreflect.ValueOfString(codes[0].Key)
		case name == "list":
			return protoreflect.ValueOfString(codelist.PaperKinds)
		case name == "receiver", name == "sender":
			return protoreflect.ValueOfString(County.GetAgency())
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

// AllSaid is all that comes back of a call, the date apart; of a stream at most so many messages.
func AllSaid(ctx context.Context, conn grpc.ClientConnInterface, method string, request proto.Message, out protoreflect.MessageType, most int) (string, fault.Reason) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := Must(conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method))
	_ = stream.SendMsg(request)
	_ = stream.CloseSend()
	var said strings.Builder
	for {
		answer := out.New().Interface()
		err := stream.RecvMsg(answer)
		if err == nil {
			fmt.Fprintf(&said, "%x\n", Must(proto.MarshalOptions{Deterministic: true}.Marshal(answer)))
			if most--; most == 0 {
				return said.String(), ""
			}
			continue
		}
		header, _ := stream.Header()
		for _, all := range []metadata.MD{header, stream.Trailer()} {
			delete(all, "date")
			fmt.Fprintln(&said, all)
		}
		if !errors.Is(err, io.EOF) {
			fmt.Fprintf(&said, "%x\n", Must(proto.MarshalOptions{Deterministic: true}.Marshal(status.Convert(err).Proto())))
		}
		return said.String(), fault.ReasonOf(err)
	}
}
