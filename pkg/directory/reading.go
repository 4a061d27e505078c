package directory

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// ReadsByUnit reports whether an agency's people read the matters of their units' areas, and not all of the
// agency. It holds for an agency that is not in the directory: it then reads nothing by a unit.
func (d *Directory) ReadsByUnit(agency string) bool {
	known, is := d.agencies()[agency]
	return !is || known.ByUnit
}

// ReadableUnits returns the units of an agency whose matters the people of one of its units may read: those
// of the unit's area and of the areas that it reads. Intake says that the agency's intake unit is of them,
// to which the matters of units fall that are no longer in the directory.
func (d *Directory) ReadableUnits(agency, unit string) (units []string, intake bool) {
	own, known := d.Unit(agency, unit)
	if !known {
		return nil, false
	}
	for _, other := range d.agencies()[agency].Units {
		if other.Area == own.Area || slices.Contains(own.Reads, other.Area) {
			units, intake = append(units, other.Key), intake || other.Intake
		}
	}
	return units, intake
}

// Areas returns the areas of an agency's units, by unit; nil where its people read all of the agency. The map is shared:
// callers do not change it.
func (d *Directory) Areas(agency string) map[string]string { return d.areas(agency).byUnit }

// AreaNames returns an agency's areas, each once, sorted; nil where its people read all of the agency. The slice is
// shared: callers do not change it.
func (d *Directory) AreaNames(agency string) []string { return d.areas(agency).names }

func (d *Directory) areas(agency string) areas {
	if known := d.content.Load(); known != nil {
		return known.areas[agency]
	}
	return areas{}
}

func areasOf(agencies map[string]Agency) map[string]areas {
	all := map[string]areas{}
	for key, agency := range agencies {
		if !agency.ByUnit {
			continue
		}
		byUnit := map[string]string{}
		for _, unit := range agency.Units {
			byUnit[unit.Key] = unit.Area
		}
		all[key] = areas{byUnit, slices.Compact(slices.Sorted(maps.Values(byUnit)))}
	}
	return all
}

// AgencyWide returns the keys of the agencies whose people read all matters of the agency, and not by unit,
// sorted.
func (d *Directory) AgencyWide() []string {
	var keys []string
	for _, agency := range d.Agencies() {
		if !agency.ByUnit {
			keys = append(keys, agency.Key)
		}
	}
	return keys
}

// UnitKeys returns the keys of an agency's units.
func (d *Directory) UnitKeys(agency string) []string {
	var keys []string
	for _, unit := range d.agencies()[agency].Units {
		keys = append(keys, unit.Key)
	}
	return keys
}

// UnitsOfKind returns the keys of an agency's units of one branch of administration.
func (d *Directory) UnitsOfKind(agency string, kind caseworkv1.AgencyKind) []string {
	var keys []string
	for _, unit := range d.agencies()[agency].Units {
		if unit.Kind == kind {
			keys = append(keys, unit.Key)
		}
	}
	return keys
}

// byUnit parses how an agency's people read: "UNIT", or "AGENCY" and empty.
func byUnit(reading string) (bool, error) {
	switch reading {
	case "UNIT":
		return true, nil
	case "AGENCY", "":
		return false, nil
	default:
		return false, fmt.Errorf("reading must be UNIT or AGENCY, not %q", reading)
	}
}

// checkAreas requires that the units of an area, and those that read it, are of one branch of
// administration: the law gives no branch what another has because they are one agency (703/2023 § 9).
func checkAreas(units []Unit) error {
	kinds := map[string]caseworkv1.AgencyKind{}
	for i, unit := range units {
		if kind, known := kinds[unit.Area]; known && kind != unit.Kind {
			return fmt.Errorf("units[%d] %q: the area %q has units of another kind", i, unit.Key, unit.Area)
		}
		kinds[unit.Area] = unit.Kind
	}
	for i, unit := range units {
		for _, area := range unit.Reads {
			switch kind, known := kinds[area]; {
			case !known:
				return fmt.Errorf("units[%d] %q: reads: there is no area %q", i, unit.Key, area)
			case kind != unit.Kind:
				return fmt.Errorf("units[%d] %q: reads: the area %q is of another kind", i, unit.Key, area)
			}
		}
	}
	return nil
}

// checkAreaKeys accepts keys of areas.
func (f fileUnit) checkAreaKeys() error {
	for _, key := range append([]string{f.Area}, f.Reads...) {
		if key != "" && !keyForm.MatchString(key) {
			return errors.New("area and reads: a key must consist of lower-case letters, digits and hyphens")
		}
	}
	if slices.Contains(f.Reads, "") {
		return errors.New("reads: a key is empty")
	}
	return nil
}
