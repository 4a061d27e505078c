package rules

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Long are the lists of a consultation that grow with its events.
var Long = []protoreflect.Name{"messages"}

// ToConsultation returns the consultation as its caller reads it: what the caller's agency has been
// shown, and the steps that the caller may take. The handler adds pseudonyms, etag and delivered.
func ToConsultation(view matter.View[Consultation], actor matter.Actor) *consultationv1.Consultation {
	c := proto.CloneOf(view.State.Consultation)
	c.ConsultationId, c.Status = ID(view.State.Subject), Status(view.State, view.Reader)
	c.AvailableActions, c.Revocation = Allowed(view, actor), view.State.Revocation.Message()
	return c
}
