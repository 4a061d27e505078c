// Package directory holds the agencies that take part: their units, the services that they offer, and how
// Koppi treats them. It is a declarative file that is validated as a whole when it is read.
package directory

import (
	"maps"
	"os"
	"slices"
	"sync/atomic"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Profile is what an agency may disclose without the client's consent.
type Profile string

const (
	// Minimal discloses only topics and urgency.
	Minimal Profile = "MINIMAL"
	// Necessary also discloses what the receiver must know (1301/2014 § 35.2).
	Necessary Profile = "NECESSARY"
)

// Agency is an agency that takes part.
type Agency struct {
	Key  string
	Kind caseworkv1.AgencyKind
	// Names by language: fi, sv and en.
	Names map[string]string
	// ShortNames are the names that people use, by the same languages; nil if there are none.
	ShortNames map[string]string
	Units      []Unit
	// Profile that applies without the client's consent.
	Profile Profile
	// Graces are how long the agency has to act on what it receives; zero fields get defaults.
	Graces matter.Graces
	// Callback is the endpoint at which Koppi calls the agency; nil if the agency reads its mailbox itself.
	Callback *Callback
	// DutyPhone is the telephone number that operators call at any hour when something urgent waits; empty if
	// there is none. It is disclosed to no agency and no client.
	DutyPhone string
	// ByUnit says that the agency's people read the matters of their units' areas, and not all of the agency.
	ByUnit bool
	// EmergencyPhone is the number that clients can call at any hour if they need help at once; empty if there
	// is none.
	EmergencyPhone string
	// ChildWelfare is where a child welfare notification is made; nil if the file does not say.
	ChildWelfare *ChildWelfare
	// OnBehalf limits for which workers the agency's systems may act; nil if they may act for all.
	OnBehalf    []OnBehalf
	Definitions Definitions
}

// Unit is a part of an agency that handles matters.
type Unit struct {
	Key string
	// Kind is the unit's branch of administration: its own, or the agency's.
	Kind           caseworkv1.AgencyKind
	Names          map[string]string
	ShortNames     map[string]string
	Municipalities []string
	// Languages in which it serves, as BCP 47 tags.
	Languages   []string
	ServiceKeys []string
	// Intake says that the unit receives what is addressed to the agency without a unit.
	Intake bool
	// Area is the area to which the unit's matters belong; Reads are the other areas that its people read.
	Area  string
	Reads []string
	// Duty lists the workers who take the unit's new matters, by ISO 8601 week such as "2026-W48".
	Duty map[string][]string
	// Email is the address that gets a notice, without content, when something waits; empty for none.
	Email string
	// Phone is the number for clients and other agencies, PhoneHours when it is answered; empty if unknown.
	Phone      string
	PhoneHours []*commonv1.PhoneHours
	Address    string
	// Workers are what the file says of the unit's workers, in its order.
	Workers []Worker
	// OnCall is when the unit is on call; nil if it never is.
	OnCall *OnCall
}

// Directory is a whole directory. It is safe for concurrent use, and is replaced only as a whole: see Watch.
type Directory struct {
	content atomic.Pointer[content]
}

// content is what a directory file says.
type content struct {
	agencies map[string]Agency
	// municipalities are names of municipalities by code and language.
	municipalities map[string]map[string]string
	// areas are those of each agency whose people read by unit; commands ask for them often.
	areas map[string]areas
}

// areas are the areas of an agency's units, by unit, and each once, sorted.
type areas struct {
	byUnit map[string]string
	names  []string
}

func (d *Directory) agencies() map[string]Agency {
	if known := d.content.Load(); known != nil {
		return known.agencies
	}
	return nil
}

// Replace gives it the content of another directory.
func (d *Directory) Replace(other *Directory) { d.content.Store(other.content.Load()) }

// Load reads and validates a directory file.
func Load(path string) (*Directory, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Agency returns an agency by its key; false if there is none.
func (d *Directory) Agency(key string) (Agency, bool) {
	agency, ok := d.agencies()[key]
	return agency, ok
}

// Unit returns a unit of an agency; false if there is none.
func (d *Directory) Unit(agency, unit string) (Unit, bool) {
	for _, candidate := range d.agencies()[agency].Units {
		if candidate.Key == unit {
			return candidate, true
		}
	}
	return Unit{}, false
}

// KindOf returns the branch of administration of a party: of its unit, or else of its agency.
func (d *Directory) KindOf(party *commonv1.Party) caseworkv1.AgencyKind {
	if unit, known := d.Unit(party.GetAgency(), party.GetUnit()); known {
		return unit.Kind
	}
	return d.agencies()[party.GetAgency()].Kind
}

// Intake returns the unit that receives what is addressed to the agency without a unit; empty if there is
// none.
func (d *Directory) Intake(agency string) string {
	for _, unit := range d.agencies()[agency].Units {
		if unit.Intake {
			return unit.Key
		}
	}
	return ""
}

// Agencies returns all agencies, sorted by key.
func (d *Directory) Agencies() []Agency {
	agencies := d.agencies()
	all := make([]Agency, 0, len(agencies))
	for _, key := range slices.Sorted(maps.Keys(agencies)) {
		all = append(all, agencies[key])
	}
	return all
}

// Called returns the keys of the agencies with a callback endpoint, sorted.
func (d *Directory) Called() []string {
	var called []string
	for _, agency := range d.Agencies() {
		if agency.Callback != nil {
			called = append(called, agency.Key)
		}
	}
	return called
}

// Check refuses a party whose agency or unit is not in the directory. The path names the request field that
// holds the party.
func (d *Directory) Check(party *commonv1.Party, path string) error {
	if _, known := d.agencies()[party.GetAgency()]; !known {
		return fault.New(fault.UnknownParty, "the agency does not exist").Field(path+".agency", "not in the directory")
	}
	if party.GetUnit() == "" {
		return nil
	}
	if _, known := d.Unit(party.GetAgency(), party.GetUnit()); !known {
		return fault.New(fault.UnknownParty, "the agency has no such unit").Field(path+".unit", "not in the directory")
	}
	return nil
}
