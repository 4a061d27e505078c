package contract_test

import (
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"koppi.internal/proto/contract"
)

// The digest covers every file of the contract, and is the same each time.
func TestDigest(t *testing.T) {
	files, err := filepath.Glob("../koppi/*/v1/*.proto")
	if err != nil || len(files) != len(contract.Files()) {
		t.Errorf("%d files, of which the digest covers %d: %v", len(files), len(contract.Files()), err)
	}
	if first, second := contract.Digest(), contract.Digest(); first != second || len(first) != 64 {
		t.Errorf("%s, then %s", first, second)
	}
}

// Of each kind of element, the deprecated one is named.
func TestDeprecatedIn(t *testing.T) {
	description := &descriptorpb.FileDescriptorProto{}
	err := prototext.Unmarshal([]byte(`name: "old.proto" package: "old.v1" syntax: "proto3"
		message_type { name: "New" field { name: "kept" json_name: "kept" number: 1 type: TYPE_BOOL label: LABEL_OPTIONAL }
			field { name: "gone" json_name: "gone" number: 2 type: TYPE_BOOL label: LABEL_OPTIONAL options { deprecated: true } }
			nested_type { name: "Inner" options { deprecated: true } }
			enum_type { name: "Kind" value { name: "KIND_UNSPECIFIED" number: 0 } value { name: "KIND_GONE" number: 1 options { deprecated: true } } } }
		service { name: "Service"
			method { name: "Keep" input_type: ".old.v1.New" output_type: ".old.v1.New" }
			method { name: "Go" input_type: ".old.v1.New" output_type: ".old.v1.New" options { deprecated: true } } }`), description)
	if err != nil {
		t.Fatal(err)
	}
	file, err := protodesc.NewFile(description, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(contract.DeprecatedIn(file))
	want := []string{"old.v1.New.Inner", "old.v1.New.Kind.KIND_GONE", "old.v1.New.gone", "old.v1.Service.Go"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
