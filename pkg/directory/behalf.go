package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSystem is the longest name of a system: a token's subject, or a name in a certificate.
const maxSystem = 255

// roles are the roles of workers for whom a system can act: the professions, and who leads a unit.
var roles = append(slices.Clone(professions), "team_leader")

// OnBehalf says for which workers of its agency a system may act. The zero value says for all.
type OnBehalf struct {
	// System is the system that it limits, by the subject of its token or the name in its certificate; empty
	// for each system of the agency that no other entry names.
	System string
	// Units and Roles of the workers for whom it may act; nil for all.
	Units, Roles []string
	// ColleaguesOnly says that the worker must be one of the agency's colleagues, and not have left.
	ColleaguesOnly bool
}

// AllowsUnit reports whether the system may act for workers of a unit.
func (l OnBehalf) AllowsUnit(unit string) bool {
	return l.Units == nil || slices.Contains(l.Units, unit)
}

// AllowsRole reports whether the system may act for workers in a role.
func (l OnBehalf) AllowsRole(role string) bool {
	return l.Roles == nil || slices.Contains(l.Roles, role)
}

// OnBehalf returns for whom a system of an agency may act: what the entry says that names the system, or else
// the entry that names none.
func (d *Directory) OnBehalf(agency, system string) OnBehalf {
	var rest OnBehalf
	for _, limit := range d.agencies()[agency].OnBehalf {
		switch limit.System {
		case system:
			return limit
		case "":
			rest = limit
		}
	}
	return rest
}

type fileOnBehalf struct {
	System         string   `json:"system"`
	Units          []string `json:"units"`
	Roles          []string `json:"roles"`
	ColleaguesOnly bool     `json:"colleaguesOnly"`
}

// checkOnBehalf parses the limits of an agency's systems. An entry that limits nothing is a mistake, as is an
// empty list: it might mean all or none.
func checkOnBehalf(entries []fileOnBehalf, units []Unit) ([]OnBehalf, error) {
	var limits []OnBehalf
	for i, entry := range entries {
		if err := entry.check(units); err != nil {
			return nil, fmt.Errorf("onBehalfOf[%d]: %w", i, err)
		}
		if slices.ContainsFunc(limits, func(other OnBehalf) bool { return other.System == entry.System }) {
			return nil, fmt.Errorf("onBehalfOf[%d]: the system %q is listed twice", i, entry.System)
		}
		limits = append(limits, OnBehalf(entry))
	}
	return limits, nil
}

func (f fileOnBehalf) check(units []Unit) error {
	switch {
	case utf8.RuneCountInString(f.System) > maxSystem:
		return fmt.Errorf("system: longer than %d characters", maxSystem)
	case f.Units != nil && len(f.Units) == 0, f.Roles != nil && len(f.Roles) == 0:
		return errors.New("a list is empty: leave it out to allow all")
	case f.Units == nil && f.Roles == nil && !f.ColleaguesOnly && f.System == "":
		return errors.New("it limits nothing: name units, roles or colleaguesOnly")
	}
	for _, key := range f.Units {
		if !slices.ContainsFunc(units, func(unit Unit) bool { return unit.Key == key }) {
			return fmt.Errorf("units: the agency has no unit %q", key)
		}
	}
	for _, role := range f.Roles {
		if !slices.Contains(roles, role) {
			return fmt.Errorf("roles: %q is none of %s", role, strings.Join(roles, ", "))
		}
	}
	return nil
}
