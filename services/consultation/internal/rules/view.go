package rules

import (
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/loop"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// ToConsultation is the consultation as its caller reads it: what its agency has been
// shown, and the steps that the caller may take. Outward ids, etag and delivered are
// the handler's to add.
func ToConsultation(view loop.View[Consultation], actor loop.Actor) *consultationv1.Consultation {
	c := proto.CloneOf(view.State.Consultation)
	c.ConsultationId, c.Status = ID(view.State.Subject), Status(view.State, view.Reader)
	c.AvailableActions, c.Revocation = Allowed(view, actor), view.State.Revocation.Message()
	return c
}
