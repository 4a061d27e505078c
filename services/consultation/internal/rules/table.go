package rules

import (
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// draft collects what a step records.
type draft = matter.Draft[Consultation]

// step is one step of the table; R is its request.
type step[R proto.Message] = matter.Step[Consultation, Facts, *draft, R]

// Table holds the steps on an existing consultation, in the order in which a person is offered
// them: the likely one first. A step that is not in the table is refused.
var Table = matter.NewTable[Consultation, Facts, *draft](
	step[*consultationv1.TakeConsultationRequest]{
		By: addressee, May: inUnit, When: in(stateOpen), Touch: "ConsultationTaken", WhenFull: matter.Always,
		Record: func(d *draft, command Command, _ *consultationv1.TakeConsultationRequest) {
			d.Add(command.Subject, &consultationv1.ConsultationTaken{Worker: command.Actor.Party()})
		},
	},
	step[*consultationv1.PostMessageRequest]{
		By: asker, When: in(stateOpen, stateTaken, stateAnswered),
		// A worker must take the question before answering, so that the asker knows who has it.
		Or:    []matter.Access[Consultation]{{By: []matter.Role{matter.RoleReceiver, matter.RoleParticipant}, When: in(stateTaken, stateAnswered)}},
		Check: checkMessage,
		Record: func(d *draft, command Command, r *consultationv1.PostMessageRequest) {
			d.Add(command.Subject, &consultationv1.MessagePosted{
				MessageId: command.NewID, Text: r.GetText(), Answers: r.GetAnswers(), Asks: r.GetAsks(), Attachments: command.Attachments,
			})
		},
	},
	step[*consultationv1.CloseConsultationRequest]{
		By: asker, When: in(stateOpen, stateTaken, stateAnswered), Automatic: true, WhenFull: matter.Always,
		Or: []matter.Access[Consultation]{{By: addressee, May: taker, When: in(stateAnswered)}},
		Record: func(d *draft, command Command, r *consultationv1.CloseConsultationRequest) {
			d.Add(command.Subject, &consultationv1.ConsultationClosed{LedTo: r.GetLedTo()})
		},
	},
	step[*consultationv1.ReassignConsultationRequest]{
		By: addressee, When: in(stateOpen, stateTaken, stateAnswered), WhenFull: matter.Finishes,
		Check: func(world World, command Command, r *consultationv1.ReassignConsultationRequest) error {
			if err := matter.CheckReassigned(r, command.Actor.Agency, world.State(command.Subject).Holder().GetWorker() != ""); err != nil {
				return err
			}
			if world.View(command.Subject, command.Actor.Agency).State.State() != stateOpen && r.GetTo().GetWorker() == "" {
				return fault.New(fault.UnknownParty, "a taken consultation can be reassigned only to a named worker").Field("to.worker", "required once it is taken")
			}
			return nil
		},
		Record: func(d *draft, command Command, r *consultationv1.ReassignConsultationRequest) {
			d.Add(command.Subject, &consultationv1.ConsultationReassigned{To: r.GetTo(), Reason: r.GetReason()})
		},
	},
	step[*consultationv1.InviteParticipantRequest]{
		By: []matter.Role{matter.RoleSender, matter.RoleReceiver}, When: in(stateOpen, stateTaken, stateAnswered),
		Check: checkInvitation, Record: invite,
	},
	matter.AcknowledgeStep[Consultation](func(d *draft, command Command, _ *consultationv1.AcknowledgeRevocationRequest) {
		d.Add(command.Subject, &commonv1.RevocationAcknowledged{})
	}),
	matter.RevokeStep[Consultation](func(d *draft, command Command, r *consultationv1.RevokeConsultationRequest) {
		d.Revoke(command.Subject, r.GetReason(), Readers(d.State(command.Subject), false), command.Actor.Party())
	}),
)

// touching are the names of the events from which the clock of an urgent matter is counted again.
var touching = Table.Touching()
