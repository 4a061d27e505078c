package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"koppi.internal/pkg/version"
)

// oldContract is a contract of which something of each kind is deprecated.
const oldContract = `name: "old.proto" package: "test.old.v1" syntax: "proto3"
	message_type { name: "Request"
		field { name: "kept" json_name: "kept" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
		field { name: "gone" json_name: "gone" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL options { deprecated: true } }
		field { name: "kinds" json_name: "kinds" number: 3 type: TYPE_ENUM type_name: ".test.old.v1.Kind" label: LABEL_REPEATED }
		field { name: "inner" json_name: "inner" number: 4 type: TYPE_MESSAGE type_name: ".test.old.v1.Request" label: LABEL_OPTIONAL } }
	message_type { name: "Response" }
	enum_type { name: "Kind" value { name: "KIND_UNSPECIFIED" number: 0 } value { name: "KIND_NEW" number: 1 } value { name: "KIND_GONE" number: 2 options { deprecated: true } } }
	service { name: "Service"
		method { name: "Keep" input_type: ".test.old.v1.Request" output_type: ".test.old.v1.Response" }
		method { name: "Leave" input_type: ".test.old.v1.Request" output_type: ".test.old.v1.Response" options { deprecated: true } } }`

// registerOld makes the gateway know the old contract.
func registerOld(t *testing.T) {
	t.Helper()
	description := &descriptorpb.FileDescriptorProto{}
	if err := prototext.Unmarshal([]byte(oldContract), description); err != nil {
		t.Fatal(err)
	}
	file, err := protodesc.NewFile(description, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
		t.Fatal(err)
	}
	for i := range file.Messages().Len() {
		if err := protoregistry.GlobalTypes.RegisterMessage(dynamicpb.NewMessageType(file.Messages().Get(i))); err != nil {
			t.Fatal(err)
		}
	}
}

// willing is a service that accepts every call.
type willing struct{ grpc.ClientConnInterface }

func (willing) Invoke(context.Context, string, any, any, ...grpc.CallOption) error { return nil }

// An answer names what its call used of the contract that is deprecated, and nothing else; each names the
// version.
func TestDeprecatedIsNamed(t *testing.T) {
	registerOld(t)
	handler, err := New(Config{
		Services: map[string]grpc.ClientConnInterface{"test.old.v1.Service": willing{}}, Pages: http.NotFoundHandler(),
		Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ method, body, want string }{
		{"Keep", `{"kept": "a", "kinds": ["KIND_NEW"], "inner": {"kept": "b"}}`, ""},
		{"Keep", `{"gone": "a"}`, "test.old.v1.Request.gone"},
		{"Keep", `{"inner": {"inner": {"gone": "a"}}}`, "test.old.v1.Request.gone"},
		{"Keep", `{"gone": "a", "kinds": ["KIND_GONE", "KIND_GONE"]}`, "test.old.v1.Kind.KIND_GONE, test.old.v1.Request.gone"},
		{"Leave", `{}`, "test.old.v1.Service.Leave"},
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/test.old.v1.Service/"+test.method, strings.NewReader(test.body))
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != http.StatusOK || answer.Header().Get("Koppi-Deprecated") != test.want || answer.Header().Get("Koppi-Version") != version.Number {
			t.Errorf("%s %s: %d %v, want %q", test.method, test.body, answer.Code, answer.Header(), test.want)
		}
	}
}
