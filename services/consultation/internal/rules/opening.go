package rules

import (
	"cmp"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// grounds returns the grounds on which a consultation may go: without a named client, or on consent,
// a statutory right or a notification (703/2023 §§ 31, 53).
func grounds(named bool) []commonv1.LegalGround {
	if !named {
		return []commonv1.LegalGround{commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA}
	}
	return []commonv1.LegalGround{
		commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS,
		commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION,
	}
}

func checkOpening(command Command, r *consultationv1.OpenConsultationRequest) error {
	return cmp.Or(
		matter.CheckStarter(command.Actor),
		matter.CheckOther(r.GetAddressee(), "addressee.agency", command.Actor.Agency),
		matter.CheckBasis(r.GetBasis(), command.At, grounds(command.Client != "")...),
		command.CheckAttachments(),
	)
}

func open(d *draft, command Command, r *consultationv1.OpenConsultationRequest) {
	d.Start(command.Subject, r.GetBasis(), command.Client, command.Case, &consultationv1.ConsultationOpened{
		Addressee: matter.RouteEmergency(r.GetUrgency(), command.Facts.Party, command.Facts.OnCall), Topic: r.GetTopic(), Question: r.GetQuestion(), Urgency: r.GetUrgency(), MessageId: command.NewID, Attachments: command.Attachments,
		MatterNumber: string(command.Number),
	})
}
