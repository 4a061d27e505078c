package rules

import (
	"cmp"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// Facts are what the directory says of the party that is addressed or invited.
type Facts struct {
	// Party is that party, with the agency's intake unit if the caller named none.
	Party *commonv1.Party
}

// Command is a request together with everything from outside that its decision needs.
type Command = matter.Command[Facts]

// World is what decisions see of consultations.
type World = matter.World[Consultation]

// Decide returns the events that record a command, or refuses the command. For a step on an
// existing consultation the order of the checks is the same in all services: role, etag, table,
// content. Token, form, relation and request_id were checked before.
func Decide(world World, command Command) ([]matter.Event, error) {
	draft := matter.NewDraft(world, command, Evolve)
	by := command.Actor.Party()
	if r, ok := command.Request.(*consultationv1.OpenConsultationRequest); ok {
		if err := checkOpen(command, r); err != nil {
			return nil, err
		}
		draft.Start(command.Subject, r.GetBasis(), command.Client, command.Case, &consultationv1.ConsultationOpened{
			Addressee: command.Facts.Party, Topic: r.GetTopic(), Question: r.GetQuestion(), Urgency: r.GetUrgency(), MessageId: command.NewID, Attachments: command.Attachments,
		})
		return draft.Events(), nil
	}
	view := world.Subjects[command.Subject].Views[command.Actor.Agency]
	step := matter.StepOf(command.Request)
	if err := Table.Check(step, view, command.Actor, command.Stale); err != nil {
		return nil, whoHasIt(step, view.State, err)
	}
	if err := checkContent(view, command); err != nil {
		return nil, err
	}
	switch r := command.Request.(type) {
	case *consultationv1.RevokeConsultationRequest:
		draft.Revoke(command.Subject, r.GetReason(), Readers(view.State, false), by)
	case *consultationv1.InviteParticipantRequest:
		draft.AddUnder(command.Subject, &consultationv1.ParticipantInvited{
			Participant: command.Facts.Party, Basis: r.GetBasis(), Snapshot: snapshot(world.State(command.Subject)),
		}, by, r.GetBasis())
	default:
		draft.Add(command.Subject, recorded(command), by)
	}
	return draft.Events(), nil
}

// whoHasIt adds to the refusal of a second worker who takes a question the name of the first.
func whoHasIt(step string, view Consultation, err error) error {
	if step != stepTake || view.Consultation.GetTakenBy() == nil || fault.ReasonOf(err) != fault.IllegalStep {
		return err
	}
	has := view.Holder()
	return fault.New(fault.IllegalStep, "%s of %s has taken it", matter.FirstOf(has.GetWorker(), "somebody"), matter.FirstOf(has.GetUnit(), has.GetAgency())).
		With("taken_by_agency", has.GetAgency()).With("taken_by_unit", has.GetUnit()).With("taken_by_worker", has.GetWorker())
}

// recorded returns the event of a step that records exactly one.
func recorded(command Command) proto.Message {
	switch r := command.Request.(type) {
	case *consultationv1.TakeConsultationRequest:
		return &consultationv1.ConsultationTaken{Worker: command.Actor.Party()}
	case *consultationv1.ReassignConsultationRequest:
		return &consultationv1.ConsultationReassigned{To: r.GetTo(), Reason: r.GetReason()}
	case *consultationv1.PostMessageRequest:
		return &consultationv1.MessagePosted{MessageId: command.NewID, Text: r.GetText(), Answers: r.GetAnswers(), Attachments: command.Attachments}
	case *consultationv1.CloseConsultationRequest:
		return &consultationv1.ConsultationClosed{LedTo: r.GetLedTo()}
	default:
		return &commonv1.RevocationAcknowledged{}
	}
}

// grounds returns the grounds on which a consultation may go: without a named client, or on consent
// or a statutory right (703/2023 §§ 31, 53).
func grounds(named bool) []commonv1.LegalGround {
	if !named {
		return []commonv1.LegalGround{commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA}
	}
	return []commonv1.LegalGround{commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS}
}

func checkOpen(command Command, r *consultationv1.OpenConsultationRequest) error {
	return cmp.Or(
		matter.CheckStarter(command.Actor),
		matter.CheckOther(r.GetAddressee(), "addressee.agency", command.Actor.Agency),
		matter.CheckBasis(r.GetBasis(), command.At, grounds(command.Client != "")...),
		command.CheckSaid(),
	)
}

// checkContent is the last check of a step: its content must be complete and allowed.
func checkContent(view matter.View[Consultation], command Command) error {
	var err error
	switch r := command.Request.(type) {
	case *consultationv1.ReassignConsultationRequest:
		err = cmp.Or(matter.CheckOwn(r.GetTo(), command.Actor.Agency, "to.agency"), matter.CheckExplained("reassigning", "reason", r.GetReason()))
		if err == nil && view.State.State() != stateOpen && r.GetTo().GetWorker() == "" {
			err = fault.New(fault.UnknownParty, "what was taken is passed to a worker by name").Field("to.worker", "required once it is taken")
		}
	case *consultationv1.PostMessageRequest:
		if r.GetAnswers() && view.Reader.Role == matter.RoleSender {
			err = fault.New(fault.InvalidField, "the asker does not answer the question").Field("answers", "leave false")
		}
	case *consultationv1.InviteParticipantRequest:
		err = matter.CheckBasis(r.GetBasis(), command.At, grounds(view.State.Client != "")...)
		if err == nil && isIn(view.State, command.Facts.Party.GetAgency()) {
			err = fault.New(fault.InvalidField, "this agency is in the conversation already").Field("participant", "another agency")
		}
	case *consultationv1.RevokeConsultationRequest:
		err = matter.CheckExplained("revoking", "reason", r.GetReason())
	}
	return cmp.Or(err, command.CheckSaid())
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
