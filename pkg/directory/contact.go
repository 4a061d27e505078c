package directory

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	maxShortName = 40
	maxAddress   = 200
)

// ContactPoint returns how to reach a unit, or the agency's intake unit if the party names an agency alone. It
// returns nil if the party names no agency. A unit or agency that has left the directory has no telephone
// number.
func (d *Directory) ContactPoint(party *commonv1.Party) *commonv1.ContactPoint {
	if party.GetAgency() == "" {
		return nil
	}
	key := cmp.Or(party.GetUnit(), d.Intake(party.GetAgency()))
	unit, _ := d.Unit(party.GetAgency(), key)
	agency, _ := d.Agency(party.GetAgency())
	return &commonv1.ContactPoint{
		Party: &commonv1.Party{Agency: party.GetAgency(), Unit: key}, UnitNames: unit.Names,
		Phone: unit.Phone, PhoneHours: unit.PhoneHours, Address: unit.Address, EmergencyPhone: agency.EmergencyPhone,
	}
}

// checkShortNames accepts no short names, or one in each language of the pages.
func checkShortNames(names map[string]string) error {
	if names == nil {
		return nil
	}
	if err := checkNames(names); err != nil {
		return fmt.Errorf("shortNames: %w", err)
	}
	for tag, name := range names {
		if utf8.RuneCountInString(name) > maxShortName {
			return fmt.Errorf("shortNames: the name in %q is longer than %d characters", tag, maxShortName)
		}
	}
	return nil
}

// checkAddress accepts an address on one line, or an empty text for none.
func checkAddress(address string) error {
	switch {
	case utf8.RuneCountInString(address) > maxAddress:
		return fmt.Errorf("address: longer than %d characters", maxAddress)
	case strings.ContainsFunc(address, unicode.IsControl):
		return errors.New("address: write it on one line")
	}
	return nil
}
