package serve

import (
	"context"
	"errors"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that is wrapped
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/form"
)

// checks verify that requests follow the rules in their .proto files, and the rules for every request.
type checks struct {
	validator protovalidate.Validator
	// now returns the domain's time; nil if it is not known.
	now func() time.Time
	// codes are the lists of which fields hold keys.
	codes *codelist.Codes
}

// unary checks the request of a unary call.
func (c *checks) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := c.check(request); err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

// validated is a stream of which each message that comes in is checked.
type validated struct {
	grpc.ServerStream

	ctx    context.Context //nolint:containedctx // grpc's streams carry their context
	checks *checks
}

func (s *validated) Context() context.Context { return s.ctx }

func (s *validated) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	return s.checks.check(message)
}

// check refuses a request that breaks a rule, and normalises its ids to the form in which they are compared.
func (c *checks) check(request any) error {
	message, ok := request.(proto.Message)
	if !ok {
		return fault.New(fault.Internal, "not a message")
	}
	if malformed(message) {
		return fault.New(fault.InvalidField, "the message could not be read")
	}
	if err := checkWords(message); err != nil {
		return err
	}
	var now time.Time
	if c.now != nil {
		now = c.now()
	}
	if field, want := form.Beyond(message, now); field != "" {
		return fault.New(fault.InvalidField, "a time lies outside what is taken").Field(field, want)
	}
	form.Ids(message)
	err := c.validator.Validate(message)
	var violations *protovalidate.ValidationError
	if err == nil {
		return c.codes.Check(message)
	}
	if !errors.As(err, &violations) {
		return err
	}
	refusal := fault.New(fault.InvalidField, "the request is not well formed")
	for _, violation := range violations.Violations {
		// The rule's text says what is expected; the value is left out.
		refusal = refusal.Field(protovalidate.FieldPathString(violation.Proto.GetField()), violation.Proto.GetMessage())
	}
	return refusal
}

// tolerantCodec replaces a message that cannot be parsed by a marked one, so that the form check refuses it
// like every other malformed request: after authentication, with reason and advice. grpc itself would answer
// INTERNAL before authentication.
type tolerantCodec struct{ encoding.CodecV2 }

func tolerant() encoding.CodecV2 { return tolerantCodec{encoding.GetCodecV2("proto")} }

// markNumber is a field number that no message of the contract uses.
const markNumber = protowire.MaxValidNumber

func mark() []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, markNumber, protowire.VarintType), 1)
}

func (c tolerantCodec) Unmarshal(data mem.BufferSlice, target any) error {
	err := c.CodecV2.Unmarshal(data, target)
	message, ok := target.(proto.Message)
	if !ok {
		return err
	}
	if err == nil {
		discardUnknown(message.ProtoReflect())
		return nil
	}
	proto.Reset(message)
	message.ProtoReflect().SetUnknown(mark())
	return nil
}

// discardUnknown removes fields that are not in this version of the contract, at any depth. No check covers
// them, and in a message that is stored and forwarded, others could read them.
func discardUnknown(message protoreflect.Message) {
	if len(message.GetUnknown()) > 0 {
		message.SetUnknown(nil)
	}
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap() && field.MapValue().Message() != nil:
			value.Map().Range(func(_ protoreflect.MapKey, value protoreflect.Value) bool {
				discardUnknown(value.Message())
				return true
			})
		case field.IsList() && field.Message() != nil:
			for i := range value.List().Len() {
				discardUnknown(value.List().Get(i).Message())
			}
		case field.Message() != nil && !field.IsMap():
			discardUnknown(value.Message())
		}
		return true
	})
}

func malformed(message proto.Message) bool {
	unknown := message.ProtoReflect().GetUnknown()
	for len(unknown) > 0 {
		number, _, n := protowire.ConsumeField(unknown)
		if n < 0 || number == markNumber {
			return true
		}
		unknown = unknown[n:]
	}
	return false
}
