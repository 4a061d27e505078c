package gateway

import (
	"testing"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
)

// FuzzMonths: any pair of months is either refused as INVALID_FIELD or is a range of at most 36
// valid months.
func FuzzMonths(f *testing.F) {
	for _, pair := range [][2]string{
		{"9999-11", "9999-12"},
		{"2026-01", "2026-03"},
		{"2099-11", "2099-12"},
		{"0000-01", "0000-02"},
		{"2026-13", "2026-14"},
		{"2026-02", "2026-01"},
		{"2000-01", "2099-12"},
		{"", ""},
		{"20260-1", "20260-2"},
		{"2099-12", "2100-01"},
		{"1999-12", "2000-01"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, from, to string) {
		err := checkMonths(from, to)
		if err != nil {
			if fault.ReasonOf(err) != fault.InvalidField {
				t.Fatalf("%q %q: %v", from, to, err)
			}
			return
		}
		months := 0
		for in := from; in <= to; months++ {
			if in, err = matter.NextMonth(in); err != nil || months > maxMonths {
				t.Fatalf("%q %q: %v after %d", from, to, err, months)
			}
		}
	})
}
