package serve

import (
	"testing"

	"buf.build/go/protovalidate"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Every request passes the lists that hold now, after the rules of its own fields: a kind of document that is
// in no list is refused where the request enters, and one that was added passes.
func TestKeysAreOfTheirLists(t *testing.T) {
	validator, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	read := func(text []byte) *codelist.Table {
		table, err := codelist.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	const id = "7a0b54c4-7c39-4a0e-8a41-1de7e4b3f1d5"
	requests := func(kind string) []proto.Message {
		return []proto.Message{
			&attachmentv1.StartUploadRequest{RequestId: id, Filename: "a.pdf", SizeBytes: 1, PaperKind: kind},
			&concernv1.RequestInformationRequest{RequestId: id, ConcernId: id, Papers: []string{"other", kind}},
			&referralv1.RequestInformationRequest{RequestId: id, ReferralId: id, Papers: []string{"other", kind}},
		}
	}
	added := []byte(`{"papers": [{"key": "other", "names": {"fi": "a", "sv": "b", "en": "c"}}, {"key": "vuokra", "names": {"fi": "a", "sv": "b", "en": "c"}}]}`)
	for name, test := range map[string]struct {
		codes *codelist.Codes
		takes []string
		not   []string
	}{
		"built in": {codelist.Hold(read(codelist.BuiltIn)), []string{"lease", "bank-statement"}, []string{"vuokra", "Lease", "vuokra sopimus"}},
		"a file":   {codelist.Hold(read(added)), []string{"vuokra"}, []string{"lease"}},
		"no lists": {nil, nil, []string{"lease"}},
	} {
		checks := &checks{validator: validator, codes: test.codes}
		for _, kind := range test.takes {
			for _, request := range requests(kind) {
				if err := checks.check(request); err != nil {
					t.Errorf("%s: %T with %q: %v", name, request, kind, err)
				}
			}
		}
		for _, kind := range test.not {
			for _, request := range requests(kind) {
				if err := checks.check(request); fault.ReasonOf(err) != fault.InvalidField {
					t.Errorf("%s: %T with %q: %v", name, request, kind, err)
				}
			}
		}
	}
}
