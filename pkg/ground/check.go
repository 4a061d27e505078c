package ground

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// CheckBasis refuses, with fault.InvalidField, a basis that names the row by its key and contradicts it:
// another ground or provision than the row's, and what belongs to consent where the row is not of consent.
// feedback_consented_at belongs to concerns on consent alone, and is not in the future by more than the
// clock's tolerance. Whether a consent is complete is not checked here.
func (r Row) CheckBasis(use Use, basis *commonv1.LegalBasis) error {
	ground, provision := basis.GetGround(), basis.GetProvision()
	switch {
	case ground != commonv1.LegalGround_LEGAL_GROUND_UNSPECIFIED && ground != r.Ground:
		return contradicts("basis.ground", "empty or "+r.Ground.String())
	case provision != "" && provision != r.Provision:
		return contradicts("basis.provision", "empty or "+r.Provision)
	case !r.onConsent() && basis.GetConsentedAt() != nil:
		return contradicts("basis.consented_at", "leave empty: this ground is not the client's consent")
	case !r.onConsent() && basis.GetConsentId() != "":
		return contradicts("basis.consent_id", "leave empty: this ground is not the client's consent")
	}
	switch feedback := basis.GetFeedbackConsentedAt(); {
	case feedback == nil:
		return nil
	case !r.AsksFeedbackConsent(use.Message):
		return contradicts("basis.feedback_consented_at", "leave empty: only a concern on the client's consent has it")
	case feedback.AsTime().After(use.At.Add(matter.ClockTolerance)):
		return contradicts("basis.feedback_consented_at", "not in the future")
	}
	return nil
}

func contradicts(field, description string) error {
	return fault.New(fault.InvalidField, "the legal basis contradicts its ground").Field(field, description)
}

// AsksFeedbackConsent reports whether the sender of a message on this row asks the client whether the
// receiver may tell it how the matter goes on.
func (r Row) AsksFeedbackConsent(message string) bool { return message == Concern && r.onConsent() }

// CheckAge refuses, with fault.ClientAge, a client who is older than the row allows, or whose age is not
// known. Born is the date of birth at midnight UTC, zero if it is not known. At is the time of the sending.
func (r Row) CheckAge(born, at time.Time) error {
	switch {
	case r.MaxAge == 0:
		return nil
	case born.IsZero():
		return fault.New(fault.ClientAge, "this ground has an age limit of %d years, and the client's date of birth is not known", r.MaxAge).
			Advise("give the client's identity code or date of birth, or name a ground that has no age limit").
			Field("basis.ground_key", "a ground without an age limit")
	case matter.YearsAt(born, at) > r.MaxAge:
		return fault.New(fault.ClientAge, "this ground has an age limit of %d years, and the client is older", r.MaxAge).
			Field("basis.ground_key", "a ground without this age limit")
	}
	return nil
}

// CheckPerson refuses, with fault.NamedWorkerRequired, a system that acts for no worker if the row asks for an
// attestation, because only a person can attest.
func (r Row) CheckPerson(actor matter.Actor) error {
	if len(r.Attest) > 0 && actor.Automatic {
		return fault.New(fault.NamedWorkerRequired, "this ground needs a worker's attestation")
	}
	return nil
}

// CheckAttestation refuses an attestation that the row does not ask for with fault.InvalidField, and a
// missing one with fault.AttestationRequired: one field of each group is needed.
func (r Row) CheckAttestation(given *commonv1.Attestation) error {
	attested := attestedBy(given)
	for _, field := range attested {
		if !slices.ContainsFunc(r.Attest, func(group []string) bool { return slices.Contains(fieldsOf(group), field) }) {
			return fault.New(fault.InvalidField, "this ground does not ask for this attestation").
				Field("basis.attestation."+field, "leave empty for this ground")
		}
	}
	for _, group := range r.Attest {
		fields := fieldsOf(group)
		if !slices.ContainsFunc(fields, func(field string) bool { return slices.Contains(attested, field) }) {
			return fault.New(fault.AttestationRequired, "this ground needs an official's attestation").
				Advise("attest what the ground asks for, or name another ground").
				Field("basis.attestation", "one of "+strings.Join(fields, ", "))
		}
	}
	return nil
}

// attestedBy returns the names in the .proto of the fields that are attested, sorted.
func attestedBy(given *commonv1.Attestation) []string {
	var attested []string
	given.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		attested = append(attested, field.TextName())
		return true
	})
	slices.Sort(attested)
	return attested
}

// fieldsOf returns the names in the .proto of a group.
func fieldsOf(group []string) []string {
	fields := make([]string, len(group))
	for i, name := range group {
		fields[i] = AttestationField(name)
	}
	return fields
}
