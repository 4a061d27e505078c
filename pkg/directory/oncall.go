package directory

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// OnCall are the hours of the day, in Helsinki, in which a unit is on call, such as "16:00-24:00".
type OnCall struct{ WorkingDays, OtherDays []string }

type fileOnCall struct {
	WorkingDays []string `json:"workingDays"`
	OtherDays   []string `json:"otherDays"`
}

// defaultOnCall is when a unit is on call whose file names no hours: outside office hours.
var defaultOnCall = OnCall{WorkingDays: []string{"00:00-08:00", "16:00-24:00"}, OtherDays: []string{"00:00-24:00"}}

// hoursForm is a part of a day. Its texts sort as its times do.
var hoursForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`)

// check parses the hours of a unit; nil stays nil.
func (f *fileOnCall) check() (*OnCall, error) {
	if f == nil {
		return nil, nil
	}
	onCall := defaultOnCall
	if f.WorkingDays != nil {
		onCall.WorkingDays = f.WorkingDays
	}
	if f.OtherDays != nil {
		onCall.OtherDays = f.OtherDays
	}
	for key, hours := range map[string][]string{"workingDays": onCall.WorkingDays, "otherDays": onCall.OtherDays} {
		before := ""
		for i, part := range hours {
			begins, ends := span(part)
			switch {
			case !hoursForm.MatchString(part):
				return nil, fmt.Errorf("onCall: %s[%d]: %q must be hours such as 16:00-24:00", key, i, part)
			case ends <= begins, begins < before:
				return nil, fmt.Errorf("onCall: %s[%d]: %q must end after it begins, and begin after the part before it", key, i, part)
			}
			before = ends
		}
	}
	return &onCall, nil
}

// Covers reports whether a unit is on call at a time.
func (o *OnCall) Covers(at time.Time) bool {
	if o == nil {
		return false
	}
	hours := o.OtherDays
	if matter.IsWorkingDay(at) {
		hours = o.WorkingDays
	}
	clock := at.In(matter.Helsinki()).Format("15:04")
	return slices.ContainsFunc(hours, func(part string) bool {
		begins, ends := span(part)
		return begins <= clock && clock < ends
	})
}

// span returns when a part of a day begins and ends.
func span(part string) (begins, ends string) {
	begins, ends, _ = strings.Cut(part, "-")
	return begins, ends
}

// meets reports whether two units are on call at one time.
func (o *OnCall) meets(other *OnCall) bool {
	if o == nil || other == nil {
		return false
	}
	return overlap(o.WorkingDays, other.WorkingDays) || overlap(o.OtherDays, other.OtherDays)
}

func overlap(a, b []string) bool {
	for _, one := range a {
		for _, other := range b {
			begins, ends := span(one)
			if otherBegins, otherEnds := span(other); begins < otherEnds && otherBegins < ends {
				return true
			}
		}
	}
	return false
}

// checkOnCall refuses two units of one kind that are on call at one time: an emergency goes to one.
func checkOnCall(units []Unit) error {
	for i, unit := range units {
		for _, other := range units[:i] {
			if unit.Kind == other.Kind && unit.OnCall.meets(other.OnCall) {
				return fmt.Errorf("units %q and %q are of one kind and on call at one time", other.Key, unit.Key)
			}
		}
	}
	return nil
}

// OnCall returns the unit of a party's agency and kind that is on call at a time; nil if there is none.
func (d *Directory) OnCall(party *commonv1.Party, at time.Time) *commonv1.Party {
	kind := d.KindOf(party)
	for _, unit := range d.agencies()[party.GetAgency()].Units {
		if unit.Kind == kind && unit.OnCall.Covers(at) {
			return &commonv1.Party{Agency: party.GetAgency(), Unit: unit.Key}
		}
	}
	return nil
}
