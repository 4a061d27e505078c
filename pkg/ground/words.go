package ground

import (
	"maps"
	"slices"
	"strings"

	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Messages that need a ground. A referral is Referral with its kind: see ReferralOf.
const (
	Concern                = "concern"
	Referral               = "referral/"
	Consultation           = "consultation"
	ConsultationInvitation = "consultation/invitation"
	Plan                   = "plan"
	PlanInvitation         = "plan/invitation"
)

// ReferralOf returns the message of a referral of a kind, such as "referral/REFERRAL_KIND_SERVICE".
func ReferralOf(kind referralv1.ReferralKind) string { return Referral + kind.String() }

// Messages returns all messages that a row can name.
func Messages() []string {
	messages := []string{Concern}
	for _, kind := range slices.Sorted(maps.Keys(referralv1.ReferralKind_name)) {
		if kind != 0 {
			messages = append(messages, ReferralOf(referralv1.ReferralKind(kind)))
		}
	}
	return append(messages, Consultation, ConsultationInvitation, Plan, PlanInvitation)
}

// moved is the message of a moved application.
var moved = ReferralOf(referralv1.ReferralKind_REFERRAL_KIND_APPLICATION_TRANSFER)

// The most that a ground allows to send, in the contract's words; a greater value allows all that a lesser
// one does.
const (
	Identification = commonv1.ContentProfile_CONTENT_PROFILE_IDENTIFICATION
	Topics         = commonv1.ContentProfile_CONTENT_PROFILE_TOPICS
	Necessary      = commonv1.ContentProfile_CONTENT_PROFILE_NECESSARY
	Whole          = commonv1.ContentProfile_CONTENT_PROFILE_WHOLE
)

// What happens to a message that the client has prohibited, in the contract's words.
const (
	Stops    = commonv1.ProhibitionEffect_PROHIBITION_EFFECT_STOPS
	Recorded = commonv1.ProhibitionEffect_PROHIBITION_EFFECT_RECORDED
)

// CountsFrom is the day from which a due time is counted.
type CountsFrom int

const (
	// Sending counts from the day of sending.
	Sending CountsFrom = iota + 1
	// Arrival counts from the day on which the application arrived at the sender.
	Arrival
)

var countings = map[string]CountsFrom{"SENDING": Sending, "ARRIVAL": Arrival}

// String returns the day as the file writes it.
func (c CountsFrom) String() string { return nameOf(countings, c) }

func nameOf[V comparable](names map[string]V, value V) string {
	for name, one := range names {
		if one == value {
			return name
		}
	}
	return "UNSPECIFIED"
}

// attestation is a field of the contract's message Attestation.
type attestation struct {
	// name is its JSON name, field its name in the .proto.
	name, field string
}

// attestations is the closed list of what an official can attest.
var attestations = []attestation{
	{"consentUnobtainable", "consent_unobtainable"},
	{"evidentlyUnableToCareForSelf", "evidently_unable_to_care_for_self"},
	{"interestOfChild", "interest_of_child"},
	{"needsSupportWithoutDelay", "needs_support_without_delay"},
	{"cannotAssessMeaning", "cannot_assess_meaning"},
	{"evidentNeedOfCare", "evident_need_of_care"},
	{"childNeedsAssessment", "child_needs_assessment"},
}

// Attestations returns the attestation fields that a row can ask for, by their JSON names.
func Attestations() []string {
	names := make([]string, len(attestations))
	for i, one := range attestations {
		names[i] = one.name
	}
	return names
}

// AttestationField returns the name in the .proto of an attestation field; empty for an unknown field.
func AttestationField(name string) string {
	for _, one := range attestations {
		if one.name == name {
			return one.field
		}
	}
	return ""
}

// KindOf returns the agency kind that the file writes as name; AGENCY_KIND_UNSPECIFIED for none.
func KindOf(name string) caseworkv1.AgencyKind {
	return caseworkv1.AgencyKind(caseworkv1.AgencyKind_value[kindPrefix+name])
}

// KindName returns an agency kind as the file writes it, such as "HEALTH_CARE".
func KindName(kind caseworkv1.AgencyKind) string {
	return strings.TrimPrefix(kind.String(), kindPrefix)
}

// Name returns a legal ground as the file writes it, such as "CLIENT_CONSENT".
func Name(ground commonv1.LegalGround) string {
	return strings.TrimPrefix(ground.String(), groundPrefix)
}

const (
	kindPrefix        = "AGENCY_KIND_"
	groundPrefix      = "LEGAL_GROUND_"
	contentPrefix     = "CONTENT_PROFILE_"
	prohibitionPrefix = "PROHIBITION_EFFECT_"
)

// kinds returns all agency kinds, in the order of the contract.
func kinds() []caseworkv1.AgencyKind {
	var all []caseworkv1.AgencyKind
	for _, kind := range slices.Sorted(maps.Keys(caseworkv1.AgencyKind_name)) {
		if kind != 0 {
			all = append(all, caseworkv1.AgencyKind(kind))
		}
	}
	return all
}
