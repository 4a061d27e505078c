package rules

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// Consents says what of a plan the client's consent carries: all of it, or, if the plan is a duty, what
// each member has that was invited on consent. A duty ends only without a unit that has joined.
func Consents(p Plan) matter.Consents {
	if !p.OnDuty {
		return matter.Consents{}
	}
	consents := matter.Consents{Apart: true}
	if p.RestsOnConsent() {
		consents.First = p.Basis
	}
	for _, member := range p.Plan.GetMembers() {
		agency := member.GetParty().GetAgency()
		if consents.First == nil && p.isOnConsent(member) {
			consents.First = member.GetBasis()
		}
		if _, listed := consents.Of(agency); !listed && p.consentStands(agency) {
			consents.Members = append(consents.Members, matter.Consented{Agency: agency, Basis: p.consentOf(agency)})
		}
		if !p.Ended() && member.GetState() == planv1.MemberState_MEMBER_STATE_JOINED {
			consents.Needed = append(consents.Needed, agency)
		}
	}
	return consents
}

// isOnConsent reports whether a membership rests on the client's consent. That of the unit that created
// the plan never does: its duty stands.
func (p Plan) isOnConsent(member *planv1.Member) bool {
	creator := p.Plan.GetCreatedBy()
	isCreator := member.GetParty().GetAgency() == creator.GetAgency() && member.GetParty().GetUnit() == creator.GetUnit()
	return matter.OnConsent(member.GetBasis()) && !isCreator
}

// consentOf returns the basis on which an agency has a plan that is a duty, if that is consent alone. An
// agency of which another unit takes part on another ground needs no consent. An agency that left or
// declined holds a copy, on consent if any of its units did.
func (p Plan) consentOf(agency string) *commonv1.LegalBasis {
	var basis *commonv1.LegalBasis
	for _, member := range p.Plan.GetMembers() {
		switch {
		case member.GetParty().GetAgency() != agency:
		case isActive(member) && !p.isOnConsent(member):
			return nil
		case p.isOnConsent(member) && (basis == nil || isActive(member)):
			basis = member.GetBasis()
		}
	}
	return basis
}

// consentStands reports whether an agency has a plan on a consent that was not withdrawn since.
func (p Plan) consentStands(agency string) bool {
	_, withdrawn := p.Departed(agency)
	return p.consentOf(agency) != nil && slices.ContainsFunc(p.Plan.GetMembers(), func(m *planv1.Member) bool {
		return m.GetParty().GetAgency() == agency && p.isOnConsent(m) && (isActive(m) || m.GetSince().AsTime().After(withdrawn))
	})
}

// onOwnGround sets, for the readers of a plan that is a duty, what each may see by the consent on which
// it alone takes part. Withdrawn treats every such consent as withdrawn.
func (p Plan) onOwnGround(readers []matter.Reader, withdrawn bool) []matter.Reader {
	for i := range readers {
		reader := &readers[i]
		reader.OnConsent = p.consentOf(reader.Agency) != nil
		reader.Consent = !reader.OnConsent || !withdrawn && p.consentStands(reader.Agency)
		if reader.OnConsent {
			reader.Share = p.ShareOf(reader.Agency)
		}
	}
	return readers
}

// without returns the plan after the client's consent to some agencies was withdrawn. Their units leave.
// What they had to do goes to the responsible worker, and the responsibility to its heir; an offer of it
// to one of them lapses. A need of special support stands, and waits for a social worker who takes over.
func (p Plan) without(agencies []string, at time.Time) Plan {
	p, plan := p.change()
	isGone := func(party *commonv1.Party) bool { return slices.Contains(agencies, party.GetAgency()) }
	for _, member := range plan.GetMembers() {
		if isGone(member.GetParty()) && isActive(member) {
			member.State, member.Since = planv1.MemberState_MEMBER_STATE_LEFT, timestamppb.New(at)
		}
	}
	if isGone(plan.GetResponsibilityOfferedTo()) {
		plan.ResponsibilityOfferedTo, plan.ResponsibilityDueAt = nil, nil
	}
	if isGone(plan.GetSocialWorker()) {
		plan.SocialWorker = nil
	}
	if isGone(plan.GetResponsible()) {
		plan.Responsible = heir(plan)
		if to := plan.GetResponsibilityOfferedTo(); to != nil && sameWorker(to, plan.GetResponsible()) {
			plan.ResponsibilityOfferedTo, plan.ResponsibilityDueAt = nil, nil
		}
	}
	for _, action := range plan.GetActions() {
		if action.GetCompletedAt() == nil && isGone(action.GetOwner()) {
			action.Owner = proto.CloneOf(plan.GetResponsible())
		}
	}
	for _, agency := range agencies {
		p.Contacted(&commonv1.Party{Agency: agency}) // it will not contact the client any more
	}
	return p
}

// heir returns who is responsible for a plan whose responsible worker's agency left: the creator. If the
// creator's unit has left too, it is the worker to whom the responsibility is offered, or else, since no
// other worker is known equally to all readers, any worker of the first unit that has joined.
func heir(plan *planv1.Plan) *commonv1.Party {
	for _, named := range []*commonv1.Party{plan.GetCreatedBy(), plan.GetResponsibilityOfferedTo()} {
		if named != nil && isJoined(plan, named) {
			return proto.CloneOf(named)
		}
	}
	for _, member := range plan.GetMembers() {
		if member.GetState() == planv1.MemberState_MEMBER_STATE_JOINED {
			return matter.UnitAlone(member.GetParty())
		}
	}
	return nil
}
