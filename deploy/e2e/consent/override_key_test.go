package consent

import (
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// An override is requested for a row of the table of grounds by its key: it takes ground and provision from the
// row and admits a message on that row alone. Without a key both are required, as before.
func TestOverrideByKey(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	conn := f.Conn()
	consents, referrals := consentv1.NewConsentServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	county, client := f.As("county"), f.As("client")
	testkit.Insist(t, client, consents.ProhibitTransfer, prohibition(nil, healthCare))
	onRow := func() *commonv1.LegalBasis {
		return &commonv1.LegalBasis{GroundKey: "atl-53-6", Attestation: &commonv1.Attestation{CannotAssessMeaning: true}}
	}
	send := func(basis *commonv1.LegalBasis) fault.Reason {
		return fault.ReasonOf(testkit.Refusal(referrals.SendReferral(county, referred(basis, testkit.Health))))
	}
	ask := func(change func(*consentv1.RequestOverrideRequest)) (*consentv1.RequestOverrideResponse, error) {
		r := &consentv1.RequestOverrideRequest{
			RequestId: uuid.NewString(), Client: testkit.Anna(), Service: "referral", Receiver: "terveys-pohjois-savo", GroundKey: "atl-53-6", Reason: "Henki on vaarassa.",
		}
		change(r)
		return consents.RequestOverride(county, r)
	}
	if reason := send(onRow()); reason != fault.TransferProhibited {
		t.Fatal(reason)
	}
	for name, test := range map[string]struct {
		change func(*consentv1.RequestOverrideRequest)
		want   fault.Reason
	}{
		"an unknown key":       {func(r *consentv1.RequestOverrideRequest) { r.GroundKey = "atl-53-7" }, fault.GroundUnknown},
		"no form of a key":     {func(r *consentv1.RequestOverrideRequest) { r.GroundKey = "ATL" }, fault.InvalidField},
		"a row on consent":     {func(r *consentv1.RequestOverrideRequest) { r.GroundKey = "atl-53-3" }, fault.LegalBasisRequired},
		"no personal data":     {func(r *consentv1.RequestOverrideRequest) { r.GroundKey = "anonymous" }, fault.LegalBasisRequired},
		"another ground":       {func(r *consentv1.RequestOverrideRequest) { r.Ground = byLaw().GetGround() }, fault.InvalidField},
		"another provision":    {func(r *consentv1.RequestOverrideRequest) { r.Provision = byLaw().GetProvision() }, fault.InvalidField},
		"neither":              {func(r *consentv1.RequestOverrideRequest) { r.GroundKey = "" }, fault.InvalidField},
		"no key, no provision": {func(r *consentv1.RequestOverrideRequest) { r.GroundKey, r.Ground = "", byLaw().GetGround() }, fault.InvalidField},
		"no key, no ground":    {func(r *consentv1.RequestOverrideRequest) { r.GroundKey, r.Provision = "", byLaw().GetProvision() }, fault.InvalidField},
	} {
		if got := fault.ReasonOf(testkit.Refusal(ask(test.change))); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	asked, err := ask(func(*consentv1.RequestOverrideRequest) {})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Insist(t, colleague(f), consents.DecideOverride, &consentv1.DecideOverrideRequest{
		RequestId: uuid.NewString(), Client: testkit.Anna(), Service: "referral", OverrideId: asked.GetOverride().GetOverrideId(), Approve: true,
	})
	if reason := send(byLaw()); reason != fault.TransferProhibited {
		t.Errorf("on no row: %s", reason)
	}
	if reason := send(onRow()); reason != "" {
		t.Errorf("on the row: %s", reason)
	}
	if reason := send(onRow()); reason != fault.TransferProhibited {
		t.Errorf("used twice: %s", reason)
	}
	for _, one := range readDirectives(t, client, conn, "").GetOverrides() {
		if one.GetGroundKey() != "atl-53-6" || one.GetGround() != commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION || one.GetProvision() != "703/2023 § 53.6" || one.GetUsedFor() == "" {
			t.Errorf("the client reads %v", one)
		}
	}
}
