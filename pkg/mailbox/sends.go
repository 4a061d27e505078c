package mailbox

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/form"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// maxPending is the most sends of one stream that may wait for their receipts.
const maxPending = 64

// method describes a unary call that may be sent on a stream.
type method struct {
	path   string
	output protoreflect.MessageType
	// subject is the request field that names the matter; nil for a request that begins one.
	subject protoreflect.FieldDescriptor
	// requestID is the field request_id; nil in requests that only read.
	requestID protoreflect.FieldDescriptor
}

// Methods are the unary calls that may be sent, by the full name of their request messages.
type Methods map[protoreflect.FullName]method

// MethodsOf returns the unary methods of the named gRPC services. It returns an error if this program does
// not contain the contract of a service.
func MethodsOf(services ...string) (Methods, error) {
	methods := Methods{}
	for _, name := range services {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			return nil, fmt.Errorf("mailbox: %s: %w", name, err)
		}
		service, ok := found.(protoreflect.ServiceDescriptor)
		if !ok {
			return nil, fmt.Errorf("mailbox: %s is no service", name)
		}
		subject := service.ParentFile().Package().Parent().Name() + "_id"
		for i := range service.Methods().Len() {
			m := service.Methods().Get(i)
			if m.IsStreamingClient() || m.IsStreamingServer() {
				continue
			}
			output, err := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
			if err != nil {
				return nil, fmt.Errorf("mailbox: %s: %w", m.FullName(), err)
			}
			methods[m.Input().FullName()] = method{
				path: fmt.Sprintf("/%s/%s", name, m.Name()), output: output,
				subject: m.Input().Fields().ByName(subject), requestID: m.Input().Fields().ByName("request_id"),
			}
		}
	}
	return methods, nil
}

// Call is a unary call that a request on a stream makes.
type Call struct {
	Path    string
	In, Out proto.Message
	// OnBehalfOf is the worker whom the request names; empty for the caller of the stream.
	OnBehalfOf string
}

// sends are the commands of one stream that are in progress. Commands about one subject run in order, those
// about different subjects concurrently. Its methods may be called only from the goroutine of the stream.
type sends struct {
	methods Methods
	// invoke makes a call through the same interceptors and handlers as any other call.
	invoke  func(Call) error
	pending int
	// waiting holds the commands that wait, by subject. A subject is a key while a command about it runs. Both it and
	// done are nil before the first command: most streams send none.
	waiting map[string][]func()
	done    chan sent
}

// sent is the receipt of a finished command, with its subject.
type sent struct {
	subject string
	receipt *exchangev1.ExchangeResponse
}

func newSends(methods Methods, invoke func(Call) error) *sends {
	return &sends{methods: methods, invoke: invoke}
}

// add starts a command, or queues it behind a running command about the same subject. If the command is
// refused at once, add returns its receipt, otherwise nil.
func (s *sends) add(send *exchangev1.ExchangeRequest_Send) *exchangev1.ExchangeResponse {
	if s.pending == maxPending {
		return receipt(send.GetRequestId(), nil, fault.New(fault.Busy, "%d sends wait for their receipts", maxPending).RetryAfter(time.Second))
	}
	request, how, err := s.read(send)
	if err != nil {
		return receipt(send.GetRequestId(), nil, err)
	}
	// A request that begins a matter has no subject yet, so it waits for no other.
	subject := send.GetRequestId()
	if how.subject != nil {
		subject = request.ProtoReflect().Get(how.subject).String()
	}
	run := func() {
		out := how.output.New().Interface()
		err := s.invoke(Call{Path: how.path, In: request, Out: out, OnBehalfOf: send.GetOnBehalfOf()})
		s.done <- sent{subject, receipt(send.GetRequestId(), out, err)}
	}
	if s.done == nil {
		s.waiting, s.done = map[string][]func(){}, make(chan sent, maxPending)
	}
	s.pending++
	if behind, busy := s.waiting[subject]; busy {
		s.waiting[subject] = append(behind, run)
		return nil
	}
	s.waiting[subject] = nil
	go run()
	return nil
}

// finished starts the next command about the same subject.
func (s *sends) finished(one sent) {
	s.pending--
	behind := s.waiting[one.subject]
	if len(behind) == 0 {
		delete(s.waiting, one.subject)
		return
	}
	s.waiting[one.subject] = behind[1:]
	go behind[0]()
}

// read unpacks a request and sets its request_id to that of the send.
func (s *sends) read(send *exchangev1.ExchangeRequest_Send) (proto.Message, method, error) {
	how, known := s.methods[send.GetRequest().MessageName()]
	if !known {
		return nil, how, fault.New(fault.InvalidField, "this is no request of a service here").Field("send.request", "a request message of a unary method")
	}
	request, err := send.GetRequest().UnmarshalNew()
	if err != nil {
		return nil, how, fault.New(fault.InvalidField, "the request could not be read").Field("send.request", "a serialized request message")
	}
	// Normalise ids here, because subjects are compared before the request reaches the form checks.
	form.Ids(request)
	if how.requestID == nil {
		return request, how, nil
	}
	switch own := request.ProtoReflect().Get(how.requestID).String(); own {
	case "":
		request.ProtoReflect().Set(how.requestID, protoreflect.ValueOfString(send.GetRequestId()))
	case send.GetRequestId():
	default:
		return nil, how, fault.New(fault.InvalidField, "the request has another request_id than its sending").
			Field("send.request.request_id", "empty, or that of the sending")
	}
	return request, how, nil
}

func receipt(requestID string, response proto.Message, err error) *exchangev1.ExchangeResponse {
	r := &exchangev1.ExchangeResponse_Receipt{RequestId: requestID}
	var packed *anypb.Any
	if err == nil {
		packed, err = anypb.New(response)
	}
	if err == nil {
		r.Result = &exchangev1.ExchangeResponse_Receipt_Response{Response: packed}
	} else {
		r.Result = &exchangev1.ExchangeResponse_Receipt_Error{Error: status.Convert(refused(err)).Proto()}
	}
	return &exchangev1.ExchangeResponse{Kind: &exchangev1.ExchangeResponse_Receipt_{Receipt: r}}
}

// refused returns an error as it is written in a receipt. An error without a reason comes from the connection
// to the handlers, not from a handler.
func refused(err error) error {
	if fault.ReasonOf(err) != "" {
		return fault.Scrub(err)
	}
	switch status.Code(err) {
	case codes.Canceled:
		return fault.Scrub(context.Canceled)
	case codes.DeadlineExceeded:
		return fault.Scrub(context.DeadlineExceeded)
	default:
		return fault.New(fault.Unavailable, "the service did not answer")
	}
}
