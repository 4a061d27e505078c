package basis_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// agencies are of each kind that these tests name; the county's unit "koulu" is one of health care.
const agencies = `{"agencies": [
	{"agency": "kela", "kind": "BENEFITS", "names": {"fi": "k", "sv": "k", "en": "k"}, "noConsentProfile": "MINIMAL",
		"units": [{"unit": "u", "names": {"fi": "u", "sv": "u", "en": "u"}, "languages": ["fi"]}]},
	{"agency": "terveys", "kind": "HEALTH_CARE", "names": {"fi": "t", "sv": "t", "en": "t"}, "noConsentProfile": "NECESSARY",
		"units": [{"unit": "u", "names": {"fi": "u", "sv": "u", "en": "u"}, "languages": ["fi"]}]},
	{"agency": "hva", "kind": "SOCIAL_SERVICES", "names": {"fi": "h", "sv": "h", "en": "h"}, "noConsentProfile": "NECESSARY",
		"units": [{"unit": "u", "names": {"fi": "u", "sv": "u", "en": "u"}, "languages": ["fi"], "intake": true},
			{"unit": "koulu", "kind": "HEALTH_CARE", "names": {"fi": "u", "sv": "u", "en": "u"}, "languages": ["fi"]}]},
	{"agency": "etsiva", "kind": "YOUTH_WORK", "names": {"fi": "e", "sv": "e", "en": "e"}, "noConsentProfile": "MINIMAL",
		"units": [{"unit": "u", "names": {"fi": "u", "sv": "u", "en": "u"}, "languages": ["fi"]}]}
]}`

var at = time.Date(2026, time.November, 30, 10, 0, 0, 0, time.UTC)

func newBases(t *testing.T) *basis.Bases {
	t.Helper()
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	table, err := ground.Parse(ground.BuiltIn)
	if err != nil {
		t.Fatal(err)
	}
	return &basis.Bases{Grounds: ground.Hold(table), Directory: known}
}

func worker(agency string) matter.Actor {
	return matter.Actor{Agency: agency, Unit: "u", Worker: "w", Role: "benefit_handler"}
}

func concernTo(agency, unit string) basis.Sending {
	return basis.Sending{Message: "concern", Receiver: &commonv1.Party{Agency: agency, Unit: unit}}
}

func young() (time.Time, error) { return time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC), nil }

var (
	unasked = &commonv1.Attestation{ConsentUnobtainable: true, InterestOfChild: true}
	// notified is the basis of a caller that does not know the table.
	notified = &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION, Provision: "1301/2014 § 35", Attestation: unasked,
	}
	keyed = &commonv1.LegalBasis{GroundKey: "shl-35-2", Attestation: unasked}
)

// The recorded basis has the row's key, ground, provision and terms; that of a caller without a key
// keeps its provision. Content is the lower of the row's and the agency's.
func TestOf(t *testing.T) {
	b := newBases(t)
	for name, test := range map[string]struct {
		actor     matter.Actor
		given     *commonv1.LegalBasis
		to        basis.Sending
		key       string
		provision string
		content   commonv1.ContentProfile
	}{
		"with a key":               {worker("kela"), keyed, concernTo("hva", ""), "shl-35-2", "1301/2014 § 35.2", commonv1.ContentProfile_CONTENT_PROFILE_TOPICS},
		"a profile that tells":     {worker("terveys"), keyed, concernTo("hva", ""), "shl-35-2", "1301/2014 § 35.2", commonv1.ContentProfile_CONTENT_PROFILE_NECESSARY},
		"without a key":            {worker("kela"), notified, concernTo("hva", ""), "shl-35-2", "1301/2014 § 35", commonv1.ContentProfile_CONTENT_PROFILE_TOPICS},
		"to youth work":            {worker("kela"), notified, concernTo("etsiva", ""), "nl-11-4", "1301/2014 § 35", commonv1.ContentProfile_CONTENT_PROFILE_IDENTIFICATION},
		"consent without a key":    {worker("kela"), consented("703/2023 § 53"), concernTo("hva", ""), "consent", "703/2023 § 53", commonv1.ContentProfile_CONTENT_PROFILE_WHOLE},
		"a unit of its own kind":   {matter.Actor{Agency: "hva", Unit: "koulu", Worker: "w"}, keyed, concernTo("hva", "u"), "shl-35-2", "1301/2014 § 35.2", commonv1.ContentProfile_CONTENT_PROFILE_NECESSARY},
		"consent of the provision": {worker("kela"), consented("1301/2014 § 35.1"), concernTo("hva", ""), "shl-35-1", "1301/2014 § 35.1", commonv1.ContentProfile_CONTENT_PROFILE_WHOLE},
	} {
		got, err := b.Of(test.given, test.actor, test.to, at, young)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.GetGroundKey() != test.key || got.GetProvision() != test.provision || got.GetTerms().GetContent() != test.content || got.GetTerms().GetReceiverKind() == "" {
			t.Errorf("%s: %v", name, got)
		}
		if test.given.GetTerms() != nil {
			t.Errorf("%s: the request was changed", name)
		}
	}
}

