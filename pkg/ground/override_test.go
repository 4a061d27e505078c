package ground_test

import (
	"testing"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// An override names a row by its key, or ground and provision. With a key they are the row's.
func TestOverrideOf(t *testing.T) {
	table := parsed(t, configured(t))
	const notification = commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION
	for name, test := range map[string]struct {
		key, provision string
		ground         commonv1.LegalGround
		at             string
		reason         fault.Reason
	}{
		"by key":                  {"atl-53-6", "", 0, "2026-11-30", ""},
		"by key and the same":     {"atl-53-6", "703/2023 § 53.6", notification, "2026-11-30", ""},
		"another ground":          {"atl-53-6", "", onConsent, "2026-11-30", fault.InvalidField},
		"another provision":       {"atl-53-6", "703/2023 § 56", 0, "2026-11-30", fault.InvalidField},
		"unknown":                 {"atl-53-7", "", 0, "2026-11-30", fault.GroundUnknown},
		"not in force":            {"atl-53-6", "", 0, "2023-12-31", fault.GroundUnknown},
		"without a key":           {"", "703/2023 § 53.6", notification, "2026-11-30", ""},
		"no key, no ground":       {"", "703/2023 § 53.6", 0, "2026-11-30", fault.InvalidField},
		"no key and no provision": {"", "", notification, "2026-11-30", fault.InvalidField},
	} {
		r := &consentv1.RequestOverrideRequest{GroundKey: test.key, Ground: test.ground, Provision: test.provision}
		err := ground.CheckOverrideForm(r)
		if err == nil {
			r, err = table.OverrideOf(r, day(test.at))
		}
		if fault.ReasonOf(err) != test.reason || err == nil && (r.GetGround() != notification || r.GetProvision() != "703/2023 § 53.6" || r.GetGroundKey() != test.key) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}
