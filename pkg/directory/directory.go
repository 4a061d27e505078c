// Package directory knows the agencies that take part: their units, what they
// serve, and how they are to be treated. It is a declarative file, checked whole
// when it is read.
package directory

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/loop"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Profile is what an agency may tell without the client's consent.
type Profile string

const (
	// Minimal is topics and urgency alone.
	Minimal Profile = "MINIMAL"
	// Necessary is also what the receiver must know (1301/2014 § 35.2).
	Necessary Profile = "NECESSARY"
)

// Agency is one that takes part.
type Agency struct {
	Key  string
	Kind caseworkv1.AgencyKind
	// Names by language: fi, sv and en.
	Names map[string]string
	Units []Unit
	// Profile without consent.
	Profile Profile
	// Graces are how long it has to act on what it is sent; zero fields default.
	Graces loop.Graces
	// Callback is where it wants to be called; nil where it reads by itself.
	Callback *Callback
	// DutyPhone is whom those who run Koppi ring when something urgent waits, at any hour; empty
	// for nobody. It is told to no agency and no client.
	DutyPhone string
}

// Unit is a part of an agency that holds matters.
type Unit struct {
	Key            string
	Names          map[string]string
	Municipalities []string
	// Languages in which it serves, as BCP 47 tags.
	Languages   []string
	ServiceKeys []string
	// Intake receives what is addressed to the agency and to no unit.
	Intake bool
	// Duty is who takes the unit's new matters, by ISO 8601 week such as "2026-W48".
	Duty map[string][]string
	// Email is where it is told, without content, that something waits; empty for nowhere.
	Email string
}

// OnDuty are the agency's units in which a worker is on duty in the week of a time, in
// Helsinki.
func (d *Directory) OnDuty(agency, worker string, at time.Time) []string {
	year, week := at.In(loop.Helsinki()).ISOWeek()
	key := fmt.Sprintf("%04d-W%02d", year, week)
	var units []string
	for _, unit := range d.agencies()[agency].Units {
		if slices.Contains(unit.Duty[key], worker) {
			units = append(units, unit.Key)
		}
	}
	return units
}

// Directory is the whole of them. It is safe for concurrent use, and changes only as
// a whole: see Watch.
type Directory struct {
	content atomic.Pointer[map[string]Agency]
}

func (d *Directory) agencies() map[string]Agency {
	if content := d.content.Load(); content != nil {
		return *content
	}
	return nil
}

// Replace makes it hold what another does.
func (d *Directory) Replace(other *Directory) { d.content.Store(other.content.Load()) }

// Load reads and checks a directory file.
func Load(path string) (*Directory, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Agency finds an agency by its key.
func (d *Directory) Agency(key string) (Agency, bool) {
	agency, ok := d.agencies()[key]
	return agency, ok
}

// Unit finds a unit of an agency.
func (d *Directory) Unit(agency, unit string) (Unit, bool) {
	for _, candidate := range d.agencies()[agency].Units {
		if candidate.Key == unit {
			return candidate, true
		}
	}
	return Unit{}, false
}

// Intake is the unit that receives what is addressed to the agency alone; empty
// where it has none.
func (d *Directory) Intake(agency string) string {
	for _, unit := range d.agencies()[agency].Units {
		if unit.Intake {
			return unit.Key
		}
	}
	return ""
}

// Agencies lists all, by key.
func (d *Directory) Agencies() []Agency {
	agencies := d.agencies()
	all := make([]Agency, 0, len(agencies))
	for _, key := range slices.Sorted(maps.Keys(agencies)) {
		all = append(all, agencies[key])
	}
	return all
}

// Called lists the agencies that want to be called, by key.
func (d *Directory) Called() []string {
	var called []string
	for _, agency := range d.Agencies() {
		if agency.Callback != nil {
			called = append(called, agency.Key)
		}
	}
	return called
}

// Check refuses a party whose agency or unit is not in the directory; the path
// names the field that holds it.
func (d *Directory) Check(party *commonv1.Party, path string) error {
	if _, known := d.agencies()[party.GetAgency()]; !known {
		return fault.New(fault.UnknownParty, "there is no such agency").Field(path+".agency", "not in the directory")
	}
	if party.GetUnit() == "" {
		return nil
	}
	if _, known := d.Unit(party.GetAgency(), party.GetUnit()); !known {
		return fault.New(fault.UnknownParty, "the agency has no such unit").Field(path+".unit", "not in the directory")
	}
	return nil
}
