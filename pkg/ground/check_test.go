package ground_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// refusal returns an error's reason and its first field, as "REASON field".
func refusal(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			return string(fault.ReasonOf(err)) + " " + bad.GetFieldViolations()[0].GetField()
		}
	}
	return string(fault.ReasonOf(err))
}

func row(t *testing.T, key string) ground.Row {
	found, ok := parsed(t, configured(t)).Find(key, today)
	if !ok {
		t.Fatalf("there is no %s", key)
	}
	return found
}

func TestCheckAge(t *testing.T) {
	born := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, test := range []struct {
		name, key string
		born, at  time.Time
		want      string
	}{
		{"28 to the day", "nl-11-4", born("1998-11-30"), today, ""},
		{"the last day at 28", "nl-11-4", born("1997-12-01"), today, ""},
		{"29 to the day", "nl-11-4", born("1997-11-30"), today, "CLIENT_AGE basis.ground_key"},
		{"29 in Helsinki, not yet in UTC", "nl-11-4", born("1997-12-01"), time.Date(2026, 11, 30, 22, 30, 0, 0, time.UTC), "CLIENT_AGE basis.ground_key"},
		{"not known", "nl-11-4", time.Time{}, today, "CLIENT_AGE basis.ground_key"},
		{"a child", "lsl-25", born("2008-12-01"), today, ""},
		{"no limit", "shl-35-2", born("1930-01-01"), today, ""},
		{"no limit, not known", "shl-35-2", time.Time{}, today, ""},
	} {
		if got := refusal(row(t, test.key).CheckAge(test.born, test.at)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if err := row(t, "nl-11-4").CheckAge(time.Time{}, today); !strings.Contains(err.Error(), "date of birth is not known: give") {
		t.Error(err)
	}
}

func TestCheckPerson(t *testing.T) {
	system := matter.Actor{Agency: "kela", Unit: "a", Role: "system", Automatic: true}
	onBehalf, worker := system, matter.Actor{Agency: "kela", Unit: "a", Worker: "w", Role: "benefit_officer"}
	onBehalf.Automatic, onBehalf.Worker = false, "w"
	for _, test := range []struct {
		key   string
		actor matter.Actor
		want  fault.Reason
	}{
		{"shl-35-2", system, fault.NamedWorkerRequired},
		{"shl-35-2", onBehalf, ""},
		{"shl-35-2", worker, ""},
		{"shl-35-1", system, ""},
	} {
		if got := fault.ReasonOf(row(t, test.key).CheckPerson(test.actor)); got != test.want {
			t.Errorf("%s, %+v: %q, want %q", test.key, test.actor, got, test.want)
		}
	}
}

func TestCheckAttestation(t *testing.T) {
	for _, test := range []struct {
		name, key string
		given     *commonv1.Attestation
		want      string
	}{
		{"one of each group", "shl-35-2", &commonv1.Attestation{ConsentUnobtainable: true, InterestOfChild: true}, ""},
		{"the other of a group", "shl-35-2", &commonv1.Attestation{ConsentUnobtainable: true, EvidentlyUnableToCareForSelf: true}, ""},
		{"both of a group", "shl-35-2", &commonv1.Attestation{ConsentUnobtainable: true, EvidentlyUnableToCareForSelf: true, InterestOfChild: true}, ""},
		{"the first group lacks", "shl-35-2", &commonv1.Attestation{InterestOfChild: true}, "ATTESTATION_REQUIRED basis.attestation"},
		{"the second group lacks", "shl-35-2", &commonv1.Attestation{ConsentUnobtainable: true}, "ATTESTATION_REQUIRED basis.attestation"},
		{"nothing", "shl-35-2", nil, "ATTESTATION_REQUIRED basis.attestation"},
		{"empty", "shl-35-2", &commonv1.Attestation{}, "ATTESTATION_REQUIRED basis.attestation"},
		{"what is not asked for", "shl-35-1", &commonv1.Attestation{InterestOfChild: true}, "INVALID_FIELD basis.attestation.interest_of_child"},
		{"more than is asked for", "atl-56", &commonv1.Attestation{ConsentUnobtainable: true, InterestOfChild: true}, "INVALID_FIELD basis.attestation.consent_unobtainable"},
		{"none where none is asked for", "shl-35-1", nil, ""},
		{"all false where none is asked for", "shl-35-1", &commonv1.Attestation{}, ""},
	} {
		if got := refusal(row(t, test.key).CheckAttestation(test.given)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if err := row(t, "shl-35-2").CheckAttestation(&commonv1.Attestation{ConsentUnobtainable: true}); strings.Contains(err.Error(), "unable to care") {
		t.Errorf("the advice is that of another ground: %v", err)
	}
}

// attested returns an attestation of some fields, and whether the contract has all of them.
func attested(names ...string) (*commonv1.Attestation, bool) {
	given, all := &commonv1.Attestation{}, true
	for _, name := range names {
		field := given.ProtoReflect().Descriptor().Fields().ByTextName(ground.AttestationField(name))
		if field == nil {
			all = false
			continue
		}
		given.ProtoReflect().Set(field, protoreflect.ValueOfBool(true))
	}
	return given, all
}

// Each row of the file accepts one attestation of each group, needs each group, and accepts nothing else.
// What the contract does not have yet cannot be attested.
func TestCheckAttestationOfEachRow(t *testing.T) {
	for _, row := range parsed(t, configured(t)).Rows() {
		var asked, first []string
		for _, group := range row.Attest {
			asked, first = append(asked, group...), append(first, group[0])
		}
		for i, group := range row.Attest {
			for _, name := range group {
				chosen := slices.Clone(first)
				chosen[i] = name
				given, all := attested(chosen...)
				if err := row.CheckAttestation(given); (err == nil) != all {
					t.Errorf("%s: %v: %v", row.Key, chosen, err)
				}
			}
			given, _ := attested(slices.Delete(slices.Clone(first), i, i+1)...)
			if got := refusal(row.CheckAttestation(given)); got != "ATTESTATION_REQUIRED basis.attestation" {
				t.Errorf("%s without group %d: %q", row.Key, i, got)
			}
		}
		for _, name := range ground.Attestations() {
			given, has := attested(append(slices.Clone(first), name)...)
			if want := "INVALID_FIELD basis.attestation." + ground.AttestationField(name); has && !slices.Contains(asked, name) {
				if got := refusal(row.CheckAttestation(given)); got != want {
					t.Errorf("%s with %s: %q", row.Key, name, got)
				}
			}
		}
	}
}

// What the client said of hearing back belongs to concerns on consent.
func TestCheckBasisOfFeedback(t *testing.T) {
	for _, test := range []struct {
		key     string
		message string
		at      time.Time
		want    string
	}{
		{"shl-35-1", ground.Concern, today, ""},
		{"shl-35-1", ground.Concern, today.Add(matter.ClockTolerance), ""},
		{"shl-35-1", ground.Concern, today.Add(matter.ClockTolerance + time.Second), "INVALID_FIELD basis.feedback_consented_at"},
		{"shl-35-2", ground.Concern, today, "INVALID_FIELD basis.feedback_consented_at"},
		{"consent", service, today, "INVALID_FIELD basis.feedback_consented_at"},
	} {
		basis := &commonv1.LegalBasis{FeedbackConsentedAt: timestamppb.New(test.at)}
		if got := refusal(row(t, test.key).CheckBasis(ground.Use{Message: test.message, At: today}, basis)); got != test.want {
			t.Errorf("%s, %s: %q, want %q", test.key, test.message, got, test.want)
		}
	}
}

// The closed list and the contract have the same attestations, as far as the contract has them.
func TestAttestationsAreTheContracts(t *testing.T) {
	known := map[string]bool{}
	for _, name := range ground.Attestations() {
		known[ground.AttestationField(name)] = true
	}
	fields := (&commonv1.Attestation{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !known[field.TextName()] {
			t.Errorf("%s is not in the list", field.TextName())
		}
		if ground.AttestationField(field.JSONName()) != field.TextName() {
			t.Errorf("%s is %q in JSON", field.TextName(), field.JSONName())
		}
	}
	for name, want := range map[string]string{
		"needsSupportWithoutDelay": "needs_support_without_delay", "cannotAssessMeaning": "cannot_assess_meaning", "evidentNeedOfCare": "evident_need_of_care",
		"childNeedsAssessment": "child_needs_assessment", "noSuch": "",
	} {
		if got := ground.AttestationField(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(known) != 7 {
		t.Errorf("%v", known)
	}
}

func TestCheckBasis(t *testing.T) {
	const consent, notification = commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION
	concern := ground.Use{Sender: benefit, Receiver: social, Message: ground.Concern, At: today}
	at := timestamppb.New(today)
	for _, test := range []struct {
		name, key string
		basis     *commonv1.LegalBasis
		want      string
	}{
		{"the key alone", "shl-35-2", &commonv1.LegalBasis{}, ""},
		{"nothing", "shl-35-2", nil, ""},
		{"the same", "shl-35-2", &commonv1.LegalBasis{Ground: notification, Provision: "1301/2014 § 35.2"}, ""},
		{"another ground", "shl-35-2", &commonv1.LegalBasis{Ground: consent}, "INVALID_FIELD basis.ground"},
		{"another provision", "shl-35-2", &commonv1.LegalBasis{Provision: "1301/2014 § 35.1"}, "INVALID_FIELD basis.provision"},
		{"the time of a consent", "shl-35-2", &commonv1.LegalBasis{ConsentedAt: at}, "INVALID_FIELD basis.consented_at"},
		{"a cited consent", "shl-35-2", &commonv1.LegalBasis{ConsentId: "x"}, "INVALID_FIELD basis.consent_id"},
		{"consent", "shl-35-1", &commonv1.LegalBasis{ConsentedAt: at, ConsentId: "x"}, ""},
	} {
		if got := refusal(row(t, test.key).CheckBasis(concern, test.basis)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
