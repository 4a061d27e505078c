package attack

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/deploy/allinone"
	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/dev"
)

// If the store fails, the errors of all calls contain nothing of it: no SQL statement, no file
// name, no driver's message, over Connect or gRPC.
func TestFaultyStoreTellsNothing(t *testing.T) {
	f := testkit.NewFixture(t)
	id := f.SubmitReport()
	f.Broken = true
	for _, service := range all.Services {
		if err := f.Koppi.Store(service.Name).Close(); err != nil {
			t.Fatal(err)
		}
	}
	protocols, failed := bothHTTP(), 0
	for _, service := range allinone.Served() {
		if service == dev.ServiceName {
			continue
		}
		methods := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))).(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			method := methods.Get(i)
			if method.IsStreamingClient() || method.IsStreamingServer() {
				continue
			}
			call := service + "/" + string(method.Name())
			answer := raw(f, protocols["HTTP/1.1"], call, "application/proto", asking(method.Input(), id), nil)
			if strings.HasPrefix(answer, "503") {
				failed++
			}
			for _, inner := range []string{"sql", "SQL", "database", ".db", "sqlite", "journal/", "/tmp", ".go:", "goroutine"} {
				if strings.Contains(answer, inner) {
					t.Errorf("%s tells %q: %.500s", call, inner, answer)
				}
			}
		}
	}
	for _, call := range []string{testkit.ConcernService + "ListConcerns", testkit.ConcernService + "GetConcern"} {
		answer := raw(f, protocols["HTTP/2"], call, "application/grpc", framedEmpty, nil)
		if strings.Contains(answer, "sql") {
			t.Errorf("%s: %s", call, answer)
		}
	}
	if _, err := f.Call(f.Tokens["county"], testkit.ConcernService+"ListConcerns", `{}`); err == nil || !strings.Contains(err.Error(), "UNAVAILABLE") {
		t.Errorf("a store that is closed: %v", err)
	}
	if failed < 20 {
		t.Errorf("only %d calls found the store failing", failed)
	}
	t.Logf("%d calls found the store failing", failed)
	if response, err := http.Get(f.Address + "/healthz"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("the gateway: %v", err)
	}
}

// asking is a request for a subject, as far as its ids go.
func asking(of protoreflect.MessageDescriptor, id string) []byte {
	request := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(of.FullName())).New()
	for i := range of.Fields().Len() {
		if field := of.Fields().Get(i); field.Kind() == protoreflect.StringKind && !field.IsList() && strings.HasSuffix(string(field.Name()), "_id") {
			request.Set(field, protoreflect.ValueOfString(id))
		}
	}
	return testkit.Must(proto.Marshal(request.Interface()))
}
