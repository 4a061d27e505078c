package ground_test

import (
	"testing"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

func TestWithKey(t *testing.T) {
	table := parsed(t, configured(t))
	use := ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern, At: today}
	if row, err := table.WithKey(use, "shl-35-2"); err != nil || row.Key != "shl-35-2" {
		t.Errorf("%v, %v", row.Key, err)
	}
	before := use
	before.At = day("2015-03-31")
	for _, test := range []struct {
		name, key string
		use       ground.Use
		want      fault.Reason
		lawful    string
	}{
		{"unknown", "shl-35-9", use, fault.GroundUnknown, ""},
		{"empty", "", use, fault.GroundUnknown, ""},
		{"not begun", "shl-35-2", before, fault.GroundUnknown, ""},
		{"of another sender", "shl-35-3", use, fault.GroundNotLawful, "shl-35-1, shl-35-2, lsl-25"},
		{"the general one beside another on consent", "consent", use, fault.GroundNotLawful, "shl-35-1, shl-35-2, lsl-25"},
		{"another message", "shl-35-2", ground.Use{Sender: benefit, Receiver: social, Message: transfer, At: today}, fault.GroundNotLawful, "ttl-14c, hl-21"},
		{"another receiver", "shl-35-2", ground.Use{Sender: benefit, Receiver: health, Message: ground.Concern, At: today}, fault.GroundNotLawful, "consent"},
	} {
		_, err := table.WithKey(test.use, test.key)
		if fault.ReasonOf(err) != test.want || fault.MetadataOf(err)["lawful"] != test.lawful {
			t.Errorf("%s: %v %v, want %s", test.name, err, fault.MetadataOf(err), test.want)
		}
	}
}

func TestWithoutKey(t *testing.T) {
	const (
		consent      = commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT
		notification = commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION
		access       = commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS
		nobody       = commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA
	)
	table := parsed(t, configured(t))
	for _, test := range []struct {
		name      string
		use       ground.Use
		ground    commonv1.LegalGround
		provision string
		// want is the key of the row, "as written", or a reason.
		want string
	}{
		{"the row of the provision", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, consent, "1301/2014 § 35.1", "shl-35-1"},
		{"the provision of a row with an age limit", ground.Use{Sender: health, Receiver: social, Message: ground.Concern}, notification, "417/2007 § 25", "lsl-25"},
		{"of two rows on one provision's ground the one of the use", ground.Use{Sender: health, Receiver: social, Message: service}, access, "703/2023 § 53.5", "atl-53-5"},
		{"the provision of another ground", ground.Use{Sender: health, Receiver: social, Message: service}, consent, "703/2023 § 53.5", "consent"},
		{"consent on another provision", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, consent, "1301/2014 § 41", "consent"},
		{"consent on the general provision", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, consent, "621/1999 § 26.1", "consent"},
		{"a moved application on consent", ground.Use{Sender: benefit, Receiver: social, Message: transfer}, consent, "1301/2014 § 40", "GROUND_NOT_LAWFUL"},
		{"a plan on consent", ground.Use{Sender: health, Receiver: none, Message: ground.Plan}, consent, "1301/2014 § 41", "consent"},
		{"the only notification without an age limit", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, notification, "1301/2014 § 35", "shl-35-2"},
		{"the only notification", ground.Use{Sender: health, Receiver: youth, Message: ground.Concern}, notification, "1285/2016 § 11", "nl-11-4"},
		{"several notifications without an age limit", ground.Use{Sender: social, Receiver: social, Message: ground.Concern}, notification, "1301/2014 § 35", "GROUND_NOT_LAWFUL"},
		{"one of several notifications, named", ground.Use{Sender: social, Receiver: social, Message: ground.Concern}, notification, "1301/2014 § 35.2", "shl-35-2"},
		{"no notification", ground.Use{Sender: benefit, Receiver: health, Message: ground.Concern}, notification, "1301/2014 § 35.2", "GROUND_NOT_LAWFUL"},
		{"access on another provision", ground.Use{Sender: benefit, Receiver: social, Message: service}, access, "621/1999 § 29", "as written"},
		{"access to a plan", ground.Use{Sender: social, Receiver: none, Message: ground.Plan}, access, "1301/2014 § 39.1", "shl-39-1"},
		{"access in a consultation", ground.Use{Sender: benefit, Receiver: work, Message: ground.Consultation}, access, "621/1999 § 29", "as written"},
		{"access in a concern", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, access, "621/1999 § 29", "LEGAL_BASIS_REQUIRED"},
		{"nobody in a consultation", ground.Use{Sender: benefit, Receiver: work, Message: ground.Consultation}, nobody, "", "anonymous"},
		{"nobody in an invitation", ground.Use{Sender: benefit, Receiver: work, Message: ground.ConsultationInvitation}, nobody, "621/1999 § 1", "anonymous"},
		{"nobody in a concern", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, nobody, "", "GROUND_NOT_LAWFUL"},
		{"no ground", ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern}, 0, "1301/2014 § 35.1", "LEGAL_BASIS_REQUIRED"},
	} {
		test.use.At = today
		row, ok, err := table.WithoutKey(test.use, &commonv1.LegalBasis{Ground: test.ground, Provision: test.provision})
		got := row.Key
		switch {
		case err != nil:
			got = string(fault.ReasonOf(err))
		case !ok:
			got = "as written"
		}
		if got != test.want || ok != (row.Key != "") || err != nil && ok {
			t.Errorf("%s: %s, %v, %v, want %s", test.name, row.Key, ok, err, test.want)
		}
	}
	_, _, err := table.WithoutKey(ground.Use{Sender: social, Receiver: social, Message: ground.Concern, At: today}, &commonv1.LegalBasis{Ground: notification, Provision: "1301/2014 § 35"})
	if lawful := fault.MetadataOf(err)["lawful"]; lawful != "shl-35-1, shl-35-2, lsl-25, atl-56" {
		t.Error(lawful)
	}
}

// Where the table does not accept requests without a key, they are refused whatever their basis.
func TestWithoutKeyNotAccepted(t *testing.T) {
	table := changed(t, map[string]any{"acceptWithoutKey": false})
	basis := &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1"}
	if _, ok, err := table.WithoutKey(ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern, At: today}, basis); ok || fault.ReasonOf(err) != fault.GroundUnknown {
		t.Errorf("%v, %v", ok, err)
	}
}
