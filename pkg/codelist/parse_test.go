package codelist_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/codelist"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// The built-in list of kinds is the one of the design, in its order, and names each kind in three languages.
func TestBuiltIn(t *testing.T) {
	list, known := parsed(t, string(codelist.BuiltIn)).List("papers")
	if !known {
		t.Fatal("there is no list of kinds")
	}
	want := []string{
		"invoice lasku", "receipt kuitti", "lease vuokrasopimus", "payslip palkkalaskelma", "bank-statement tiliote", "decision päätös",
		"medical-certificate lääkärintodistus", "eviction-notice häätöilmoitus", "other muu asiakirja",
	}
	var got []string
	for _, code := range list {
		got = append(got, code.Key+" "+code.Names["fi"])
		if len(code.Names) != 3 || code.Names["sv"] == "" || code.Names["en"] == "" {
			t.Errorf("%s is called %v", code.Key, code.Names)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

const (
	lease = `{"key": "lease", "names": {"fi": "vuokrasopimus", "sv": "hyresavtal", "en": "lease"}}`
	other = `{"key": "other", "names": {"fi": "muu", "sv": "annan", "en": "other"}}`
)

func parsed(t testing.TB, text string) *codelist.Table {
	t.Helper()
	table, err := codelist.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// A list that the file has replaces the built-in one, and one that it leaves out is the built-in one.
func TestParseReplacesLists(t *testing.T) {
	table := parsed(t, `{"papers": [`+other+`]}`)
	if list, _ := table.List("papers"); len(list) != 1 || table.Has("papers", "lease") || !table.Has("papers", "other") || table.Has("units", "other") {
		t.Errorf("%v", list)
	}
	if table := parsed(t, "{}"); !table.Has("papers", "lease") {
		t.Error("the list of kinds is missing")
	}
}

// Each refusal names the place.
func TestParseRefuses(t *testing.T) {
	changed := func(from, to string) string {
		return `{"papers": [` + other + `, ` + strings.Replace(lease, from, to, 1) + `]}`
	}
	for _, test := range []struct{ text, want string }{
		{"", "codes: the file is empty"},
		{" \n", "codes: the file is empty"},
		{"{", "codes: the file is truncated"},
		{"{\n\n]", "codes: line 3 is not valid JSON"},
		{"[]", "codes: must be another kind of value"},
		{"null", "codes: must be an object of lists"},
		{`{"paper": [` + lease + `]}`, "paper: unknown list"},
		{`{"Papers": [` + lease + `]}`, "Papers: unknown list"},
		{`{"010594-Y9032": [` + lease + `]}`, "a name that is no key: unknown list"},
		{`{"papers": []}`, "papers: no codes"},
		{`{"papers": null}`, "papers: no codes"},
		{`{"papers": {}}`, "papers: must be another kind of value"},
		{`{"papers": [` + lease + `], "papers": [` + lease + `]}`, "papers: is listed twice"},
		{`{"papers": [` + lease + `, ` + other + `, ` + lease + `]}`, "papers[2] (lease): key: is listed twice, first at [0]"},
		{`{"papers": [null]}`, "papers[0]: key: must consist of"},
		{`{"papers": [7]}`, "papers[0]: must be another kind of value"},
		{changed(`"key": "lease", `, ``), "papers[1]: key: must consist of"},
		{changed(`"lease"`, `"Lease"`), "papers[1]: key: must consist of"},
		{changed(`"lease"`, `"-lease"`), "papers[1]: key: must consist of"},
		{changed(`"lease"`, `"`+strings.Repeat("a", 64)+`"`), "papers[1]: key: must consist of"},
		{changed(`"lease"`, `"010594-9032"`), "papers[1]: key: contains what looks like an identity code"},
		{changed(`"lease"`, `7`), "papers[1].key: must be another kind of value"},
		{changed(`"key": "lease"`, `"key": "lease", "key": "lease"`), "papers[1].key: is listed twice"},
		{changed(`"key"`, `"Key"`), "papers[1].Key: unknown key"},
		{changed(`"names"`, `"hint": "x", "names"`), "papers[1].hint: unknown key"},
		{changed(`, "names": {"fi": "vuokrasopimus", "sv": "hyresavtal", "en": "lease"}`, ``), `papers[1] (lease): names: the name in "fi" is missing`},
		{changed(`"sv": "hyresavtal", `, ``), `papers[1] (lease): names: the name in "sv" is missing`},
		{changed(`"en": "lease"`, `"en": ""`), `papers[1] (lease): names: the name in "en" is missing`},
		{changed(`"en": "lease"`, `"en": " lease"`), `papers[1] (lease): names: the name in "en" must be one line`},
		{changed(`"en": "lease"`, `"en": "a\nb"`), `papers[1] (lease): names: the name in "en" must be one line`},
		{changed(`"en": "lease"`, `"en": "`+strings.Repeat("ä", 101)+`"`), `papers[1] (lease): names: the name in "en" has more than 100 characters`},
		{changed(`"en": "lease"`, `"en": "of 010594-Y9032"`), `papers[1] (lease): names: the name in "en" contains what looks like an identity code`},
		{changed(`"en": "lease"`, `"en": "lease", "de": "Mietvertrag"`), "papers[1] (lease): names: unknown language de"},
		{changed(`"en": "lease"`, `"en": "lease", "010594-Y9032": "x"`), "papers[1] (lease): names: unknown language a name that is no key"},
		{changed(`"sv": "hyresavtal"`, `"sv": ["hyresavtal"]`), "papers[1].names.sv: must be another kind of value"},
	} {
		if _, err := codelist.Parse([]byte(test.text)); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.text, err, test.want)
		}
	}
}

// Keys have the form that the contract requires of the fields that hold them.
func TestKeyFormIsTheContracts(t *testing.T) {
	kind := (&attachmentv1.StartUploadRequest{}).ProtoReflect().Descriptor().Fields().ByName("paper_kind")
	rules, _ := proto.GetExtension(kind.Options(), validate.E_Field).(*validate.FieldRules)
	optional := strings.TrimSuffix(strings.TrimPrefix(rules.GetString().GetPattern(), "^("), ")?$")
	kinds := (&referralv1.RequestInformationRequest{}).ProtoReflect().Descriptor().Fields().ByName("papers")
	listed, _ := proto.GetExtension(kinds.Options(), validate.E_Field).(*validate.FieldRules)
	if form := listed.GetRepeated().GetItems().GetString().GetPattern(); form != codelist.KeyForm || "^"+optional+"$" != codelist.KeyForm {
		t.Errorf("the contract's forms are %s and %s, want %s", form, optional, codelist.KeyForm)
	}
}

// A file that is written from any codes reads as those codes, in their order; with one key repeated it is
// refused at the second.
func TestPropertyFilesReadAsWritten(t *testing.T) {
	type code struct {
		Key   string            `json:"key"`
		Names map[string]string `json:"names"`
	}
	name := rapid.StringMatching(`[A-ZÅÄÖa-zåäö]([ -]?[a-zåäö]){0,20}`)
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z][a-z-]{0,30}`), 1, 20, rapid.ID[string]).Draw(rt, "keys")
		var written []code
		for _, key := range keys {
			written = append(written, code{key, map[string]string{"fi": name.Draw(rt, "fi"), "sv": name.Draw(rt, "sv"), "en": name.Draw(rt, "en")}})
		}
		text := func() []byte {
			encoded, err := json.Marshal(map[string]any{"papers": written})
			if err != nil {
				rt.Fatal(err)
			}
			return encoded
		}
		table, err := codelist.Parse(text())
		if err != nil {
			rt.Fatal(err)
		}
		read, _ := table.List(codelist.PaperKinds)
		for i, code := range read {
			if code.Key != keys[i] || fmt.Sprint(code.Names) != fmt.Sprint(written[i].Names) || !table.Has(codelist.PaperKinds, code.Key) {
				rt.Fatalf("code %d reads as %v", i, code)
			}
		}
		if len(read) != len(keys) {
			rt.Fatalf("%d codes of %d", len(read), len(keys))
		}
		again := rapid.SampledFrom(written).Draw(rt, "again")
		written = append(written, again)
		if _, err := codelist.Parse(text()); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("papers[%d] (%s): key: is listed twice", len(keys), again.Key)) {
			rt.Fatal(err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(codelist.BuiltIn)
	f.Add([]byte(`{"papers":[` + lease + `]}`))
	f.Add([]byte(`{"papers":[{"key":"010594-Y9032","names":{"010594-Y9032":"010594-Y9032"}}]}`))
	f.Add([]byte(`{"010594-Y9032":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := codelist.Parse(text)
		if err != nil {
			if strings.Contains(err.Error(), "010594-Y9032") {
				t.Errorf("the refusal repeats an identity code: %v", err)
			}
			return
		}
		list, known := table.List(codelist.PaperKinds)
		if !known || len(list) == 0 {
			t.Error("the list of kinds is missing")
		}
		seen := map[string]bool{}
		for _, code := range list {
			if seen[code.Key] || !table.Has(codelist.PaperKinds, code.Key) || code.Names["fi"] == "" || code.Names["sv"] == "" || code.Names["en"] == "" || len(code.Names) != 3 {
				t.Errorf("%v is accepted", code)
			}
			seen[code.Key] = true
		}
	})
}
