package overview

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
)

// counting is a journal that counted names in months.
type counting struct {
	journal.Counters

	names map[string][]matter.Count
}

func (c counting) Counted(_ context.Context, month, first, last string) (bool, error) {
	return slices.ContainsFunc(c.names[month], func(name matter.Count) bool { return first <= string(name) && string(name) <= last }), nil
}

// A ground is listed from its use until 30 days later, in whichever month that was, unless a lawyer has
// accepted it since.
func TestUnreviewedGrounds(t *testing.T) {
	reviewed := bytes.Replace(ground.BuiltIn, []byte(`"source": "434/2003", "reviewed": null`), []byte(`"source": "434/2003", "reviewed": {"by": "Juristi", "on": "2026-11-30"}`), 1)
	table, err := ground.Parse(reviewed)
	if err != nil || bytes.Equal(reviewed, ground.BuiltIn) {
		t.Fatal(err)
	}
	o := &Overview{Grounds: ground.Hold(table), Counters: counting{names: map[string][]matter.Count{
		"2027-01": {matter.CountUnreviewed("shl-35-2", "2027-01-30"), matter.CountUnreviewed("consent", "2027-01-29"), matter.CountUnreviewed("hl-21", "2027-01-31")},
		"2027-02": {matter.CountUnreviewed("ttl-14c", "2027-02-03")},
		"2027-03": {matter.CountUnreviewed("shl-35", "2027-03-01"), matter.CountUnreviewed("shl-35-1", "2027-03-01")},
	}}}
	for now, want := range map[string][]string{
		"2027-03-01T12:00:00Z": {"shl-35-1", "shl-35-2", "ttl-14c"},
		"2027-03-01T22:00:00Z": {"shl-35-1", "ttl-14c"},
		"2027-02-28T21:00:00Z": {"consent", "shl-35-2", "ttl-14c"},
		"2027-04-02T12:00:00Z": nil,
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		found, err := o.unreviewed(t.Context(), at)
		var keys []string
		for _, one := range found {
			keys = append(keys, one.GetKey())
			if row, _ := table.Find(one.GetKey(), at); one.GetProvision() != row.Provision || one.GetDoubts() != row.Doubts {
				t.Errorf("%v", one)
			}
		}
		slices.Sort(keys)
		if err != nil || !slices.Equal(keys, want) {
			t.Errorf("%s: %v %v, want %v", now, keys, err, want)
		}
	}
}
