package rules

import (
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// Facts are what the directory says of the addressed party.
type Facts struct {
	// Receiver is that party, with the intake unit if the caller named none.
	Receiver *commonv1.Party
	// OnCall is the unit of the addressed party's kind, or the holder's, that is on call now; nil if there is
	// none.
	OnCall *commonv1.Party
	// OnCallFor are, by referral, the units on call for an addition: of the referral and of those that it is
	// offered as.
	OnCallFor map[string]*commonv1.Party
	Graces    matter.Graces
	// ToSocialServices says that it is a social services agency.
	ToSocialServices bool
}

// Command is a request together with everything from outside that its decision needs.
type Command = matter.Command[Facts]

// World is what decisions see of referrals.
type World = matter.World[Referral]

// Related returns the referrals that a decision about the known ones also needs: those that one was
// redirected from, and to.
func Related(known World) []string {
	var more []string
	for _, history := range known.Subjects {
		for _, other := range []string{history.State.RedirectedFrom, history.State.Onward.Subject} {
			if other != "" {
				more = append(more, other)
			}
		}
	}
	return more
}

// Decide returns the events that record a command, or refuses the command. For a step on an
// existing referral the order of the checks is the same in all services: role, etag, state,
// content. Token, form, relation and request_id were checked before.
func Decide(world World, command Command) ([]matter.Event, error) {
	o := newOutcome(world, command)
	if r, ok := command.Request.(*referralv1.SendReferralRequest); ok {
		if err := checkSending(command, r); err != nil {
			return nil, err
		}
		send(o, command, r)
		return o.Events(), nil
	}
	if err := Table.CheckStep(world.View(command.Subject, command.Actor.Agency), command); err != nil {
		return nil, err
	}
	if err := Table.CheckContent(world, command); err != nil {
		return nil, err
	}
	Table.Record(o, command)
	return o.Events(), nil
}

// Allowed lists the steps that the actor may take now, in the order of the table.
func Allowed(view matter.View[Referral], actor matter.Actor) []string {
	return Table.Allowed(view, actor)
}
