package rulestest

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// StepsAreComplete checks that a table has exactly the steps of the contract, and that the tests try
// all of them. A step is a method whose request begins with request_id and the id of the matter,
// such as concern_id.
func StepsAreComplete(t testing.TB, service protoreflect.ServiceDescriptor, table, tried []string) {
	t.Helper()
	var contract []string
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		if isStep(method) {
			contract = append(contract, string(method.Name()))
		}
	}
	if len(contract) == 0 {
		t.Errorf("%s has no steps", service.FullName())
	}
	compare(t, "the contract", contract, "the table", table)
	compare(t, "the table", table, "the tests", tried)
}

// isStep reports whether a method is a step on an existing matter.
func isStep(method protoreflect.MethodDescriptor) bool {
	// "koppi.concern.v1" has concern_id.
	matter := strings.Split(string(method.ParentFile().Package()), ".")[1] + "_id"
	fields := method.Input().Fields()
	first, second := fields.ByNumber(1), fields.ByNumber(2)
	return first != nil && first.Name() == "request_id" && second != nil && string(second.Name()) == matter
}

func compare(t testing.TB, nameA string, a []string, nameB string, b []string) {
	t.Helper()
	for _, step := range a {
		if !slices.Contains(b, step) {
			t.Errorf("%s of %s is missing in %s", step, nameA, nameB)
		}
	}
	for _, step := range b {
		if !slices.Contains(a, step) {
			t.Errorf("%s of %s is missing in %s", step, nameB, nameA)
		}
	}
}
