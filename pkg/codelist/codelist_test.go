package codelist_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	_ "koppi.internal/proto/gen/koppi/casework/v1" // each package brings its part of the contract
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	_ "koppi.internal/proto/gen/koppi/consent/v1"
	_ "koppi.internal/proto/gen/koppi/consultation/v1"
	_ "koppi.internal/proto/gen/koppi/exchange/v1"
	_ "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/proto/texts"
)

// A changed file is applied without a restart. An invalid one is logged once, with the reason, and leaves
// the lists as they were.
func TestReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"papers": [` + lease + `]}`)
	file, err := codelist.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	file.CheckEvery(time.Millisecond)
	lines := make(logged, 16)
	go file.Watch(t.Context(), slog.New(slog.NewTextHandler(lines, nil)))
	has := func(key string) bool { return file.Table().Has(codelist.PaperKinds, key) }
	if !has("lease") || has("other") {
		t.Error("the file is not read")
	}
	write(`{"papers": [` + other + `]}`)
	if line := <-lines; !strings.Contains(line, "were changed") || has("lease") || !has("other") {
		t.Error(line)
	}
	write(`{"papers": [` + lease + `, ` + lease + `]}`)
	if line := <-lines; !strings.Contains(line, "is invalid") || !strings.Contains(line, "papers[1] (lease): key: is listed twice") || has("lease") {
		t.Error(line)
	}
	write(`{"papers": [` + lease + `]}`)
	if line := <-lines; !strings.Contains(line, "were changed") || !has("lease") {
		t.Error(line)
	}
}

// logged receives the lines of a log.
type logged chan string

func (l logged) Write(line []byte) (int, error) {
	l <- string(bytes.TrimSpace(line))
	return len(line), nil
}

// A process does not start with a file that is missing or invalid; without a file it has the built-in lists.
func TestOpen(t *testing.T) {
	folder := t.TempDir()
	if _, err := codelist.Open(filepath.Join(folder, "none.json")); err == nil {
		t.Error("a missing file is accepted")
	}
	bad := filepath.Join(folder, "bad.json")
	if err := os.WriteFile(bad, []byte(`{"papers": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := codelist.Open(bad); err == nil || !strings.Contains(err.Error(), "papers: no codes") {
		t.Error(err)
	}
	builtIn, err := codelist.Open("")
	if err != nil || !builtIn.Table().Has(codelist.PaperKinds, "lease") {
		t.Error(err)
	}
}

// fieldsOf returns the fields that a refusal names, with what is said of them.
func fieldsOf(err error) (fields []string) {
	for _, detail := range status.Convert(err).Details() {
		if request, ok := detail.(*errdetails.BadRequest); ok {
			for _, field := range request.GetFieldViolations() {
				fields = append(fields, field.GetField()+": "+field.GetDescription())
			}
		}
	}
	return fields
}

// A key that is not in the field's list is refused: each of them by its place in the request, without a word
// of what it says. Without lists every key is.
func TestCheck(t *testing.T) {
	builtIn := codelist.Hold(parsed(t, string(codelist.BuiltIn)))
	const want = ": a key of the list papers of GetCodes"
	for _, test := range []struct {
		request proto.Message
		fields  []string
	}{
		{&attachmentv1.StartUploadRequest{}, nil},
		{&attachmentv1.StartUploadRequest{PaperKind: "lease"}, nil},
		{&attachmentv1.StartUploadRequest{PaperKind: "vuokra"}, []string{"paper_kind" + want}},
		{&attachmentv1.StartUploadRequest{PaperKind: "LEASE"}, []string{"paper_kind" + want}},
		{&concernv1.RequestInformationRequest{Papers: []string{"lease", "other"}, Question: "vuokra"}, nil},
		{&concernv1.RequestInformationRequest{Papers: []string{"lease", "vuokra", "other", "lease-2"}}, []string{"papers[1]" + want, "papers[3]" + want}},
		{&referralv1.RequestInformationRequest{Papers: []string{"vuokra"}}, []string{"papers[0]" + want}},
		{&referralv1.RequestInformationRequest{Papers: []string{""}}, []string{"papers[0]" + want}},
	} {
		err := builtIn.Check(test.request)
		if !slices.Equal(fieldsOf(err), test.fields) || err != nil && fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("%v: %v, of %q", test.request, err, fieldsOf(err))
		}
		if err != nil && strings.Contains(err.Error(), "vuokra") {
			t.Errorf("the refusal repeats what was sent: %v", err)
		}
	}
	var none *codelist.Codes
	if err := none.Check(&attachmentv1.StartUploadRequest{PaperKind: "lease"}); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("without lists a key is accepted: %v", err)
	}
	if err := none.Check(&attachmentv1.StartUploadRequest{Filename: "lease"}); err != nil {
		t.Error(err)
	}
}

// Each list that the contract names exists.
func TestContractNamesListsThatExist(t *testing.T) {
	table, fields := parsed(t, string(codelist.BuiltIn)), 0
	protoregistry.GlobalTypes.RangeMessages(func(message protoreflect.MessageType) bool {
		for i := range message.Descriptor().Fields().Len() {
			field := message.Descriptor().Fields().Get(i)
			if list := texts.CodeListOf(field); list != "" {
				fields++
				if _, known := table.List(list); !known {
					t.Errorf("%s is of the list %q, which does not exist", field.FullName(), list)
				}
			}
		}
		return true
	})
	if fields < 3 {
		t.Errorf("only %d fields name a list", fields)
	}
}
