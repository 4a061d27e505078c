package ground

import (
	"strings"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// WithKey returns the row that a request names by its key. It refuses a key that names no row at the time
// with fault.GroundUnknown, and a row that is not lawful for the use with fault.GroundNotLawful.
func (t *Table) WithKey(use Use, key string) (Row, error) {
	if _, known := t.Find(key, use.At); !known {
		return Row{}, fault.New(fault.GroundUnknown, "no ground with this key is in force").Field("basis.ground_key", "the key of a ground in force")
	}
	for _, row := range t.Lawful(use) {
		if row.Key == key {
			return row, nil
		}
	}
	return Row{}, t.notLawful(use, "basis.ground_key")
}

// WithoutKey returns the row that holds for a request that names ground and provision and no key, as older
// callers do. It returns false without an error if the basis is recorded as written, without key and terms:
// then the rules apply that hold without a table. With true the provision stays as written as well, and the
// attestation is checked by matter.CheckBasis and not by the row.
//
// It refuses with fault.GroundUnknown if requests without a key are not accepted, with fault.GroundNotLawful
// if no row holds, and with fault.LegalBasisRequired, as matter.CheckBasis does, if the basis has no ground or
// is a statutory right to a concern.
func (t *Table) WithoutKey(use Use, basis *commonv1.LegalBasis) (Row, bool, error) {
	if !t.acceptWithoutKey {
		return Row{}, false, fault.New(fault.GroundUnknown, "the key of the ground is missing").Field("basis.ground_key", "required")
	}
	lawful := t.Lawful(use)
	for _, row := range lawful {
		if row.Ground == basis.GetGround() && row.Provision == basis.GetProvision() {
			return row, true, nil
		}
	}
	switch basis.GetGround() {
	case commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT:
		return t.keyed(use, generalConsent)
	case commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA:
		return t.keyed(use, anonymous)
	case commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION:
		if row, ok := onlyNotification(lawful); ok {
			return row, true, nil
		}
		return Row{}, false, t.notLawful(use, "basis.provision")
	case commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS:
		if use.Message != Concern {
			return Row{}, false, nil
		}
		return Row{}, false, fault.New(fault.LegalBasisRequired, "this legal ground is not allowed here").
			Field("basis.ground", "one of LEGAL_GROUND_CLIENT_CONSENT, LEGAL_GROUND_STATUTORY_NOTIFICATION")
	default:
		return Row{}, false, fault.New(fault.LegalBasisRequired, "the legal ground is missing").Field("basis.ground", "required")
	}
}

// keyed returns the row of a key if it covers the use. A general row counts even where another row on consent
// is lawful: older callers know no other.
func (t *Table) keyed(use Use, key string) (Row, bool, error) {
	if row, ok := t.Find(key, use.At); ok && row.covers(use) {
		return row, true, nil
	}
	return Row{}, false, t.notLawful(use, "basis.ground")
}

// onlyNotification returns the only notification without an age limit, else the only one.
func onlyNotification(lawful []Row) (Row, bool) {
	var all, ageless []Row
	for _, row := range lawful {
		if row.Ground != commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION {
			continue
		}
		all = append(all, row)
		if row.MaxAge == 0 {
			ageless = append(ageless, row)
		}
	}
	switch {
	case len(ageless) == 1:
		return ageless[0], true
	case len(all) == 1:
		return all[0], true
	}
	return Row{}, false
}

// notLawful returns the refusal of a use, with the keys that are lawful for it.
func (t *Table) notLawful(use Use, field string) error {
	var keys []string
	for _, row := range t.Lawful(use) {
		keys = append(keys, row.Key)
	}
	return fault.New(fault.GroundNotLawful, "this ground is not lawful for this message between these units").
		With("lawful", strings.Join(keys, ", ")).Field(field, "one of the lawful grounds")
}
