package process

import (
	"testing"

	"koppi.internal/pkg/idcode"
)

// A trial accepts all identity codes, and is no test environment.
func TestPersons(t *testing.T) {
	for _, one := range []struct {
		dev, test bool
		want      idcode.Persons
		refused   bool
	}{
		{want: idcode.RealPersons}, {test: true, want: idcode.TestPersons}, {dev: true, want: idcode.AllPersons}, {dev: true, test: true, refused: true},
	} {
		got, err := Environment{TestPersons: one.test}.Persons(one.dev)
		if got != one.want || (err != nil) != one.refused {
			t.Errorf("%+v: %v, %v", one, got, err)
		}
	}
}
