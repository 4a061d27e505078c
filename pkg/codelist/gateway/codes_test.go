package gateway_test

import (
	"testing"

	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/codelist/gateway"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// A list has its codes in its order, with their names; another list is refused.
func TestGetCodes(t *testing.T) {
	table, err := codelist.Parse(codelist.BuiltIn)
	if err != nil {
		t.Fatal(err)
	}
	lists := &gateway.Lists{Codes: codelist.Hold(table)}
	answer, err := lists.GetCodes(t.Context(), &caseworkv1.GetCodesRequest{List: "papers"})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := table.List("papers")
	if len(answer.GetCodes()) != len(want) {
		t.Fatalf("%v", answer)
	}
	for i, code := range answer.GetCodes() {
		if code.GetKey() != want[i].Key || code.GetList() != "papers" || code.GetNames()["sv"] != want[i].Names["sv"] || len(code.GetNames()) != 3 {
			t.Errorf("%v, want %v", code, want[i])
		}
	}
	for _, list := range []string{"", "paper", "PAPERS", "units"} {
		if _, err := lists.GetCodes(t.Context(), &caseworkv1.GetCodesRequest{List: list}); fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("%q: %v", list, err)
		}
	}
}
