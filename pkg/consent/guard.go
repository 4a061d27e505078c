package consent

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Guard checks each step against its client's consent directives: that it discloses nothing to an
// agency that the client prohibits, and that a cited consent is valid and covers the recipients.
// The new recipients decide what is checked, whatever the step is. The directives must be unchanged
// when the step is recorded.
type Guard[S matter.State] struct {
	Service     string
	Book        *Book
	Withdrawals *Withdrawals[S]
	Directory   *directory.Directory
}

// Step is one step as the guard sees it: what its request says.
type Step struct {
	sending directive.Sending
	basis   *commonv1.LegalBasis
	access  journal.Access
	subject string
	// addressee is the agency that the request names; used if the step has no new recipient.
	addressee string
}

// StepOf returns the step that a request asks for on a subject.
func (g *Guard[S]) StepOf(who identity.Caller, r proto.Message, access journal.Access, subject string) Step {
	step := Step{access: access, subject: subject, addressee: addressee(r)}
	if named, ok := r.(interface{ GetBasis() *commonv1.LegalBasis }); ok {
		step.basis = named.GetBasis()
	}
	step.sending = directive.Sending{
		By: caller.Actor(who).Party(), Service: g.Service, Step: matter.StepOf(r),
		Ground: step.basis.GetGround(), GroundKey: step.basis.GetGroundKey(), Provision: step.basis.GetProvision(),
		PassesProhibitions: step.basis.GetTerms().GetProhibition() == commonv1.ProhibitionEffect_PROHIBITION_EFFECT_RECORDED,
	}
	return step
}

// Clearance is what one attempt at a step knows of the client's consent.
type Clearance struct {
	step   Step
	client string
	// found are the client's directives; nil if the attempt did not need them so far.
	found *kept
	// cited is the advance consent that the step cites; nil if it cites none.
	cited *consentv1.AdvanceConsent
	// consented is the time of the client's consent, for a step that rests on consent.
	consented *timestamppb.Timestamp
}

// Prepare begins an attempt at a step that concerns a client. It also returns the request as the
// rules need it: with the time of the consent that it cites.
func (g *Guard[S]) Prepare(ctx context.Context, step Step, r proto.Message, client string, at time.Time) (Clearance, proto.Message, error) {
	step.sending.At = at
	c := Clearance{step: step, client: client}
	if step.sending.Ground == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT {
		c.consented = step.basis.GetConsentedAt()
	}
	switch id := step.basis.GetConsentId(); {
	case id == "" && c.consented.AsTime().After(at) && !c.consented.AsTime().After(at.Add(matter.ClockTolerance)):
		// The sender's clock is ahead, so the consent gets the present time. The check of the legal
		// basis refuses a later time.
		c.consented = timestamppb.New(at)
		return c, withConsentedAt(r, c.consented), nil
	case id == "":
		return c, r, nil
	case step.sending.Ground != commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT || client == "":
		return c, nil, directive.NotCovering("a consent can be cited only on the ground of the client's consent")
	case step.basis.GetConsentedAt() != nil:
		return c, nil, fault.New(fault.InvalidField, "the cited consent already states when the client consented").Field("basis.consented_at", "leave empty with consent_id")
	default:
		return g.cite(ctx, c, r, id)
	}
}

// Ahead returns what a step that begins a client's matter will read of the client's consent.
func (g *Guard[S]) Ahead(agency, client string, basis *commonv1.LegalBasis) []func(context.Context) {
	if client == "" {
		return nil
	}
	reads := []func(context.Context){func(ctx context.Context) { _, _ = g.Book.of(ctx, client) }}
	if at := basis.GetConsentedAt(); at != nil {
		reads = append(reads, func(ctx context.Context) { _, _ = g.Withdrawals.withdrawnSince(ctx, agency, client, at.AsTime()) })
	}
	return reads
}

// cite finds the advance consent that a step cites.
func (g *Guard[S]) cite(ctx context.Context, c Clearance, r proto.Message, id string) (Clearance, proto.Message, error) {
	found, err := g.Book.of(ctx, c.client)
	if err != nil {
		return c, nil, err
	}
	c.found = &found
	if c.cited, err = found.history.State.Cited(c.step.sending, id); err != nil {
		return c, nil, err
	}
	c.consented = c.cited.GetGivenAt()
	// The clock that recorded the consent may be ahead of the one by which it is cited.
	given := matter.Earlier(c.cited.GetGivenAt().AsTime(), c.step.sending.At)
	return c, withConsentedAt(r, timestamppb.New(given)), nil
}

