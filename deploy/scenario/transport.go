package scenario

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Refusal is the error with which Koppi refuses a call.
type Refusal struct {
	// Code is the code in Connect's spelling; Reason is ErrorInfo.reason.
	Code, Reason string
	Message      string
	// Metadata is ErrorInfo.metadata.
	Metadata map[string]string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s (%s): %s", r.Code, r.Reason, r.Message) }

// Transport is one way to call Koppi. Call returns a *Refusal if Koppi refuses, and another error
// for any other failure.
type Transport interface {
	Call(ctx context.Context, token, call string, body []byte) ([]byte, error)
}

// ConnectJSON calls the gateway by HTTP/1.1 POST of JSON.
type ConnectJSON struct {
	// Address of the gateway, such as http://127.0.0.1:8080.
	Address string
	Client  *http.Client
}

// Call posts the body unchanged.
func (t ConnectJSON) Call(ctx context.Context, token, call string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Address+"/"+call, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := t.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return answer, nil
	}
	return nil, connectRefusal(response.StatusCode, answer)
}

func connectRefusal(httpStatus int, answer []byte) error {
	var refused struct {
		Code, Message string
		Details       []struct{ Type, Value string }
	}
	if err := json.Unmarshal(answer, &refused); err != nil || refused.Code == "" {
		return fmt.Errorf("HTTP %d: %s", httpStatus, answer)
	}
	refusal := &Refusal{Code: refused.Code, Message: refused.Message}
	for _, detail := range refused.Details {
		if detail.Type != "google.rpc.ErrorInfo" {
			continue
		}
		raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(detail.Value, "="))
		if err != nil {
			return err
		}
		info := &errdetails.ErrorInfo{}
		if err := proto.Unmarshal(raw, info); err != nil {
			return err
		}
		refusal.Reason, refusal.Metadata = info.GetReason(), info.GetMetadata()
	}
	return refusal
}

// GRPC calls over a gRPC connection, to the gateway or straight to a service.
type GRPC struct {
	Conn grpc.ClientConnInterface
}

// Call converts the JSON to the registered messages and the answer back.
func (t GRPC) Call(ctx context.Context, token, call string, body []byte) ([]byte, error) {
	in, out, err := messages(call)
	if err != nil {
		return nil, err
	}
	if err := protojson.Unmarshal(body, in); err != nil {
		return nil, fmt.Errorf("body of %s: %w", call, err)
	}
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	if err := t.Conn.Invoke(ctx, "/"+call, in, out); err != nil {
		return nil, grpcRefusal(err)
	}
	return protojson.Marshal(out)
}

func messages(call string) (in, out proto.Message, err error) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(call, "/", ".")))
	if err != nil {
		return nil, nil, err
	}
	method, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, nil, fmt.Errorf("%s is not a method", call)
	}
	request, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return nil, nil, err
	}
	response, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		return nil, nil, err
	}
	return request.New().Interface(), response.New().Interface(), nil
}

func grpcRefusal(err error) error {
	from := status.Convert(err)
	refusal := &Refusal{Code: connectCode(from.Code()), Message: from.Message()}
	for _, detail := range from.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			refusal.Reason, refusal.Metadata = info.GetReason(), info.GetMetadata()
		}
	}
	return refusal
}

// connectCode spells a gRPC code as Connect does: InvalidArgument becomes invalid_argument.
func connectCode(code codes.Code) string {
	var text strings.Builder
	for i, r := range code.String() {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				text.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		text.WriteRune(r)
	}
	return text.String()
}