func consented(provision string) *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: provision, ConsentedAt: timestamppb.New(at.Add(-time.Hour)),
	}
}

func TestOfRefuses(t *testing.T) {
	b := newBases(t)
	old := func() (time.Time, error) { return time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC), nil }
	support := &commonv1.Attestation{NeedsSupportWithoutDelay: true}
	for name, test := range map[string]struct {
		actor  matter.Actor
		given  *commonv1.LegalBasis
		to     basis.Sending
		reason fault.Reason
	}{
		"terms":                 {worker("kela"), &commonv1.LegalBasis{GroundKey: "shl-35-2", Terms: &commonv1.GroundTerms{}}, concernTo("hva", ""), fault.InvalidField},
		"an unknown key":        {worker("kela"), &commonv1.LegalBasis{GroundKey: "shl-99"}, concernTo("hva", ""), fault.GroundUnknown},
		"to another receiver":   {worker("kela"), keyed, concernTo("terveys", ""), fault.GroundNotLawful},
		"keyless, to another":   {worker("kela"), notified, concernTo("terveys", ""), fault.GroundNotLawful},
		"too old":               {worker("kela"), &commonv1.LegalBasis{GroundKey: "nl-11-4", Attestation: support}, concernTo("etsiva", ""), fault.ClientAge},
		"keyless, too old":      {worker("kela"), notified, concernTo("etsiva", ""), fault.ClientAge},
		"a system":              {matter.Actor{Agency: "kela", Automatic: true}, keyed, concernTo("hva", ""), fault.NamedWorkerRequired},
		"no attestation":        {worker("kela"), &commonv1.LegalBasis{GroundKey: "shl-35-2"}, concernTo("hva", ""), fault.AttestationRequired},
		"keyless, not attested": {worker("kela"), &commonv1.LegalBasis{Ground: notified.GetGround(), Provision: "1301/2014 § 35.2"}, concernTo("hva", ""), fault.AttestationRequired},
	} {
		if got, err := b.Of(test.given, test.actor, test.to, at, old); fault.ReasonOf(err) != test.reason {
			t.Errorf("%s: %v, %v, want %s", name, got, err, test.reason)
		}
	}
	failed := errors.New("no home")
	given := &commonv1.LegalBasis{GroundKey: "nl-11-4", Attestation: support}
	if _, err := b.Of(given, worker("kela"), concernTo("etsiva", ""), at, func() (time.Time, error) { return time.Time{}, failed }); !errors.Is(err, failed) {
		t.Errorf("the date of birth cannot be read: %v", err)
	}
}

// What the rules refuse by themselves is left to them, so that the first refusal is the one that helps.
func TestOfLeavesToTheRules(t *testing.T) {
	b := newBases(t)
	never := func() (time.Time, error) { t.Error("asks for the date of birth"); return time.Time{}, nil }
	for name, actor := range map[string]matter.Actor{"no ground": worker("kela"), "a client": {Role: "client"}} {
		given := &commonv1.LegalBasis{Provision: "1301/2014 § 35.2"}
		if actor.Agency == "" {
			given = keyed
		}
		if got, err := b.Of(given, actor, concernTo("hva", ""), at, never); err != nil || !proto.Equal(got, given) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, r := range map[string]proto.Message{"no basis": &concernv1.SubmitConcernRequest{}, "no such field": &concernv1.TakeConcernRequest{}} {
		if got, limit, err := b.OfRequest(r, worker("kela"), concernTo("hva", ""), at, never); err != nil || got != r || limit != nil {
			t.Errorf("%s: %v, %v, %v", name, got, limit, err)
		}
	}
	r := &concernv1.SubmitConcernRequest{Basis: keyed}
	got, limit, err := b.OfRequest(r, worker("kela"), concernTo("hva", ""), at, never)
	if err != nil || limit != nil || got.(*concernv1.SubmitConcernRequest).GetBasis().GetTerms() == nil || r.GetBasis().GetTerms() != nil {
		t.Errorf("%v, %v, %v", got, err, r)
	}
}

// A row limits the time to decide for the kinds that it names, and only there.
func TestLimitOfARow(t *testing.T) {
	b := newBases(t)
	for to, want := range map[string]*matter.Limit{
		"hva":     {WorkingDays: 7, UrgentWorkingDays: 1, Provision: "1412/1997 § 14 a.1", UrgentProvision: "1412/1997 § 14 b", FromArrival: true},
		"terveys": nil,
	} {
		sending := basis.Sending{Message: ground.ReferralOf(referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER), Receiver: &commonv1.Party{Agency: to}}
		r := &referralv1.SendReferralRequest{Basis: &commonv1.LegalBasis{GroundKey: "hl-21"}}
		if _, limit, err := b.OfRequest(r, worker("kela"), sending, at, nil); err != nil || (limit == nil) != (want == nil) || want != nil && *limit != *want {
			t.Errorf("%s: %v, %v, want %v", to, limit, err, want)
		}
	}
}
