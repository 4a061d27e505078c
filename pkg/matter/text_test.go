package matter

import (
	"testing"

	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// An identity code's shape is looked for in texts, at any depth, and not in names: one
// UUID in many has it.
func TestCodeInText(t *testing.T) {
	const shaped = "01123456-1234-7abc-8def-0123456789ab"
	for name, test := range map[string]struct {
		request proto.Message
		found   bool
	}{
		"in a text":      {&concernv1.SubmitConcernRequest{Description: "Puoliso 140391-9021."}, true},
		"further down":   {&concernv1.SubmitConcernRequest{Basis: &commonv1.LegalBasis{Provision: "140391-9021"}}, true},
		"of the client":  {&concernv1.SubmitConcernRequest{Client: &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "140391-9021"}}}, false},
		"of a request":   {&concernv1.SubmitConcernRequest{RequestId: shaped}, false},
		"of a paper":     {&concernv1.SubmitConcernRequest{AttachmentIds: []string{shaped}}, false},
		"resubmitted":    {&concernv1.SettleConcernRequest{ResubmittedAs: shaped}, false},
		"what it led to": {&consultationv1.CloseConsultationRequest{LedTo: "referrals/" + shaped}, false},
		"of a case":      {&concernv1.SubmitConcernRequest{CaseId: shaped}, false},
	} {
		if found := CodeInText(test.request); found != test.found {
			t.Errorf("%s: %v", name, found)
		}
	}
}
