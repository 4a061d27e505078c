package directory

import (
	"cmp"
	"slices"

	"golang.org/x/text/language"
)

// RoutingQuery is what a matter requires of its unit; empty fields require nothing.
type RoutingQuery struct {
	// Municipality of the client, three digits.
	Municipality string
	// ServiceKey of a service that the unit must offer.
	ServiceKey string
	// Language in which the client wants to be served, a BCP 47 tag.
	Language string
}

// Route returns the agency's units that serve a municipality and a service, the most suitable first: one that
// serves in the client's language, then the intake, then one that names the municipality before one that
// serves the agency's whole area. A unit that is on call, and is not the intake, is none of them: emergencies go
// to it at their time, and nothing else does.
func (a Agency) Route(query RoutingQuery) []Unit {
	fitting := slices.DeleteFunc(slices.Clone(a.Units), func(u Unit) bool {
		return u.OnCall != nil && !u.Intake || query.Municipality != "" && !u.Serves(query.Municipality) || query.ServiceKey != "" && !slices.Contains(u.ServiceKeys, query.ServiceKey)
	})
	slices.SortStableFunc(fitting, func(x, y Unit) int {
		return cmp.Or(
			first(x.Speaks(query.Language), y.Speaks(query.Language)),
			first(x.Intake, y.Intake),
			first(len(x.Municipalities) > 0, len(y.Municipalities) > 0),
		)
	})
	return fitting
}

// To returns the unit for a matter that is addressed to the agency without a unit: the most suitable one, or
// the intake if none is suitable; empty if the agency is unknown.
func (d *Directory) To(agency string, query RoutingQuery) string {
	if query.Municipality != "" || query.ServiceKey != "" {
		if fitting := d.agencies()[agency].Route(query); len(fitting) > 0 {
			return fitting[0].Key
		}
	}
	return d.Intake(agency)
}

// Serves reports whether a unit serves a municipality. A unit that names none serves the agency's whole area.
func (u Unit) Serves(municipality string) bool {
	return len(u.Municipalities) == 0 || slices.Contains(u.Municipalities, municipality)
}

// Speaks reports whether a unit serves in a language, regardless of its region or script; false for an empty
// tag.
func (u Unit) Speaks(tag string) bool {
	wanted, err := language.Parse(tag)
	if tag == "" || err != nil {
		return false
	}
	base, _ := wanted.Base()
	return slices.ContainsFunc(u.Languages, func(spoken string) bool {
		parsed, err := language.Parse(spoken)
		served, _ := parsed.Base()
		return err == nil && served == base
	})
}

// first orders true before false.
func first(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	default:
		return 1
	}
}
