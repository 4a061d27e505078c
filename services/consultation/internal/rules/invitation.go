package rules

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

func checkInvitation(world World, command Command, r *consultationv1.InviteParticipantRequest) error {
	c := world.View(command.Subject, command.Actor.Agency).State
	if err := matter.CheckBasis(r.GetBasis(), command.At, grounds(c.Client != "")...); err != nil {
		return err
	}
	if isIn(c, command.Facts.Party.GetAgency()) {
		return fault.New(fault.InvalidField, "this agency already takes part in the conversation").Field("participant", "another agency")
	}
	return nil
}

// invite invites another agency, on a legal basis of its own.
func invite(d *draft, command Command, r *consultationv1.InviteParticipantRequest) {
	d.AddUnder(command.Subject, &consultationv1.ParticipantInvited{
		Participant: command.Facts.Party, Basis: r.GetBasis(), Snapshot: snapshot(d.State(command.Subject)),
	}, r.GetBasis())
}

func isIn(c Consultation, agency string) bool {
	for _, reader := range Readers(c, false) {
		if reader.Agency == agency {
			return true
		}
	}
	return false
}

// snapshot returns the consultation for a reader that does not know it yet. A long one lacks its
// oldest messages.
func snapshot(c Consultation) *consultationv1.ConsultationSnapshot {
	s := &consultationv1.ConsultationSnapshot{
		Consultation: matter.Fit(proto.CloneOf(c.Consultation), matter.MaxSnapshot, Long...), Since: timestamppb.New(c.Since), DueAt: timestamppb.New(c.Due),
	}
	if !c.Clock.Bound.IsZero() {
		s.UrgentDueAt = timestamppb.New(c.Clock.Bound)
	}
	for _, fired := range c.Fired {
		s.FiredAt = append(s.FiredAt, timestamppb.New(fired))
	}
	return s
}
