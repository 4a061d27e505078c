package matter

import (
	"slices"
	"time"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// ClockTolerance is how far a caller's clock may be ahead of the suite's in the time of a consent.
// Such a time becomes the present one.
const ClockTolerance = 5 * time.Minute

// CheckBasis checks that a legal basis has one of the given grounds and what that ground requires:
// the time of a consent, and always the provision. What an official attests was checked with the
// ground's row; a notification without a row needs an attestation (1301/2014 § 35). It refuses with
// fault.LegalBasisRequired or fault.AttestationRequired.
func CheckBasis(basis *commonv1.LegalBasis, at time.Time, grounds ...commonv1.LegalGround) error {
	ground := basis.GetGround()
	if ground == commonv1.LegalGround_LEGAL_GROUND_UNSPECIFIED {
		return fault.New(fault.LegalBasisRequired, "the legal ground is missing").Field("basis.ground", "required")
	}
	if !slices.Contains(grounds, ground) {
		return fault.New(fault.LegalBasisRequired, "this legal ground is not allowed here").Field("basis.ground", "one of "+namesOf(grounds))
	}
	if ground == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT {
		if basis.GetConsentedAt() == nil {
			return fault.New(fault.LegalBasisRequired, "the time of the consent is missing").Field("basis.consented_at", "required")
		}
		if basis.GetConsentedAt().AsTime().After(at) {
			return fault.New(fault.LegalBasisRequired, "the time of the consent is in the future").Field("basis.consented_at", "not in the future")
		}
	}
	if basis.GetProvision() == "" {
		return fault.New(fault.LegalBasisRequired, "the provision is missing").Field("basis.provision", "required")
	}
	if ground == commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION && basis.GetTerms() == nil {
		return CheckAttested(basis.GetAttestation())
	}
	return nil
}

// CheckAttested refuses, with fault.AttestationRequired, a notification without the attestation of
// 1301/2014 § 35.2.
func CheckAttested(given *commonv1.Attestation) error {
	if given.GetConsentUnobtainable() && (given.GetEvidentlyUnableToCareForSelf() || given.GetInterestOfChild()) {
		return nil
	}
	return fault.New(fault.AttestationRequired, "a notification without consent needs an official's attestation").
		Field("basis.attestation", "consent_unobtainable and one other statement")
}

func namesOf(grounds []commonv1.LegalGround) string {
	text := ""
	for i, ground := range grounds {
		if i > 0 {
			text += ", "
		}
		text += ground.String()
	}
	return text
}

// CheckAttachments is the last check of all content: it refuses attachments that the caller cannot
// name. That no text holds an identity code was checked before.
func (c Command[F]) CheckAttachments() error { return c.Unavailable }

// CheckExplained refuses a step without a reason with fault.ExplanationRequired. What names the
// step, and field the field of the request.
func CheckExplained(what, field, text string) error {
	if text == "" {
		return fault.New(fault.ExplanationRequired, "%s needs a reason in words", what).Field(field, "required")
	}
	return nil
}

// CheckSettled refuses to settle a declined matter without saying where it was sent instead or why
// it was dropped.
func CheckSettled(resubmittedAs, reason string) error {
	if resubmittedAs == "" && reason == "" {
		return fault.New(fault.ExplanationRequired, "the request says neither where the matter was sent instead nor why it is dropped").
			Field("reason", "required without resubmitted_as")
	}
	return nil
}

// CheckOwn refuses a party of another agency in a step that moves a matter within the agency own. A
// nil party is allowed.
func CheckOwn(party *commonv1.Party, own, field string) error {
	if party != nil && party.GetAgency() != own {
		return fault.New(fault.UnknownParty, "this step stays within your agency").Field(field, "a party of your own agency")
	}
	return nil
}

// CheckReassigned refuses to reassign a matter to another agency than own, and to take it from a worker who
// holds it without a reason.
func CheckReassigned(r interface {
	GetTo() *commonv1.Party
	GetReason() string
}, own string, held bool,
) error {
	if err := CheckOwn(r.GetTo(), own, "to.agency"); err != nil || !held {
		return err
	}
	return CheckExplained("reassigning what a worker holds", "reason", r.GetReason())
}

// CheckOther refuses to send a matter to one of the agencies not: the caller's own and the agencies
// that already have it.
func CheckOther(party *commonv1.Party, field string, not ...string) error {
	if slices.Contains(not, party.GetAgency()) {
		return fault.New(fault.UnknownParty, "the receiver must be another agency than yours and the sender's; within your agency, reassign the matter").
			Field(field, "another agency than yours and the sender's")
	}
	return nil
}

// CheckStarter refuses to let an actor begin a matter that is not a worker or system of an agency.
func CheckStarter(actor Actor) error {
	if actor.Agency == "" || actor.Role == "client" || actor.Role == "operator" {
		return fault.New(fault.RoleNotAllowed, "only a worker or system of an agency can begin a matter")
	}
	return nil
}
