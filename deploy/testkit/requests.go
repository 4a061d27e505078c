package testkit

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// The services as Fixture.Call names them; a method's name follows.
const (
	ConcernService      = "koppi.concern.v1.ConcernService/"
	ReferralService     = "koppi.referral.v1.ReferralService/"
	ConsultationService = "koppi.consultation.v1.ConsultationService/"
	PlanService         = "koppi.plan.v1.PlanService/"
	SubmitCall          = ConcernService + "SubmitConcern"
)

// Submission is a report of Kela's to the county about a client known by name, on consent.
func Submission() *concernv1.SubmitConcernRequest {
	return &concernv1.SubmitConcernRequest{
		RequestId: uuid.NewString(), Receiver: &commonv1.Party{Agency: County.GetAgency()}, Urgency: commonv1.Urgency_URGENCY_NORMAL,
		Client: &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Testinen"}, Language: "fi"},
		Basis: &commonv1.LegalBasis{
			Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour)),
		},
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: strings.Repeat("Kaksi vuokraa maksamatta. ", 10),
	}
}

// Question is a question of the county's to health care that names no client.
func Question() *consultationv1.OpenConsultationRequest {
	return &consultationv1.OpenConsultationRequest{
		RequestId: uuid.NewString(), Addressee: Health, Topic: "Lääkitys", Question: "Voiko lääkitys selittää poissaolot?",
		Basis:   &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA, Provision: "703/2023 § 31"},
		Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}
}

// Consented is a consent of an hour ago as the basis of a referral, consultation or plan.
func Consented() *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 39", ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour)),
	}
}

// Report is a valid report about Anna as JSON, for Fixture.Call, with changed fields. Nil removes a
// field.
func Report(changes map[string]any) string {
	return JSON(map[string]any{
		"requestId": uuid.NewString(), "client": map[string]any{"personalIdentityCode": AnnaCode, "language": "fi"},
		"receiver": map[string]any{"agency": County.GetAgency()},
		"basis":    map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "1301/2014 § 35.1", "consentedAt": "2026-01-01T10:00:00Z"},
		"topics":   []string{"TOPIC_RENT_ARREARS"}, "urgency": "URGENCY_NORMAL",
	}, changes)
}

// ConsentBasis is a consent as the basis of a referral, consultation or plan, as JSON has it.
func ConsentBasis() map[string]any {
	return map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "703/2023 § 53", "consentedAt": "2026-01-01T10:00:00Z"}
}

// JSON is a request as JSON, with changed fields. Nil removes a field.
func JSON(request, changes map[string]any) string {
	made := maps.Clone(request)
	for field, value := range changes {
		if value == nil {
			delete(made, field)
		} else {
			made[field] = value
		}
	}
	text, _ := json.Marshal(made)
	return string(text)
}