// withConsentedAt returns a request that names the time of the client's consent, and no advance
// consent: its id is the same towards all agencies, so it is disclosed to none.
func withConsentedAt(r proto.Message, at *timestamppb.Timestamp) proto.Message {
	resolved := proto.Clone(r)
	if named, ok := resolved.(interface{ GetBasis() *commonv1.LegalBasis }); ok {
		named.GetBasis().ConsentId, named.GetBasis().ConsentedAt = "", at
	}
	return resolved
}

// Authorise refuses recipients to which a step may not disclose, and returns the rows to record
// with the step. It fails with a *StoppedError if the client prohibits a recipient and no override
// applies.
func (g *Guard[S]) Authorise(ctx context.Context, c Clearance, recipients []command.NewRecipient) (journal.Batch, error) {
	if c.client == "" || len(recipients) == 0 && c.consented == nil {
		return journal.Batch{}, nil
	}
	if c.found == nil {
		found, err := g.Book.of(ctx, c.client)
		if err != nil {
			return journal.Batch{}, err
		}
		c.found = &found
	}
	if err := g.checkConsent(ctx, c, recipients); err != nil {
		return journal.Batch{}, err
	}
	state := c.found.history.State
	var messages []proto.Message
	var stopped []string
	for _, one := range recipients {
		agency, _ := g.Directory.Agency(one.Agency)
		kind := agency.Kind.String()
		if c.cited != nil && !directive.Covers(c.cited.GetRecipient(), one.Agency, kind) {
			return journal.Batch{}, directive.NotCovering("this consent does not cover this receiver")
		}
		if !state.Prohibits(c.step.sending, one.Agency, kind) {
			continue
		}
		if c.step.sending.PassesProhibitions {
			if passed := state.BlockedEvent(c.step.sending, one.Agency); passed != nil {
				messages = append(messages, passed)
			}
			continue
		}
		if override := state.OverrideFor(c.step.sending, one.Agency); override != nil {
			messages = append(messages, &consentv1.OverrideUsed{OverrideId: override.GetOverrideId(), Subject: one.Subject})
			continue
		}
		stopped = append(stopped, one.Agency)
	}
	if len(stopped) > 0 {
		return journal.Batch{}, &StoppedError{clearance: c, agencies: stopped}
	}
	if c.cited != nil {
		messages = append(messages, citation(c, recipients))
	}
	return g.Book.rows(*c.found, c.step.access, c.events(messages...))
}

// checkConsent refuses a consent that ended with a withdrawal. It checks the new recipients; if
// there are none, the agency that the request names; if it names none, the consent without a
// recipient.
func (g *Guard[S]) checkConsent(ctx context.Context, c Clearance, recipients []command.NewRecipient) error {
	if c.consented == nil {
		return nil
	}
	var agencies []string
	for _, one := range recipients {
		agencies = append(agencies, one.Agency)
	}
	if len(agencies) == 0 && c.step.addressee != "" {
		agencies = []string{c.step.addressee}
	}
	return g.Withdrawals.checkCounts(ctx, c.found.history.State, c.client, directive.Given{
		By: c.step.sending.By.GetAgency(), To: g.Withdrawals.receivers(agencies...), At: c.consented.AsTime(), Cited: c.cited != nil,
	})
}

// citation returns the event that records in which matters the consent was cited.
func citation(c Clearance, recipients []command.NewRecipient) *consentv1.ConsentCited {
	cited := &consentv1.ConsentCited{ConsentId: c.cited.GetConsentId()}
	for _, one := range recipients {
		cited.Subjects = append(cited.Subjects, one.Subject)
	}
	if len(recipients) == 0 {
		cited.Subjects = []string{c.step.subject}
	}
	return cited
}

func (c Clearance) events(messages ...proto.Message) []matter.Event {
	events := make([]matter.Event, 0, len(messages))
	for _, message := range messages {
		events = append(events, matter.Event{Subject: c.found.subject, Message: message, By: c.step.sending.By, At: c.step.sending.At, Client: c.client})
	}
	return events
}

// addressee returns the agency to which a request sends something.
func addressee(r proto.Message) string {
	for _, name := range []string{"receiver", "addressee", "participant", "party"} {
		field := r.ProtoReflect().Descriptor().Fields().ByTextName(name)
		if field == nil || field.Message() == nil || field.Message().FullName() != partyName {
			continue
		}
		if party, ok := r.ProtoReflect().Get(field).Message().Interface().(*commonv1.Party); ok {
			return party.GetAgency()
		}
	}
	return ""
}

// partyName is the message that names an agency, unit and worker.
var partyName = (*commonv1.Party)(nil).ProtoReflect().Descriptor().FullName()
