package kits

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const typePrefix = "type.googleapis.com/"

// eventTypes are the messages of the contract's files of events, and one that only this process knows: the kits are of
// a version before it.
func eventTypes(t *testing.T) []string {
	t.Helper()
	var types []string
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		switch path := file.Path(); {
		case !strings.HasPrefix(path, "koppi/"):
		case path == "koppi/common/v1/appointment.proto", path == "koppi/common/v1/contact.proto",
			strings.HasSuffix(path, "/events.proto"), strings.HasSuffix(path, "/wishes.proto"), strings.HasSuffix(path, "/revocation.proto"), strings.HasSuffix(path, "/withdrawal.proto"):
			for i := range file.Messages().Len() {
				types = append(types, string(file.Messages().Get(i).FullName()))
			}
		}
		return true
	})
	if len(types) < 80 {
		t.Fatalf("the contract has %d events", len(types))
	}
	sort.Strings(types)
	// In the middle, so that a reader has to go on after it.
	return append(append(append([]string{}, types[:40]...), tomorrow(t)), types[40:]...)
}

// tomorrow has this process, and so its gateway, know an event type that no kit knows.
func tomorrow(t *testing.T) string {
	t.Helper()
	const name = "koppi.concern.v1.ConcernTomorrow"
	if _, err := protoregistry.GlobalTypes.FindMessageByName(name); err == nil {
		return name
	}
	file := testkit.Must(protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("koppi/concern/v1/tomorrow.proto"), Package: proto.String("koppi.concern.v1"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("ConcernTomorrow"), Field: []*descriptorpb.FieldDescriptorProto{{
			Name: proto.String("moved"), JsonName: proto.String("moved"), Number: proto.Int32(1),
			Type: descriptorpb.FieldDescriptorProto_TYPE_BOOL.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}}}},
	}, protoregistry.GlobalFiles))
	if err := protoregistry.GlobalTypes.RegisterMessage(dynamicpb.NewMessageType(file.Messages().Get(0))); err != nil {
		t.Fatal(err)
	}
	return name
}

// ofTomorrow is an event with a field that is not known yet, and in each enumeration a value that is not.
func ofTomorrow(t *testing.T, name string) *anypb.Any {
	t.Helper()
	value := protowire.AppendVarint(protowire.AppendTag(nil, 4000, protowire.VarintType), 1)
	kind := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))).Descriptor()
	for i := range kind.Fields().Len() {
		if field := kind.Fields().Get(i); field.Kind() == protoreflect.EnumKind && !field.IsList() && field.ContainingOneof() == nil {
			value = protowire.AppendVarint(protowire.AppendTag(value, field.Number(), protowire.VarintType), 4000)
		}
	}
	return &anypb.Any{TypeUrl: typePrefix + name, Value: value}
}

// everyEvent is an instance in which the concern mailbox of each agency holds every event, and that calls each agency at
// a port.
func everyEvent(t *testing.T, ports map[string]string) (*testkit.Fixture, []string) {
	t.Helper()
	data, types := t.TempDir(), eventTypes(t)
	files := allinone.Paths(data, "concern")
	if err := os.MkdirAll(filepath.Dir(files.KEK), 0o700); err != nil {
		t.Fatal(err)
	}
	store := testkit.Must(sqlite.Open(t.Context(), sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: testkit.Must(seal.OpenKEK(files.KEK))}))
	batch := journal.Batch{Expected: map[string]uint64{}}
	for i, name := range types {
		// Each is of an ended matter of its own, with which the service has nothing to do.
		subject, id := fmt.Sprintf("concerns/%d", i), fmt.Sprintf("message-%d", i)
		batch.Expected[subject] = 0
		batch.Events = append(batch.Events, journal.Event{Subject: subject, Version: 1, ID: id, Type: name, At: time.Now()})
		batch.Streams = append(batch.Streams, journal.Stream{Subject: subject, Service: "concern", Version: 1, Ended: true})
		for agency := range ports {
			sent := &exchangev1.CaseMessage{
				MessageId: id, Service: "concern", Mailbox: agency, Subject: subject, SubjectVersion: 1, OccurredAt: timestamppb.Now(), Event: ofTomorrow(t, name),
			}
			batch.Deliveries = append(batch.Deliveries, journal.Delivery{Agency: agency, ID: id, Subject: subject, SubjectVersion: 1, Record: testkit.Must(proto.Marshal(sent))})
		}
	}
	testkit.Must(store.Append(context.Background(), batch))
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	f := testkit.NewFixtureWith(t, allinone.Config{
		Data: data, Directory: testkit.Must(directory.Parse(callingAll(t, ports))), CallbackTiming: partnertest.CallbackTiming,
		Callbacks: callback.Settings{CallbackSecrets: secretsOf(t, ports)},
	})
	// These events are no history of the service's, and are not verified as one.
	f.Broken = true
	return f, types
}

// callingAll is the scenarios' directory, in which agencies are called at ports of this machine.
func callingAll(t *testing.T, ports map[string]string) []byte {
	t.Helper()
	var file map[string][]map[string]any
	if err := json.Unmarshal(config.Directory, &file); err != nil {
		t.Fatal(err)
	}
	for _, agency := range file["agencies"] {
		if port := ports[agency["agency"].(string)]; port != "" {
			agency["callback"] = map[string]string{"protocol": "CONNECT", "url": "http://127.0.0.1:" + port}
		}
	}
	return testkit.Must(json.Marshal(file))
}

func secretsOf(t *testing.T, ports map[string]string) string {
	t.Helper()
	secrets := map[string][]string{}
	for agency := range ports {
		secrets[agency] = []string{partnertest.CallbackSecret}
	}
	path := filepath.Join(t.TempDir(), "callbacks.json")
	if err := os.WriteFile(path, testkit.Must(json.Marshal(secrets)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
