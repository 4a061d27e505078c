package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// admission checks one step against its client's consent directives: that it discloses nothing to
// an agency that the client prohibits, and that a cited consent is valid and covers the recipients.
// The new recipients decide what is checked, whatever the step is. The directives must be unchanged
// when the step is recorded.
type admission[S matter.State] struct {
	kernel  *Kernel[S]
	sending consent.Sending
	basis   *commonv1.LegalBasis
	access  journal.Access
	subject string
	// addressee is the agency that the request names; used if the step has no new recipient.
	addressee string

	// The fields below belong to one attempt.
	client string
	wishes *kept
	cited  *consentv1.AdvanceConsent
	// consented is the time of the client's consent, for a step that rests on consent.
	consented *timestamppb.Timestamp
	// stopped are the agencies to which disclosure is prohibited.
	stopped []string
}

func newAdmission[S matter.State](k *Kernel[S], who identity.Caller, r proto.Message, access journal.Access, subject string) *admission[S] {
	a := &admission[S]{kernel: k, access: access, subject: subject, addressee: addressee(r)}
	if named, ok := r.(interface{ GetBasis() *commonv1.LegalBasis }); ok {
		a.basis = named.GetBasis()
	}
	a.sending = consent.Sending{By: Actor(who).Party(), Service: k.config.Rules.Service, Step: matter.StepOf(r), Ground: a.basis.GetGround()}
	return a
}

// begin starts an attempt at a step that concerns a client. It returns the request as the rules
// need it: with the time of the consent that it cites.
func (a *admission[S]) begin(ctx context.Context, r proto.Message, client string, at time.Time) (proto.Message, error) {
	a.client, a.wishes, a.cited, a.consented, a.stopped = client, nil, nil, nil, nil
	a.sending.At = at
	if a.sending.Ground == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT {
		a.consented = a.basis.GetConsentedAt()
	}
	id := a.basis.GetConsentId()
	switch {
	case id == "" && a.consented.AsTime().After(at) && !a.consented.AsTime().After(at.Add(clockTolerance)):
		// The sender's clock is ahead, so the consent gets the present time. The check of the legal
		// basis refuses a later time.
		a.consented = timestamppb.New(at)
		resolved := proto.Clone(r)
		if named, ok := resolved.(interface{ GetBasis() *commonv1.LegalBasis }); ok {
			named.GetBasis().ConsentedAt = a.consented
		}
		return resolved, nil
	case id == "":
		return r, nil
	case a.sending.Ground != commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT || client == "":
		return nil, consent.NotCovering("a consent is cited on the ground of the client's consent alone")
	case a.basis.GetConsentedAt() != nil:
		return nil, fault.New(fault.InvalidField, "when the client consented is known of the consent").Field("basis.consented_at", "leave empty with consent_id")
	}
	if err := a.read(ctx); err != nil {
		return nil, err
	}
	var err error
	if a.cited, err = a.wishes.history.State.Cited(a.sending, id); err != nil {
		return nil, err
	}
	a.consented = a.cited.GetGivenAt()
	resolved := proto.Clone(r)
	if named, ok := resolved.(interface{ GetBasis() *commonv1.LegalBasis }); ok {
		// The consent id is the same towards all agencies, so it is disclosed to none.
		named.GetBasis().ConsentId, named.GetBasis().ConsentedAt = "", timestamppb.New(earlier(a.cited.GetGivenAt().AsTime(), at))
	}
	return resolved, nil
}

// clockTolerance is how far a sender's clock may be ahead of the suite's in the time of a consent.
const clockTolerance = 5 * time.Minute

// earlier returns the earlier of two times: the clock that recorded a consent may be ahead of the
// one by which it is cited.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// read reads the directives, once in each attempt.
func (a *admission[S]) read(ctx context.Context) error {
	if a.wishes != nil {
		return nil
	}
	found, err := a.kernel.wishesOf(ctx, a.client)
	if err == nil {
		a.wishes = &found
	}
	return err
}

// admit is the engine's Command.Admit: it refuses recipients to which the step may not disclose,
// and returns the rows to record with the step. It refuses with TransferProhibited if the client
// prohibits a recipient and no override applies.
func (a *admission[S]) admit(ctx context.Context, told []command.NewRecipient) (journal.Batch, error) {
	if a.client == "" || len(told) == 0 && a.consented == nil {
		return journal.Batch{}, nil
	}
	if err := a.read(ctx); err != nil {
		return journal.Batch{}, err
	}
	if err := a.checkConsent(ctx, told); err != nil {
		return journal.Batch{}, err
	}
	state := a.wishes.history.State
	var messages []proto.Message
	for _, one := range told {
		agency, _ := a.kernel.Directory.Agency(one.Agency)
		kind := agency.Kind.String()
		if a.cited != nil && !consent.Covers(a.cited.GetRecipient(), one.Agency, kind) {
			return journal.Batch{}, consent.NotCovering("this consent does not cover this receiver")
		}
		if !state.Prohibits(a.sending, one.Agency, kind) {
			continue
		}
		if override := state.OverrideFor(a.sending, one.Agency); override != nil {
			messages = append(messages, &consentv1.OverrideUsed{OverrideId: override.GetOverrideId(), Subject: one.Subject})
			continue
		}
		a.stopped = append(a.stopped, one.Agency)
	}
	if len(a.stopped) > 0 {
		return journal.Batch{}, fault.New(fault.TransferProhibited, "the client has prohibited that this receiver be told")
	}
	if a.cited != nil {
		messages = append(messages, a.citation(told))
	}
	return a.batch(messages)
}

// checkConsent refuses a consent that ended with a withdrawal. It checks the new recipients; if
// there are none, the agency that the request names; if it names none, the consent without a
// recipient.
func (a *admission[S]) checkConsent(ctx context.Context, told []command.NewRecipient) error {
	if a.consented == nil {
		return nil
	}
	var agencies []string
	for _, one := range told {
		agencies = append(agencies, one.Agency)
	}
	if len(agencies) == 0 && a.addressee != "" {
		agencies = []string{a.addressee}
	}
	return a.kernel.checkCounts(ctx, a.wishes.history.State, a.client, consent.Given{
		By: a.sending.By.GetAgency(), To: a.kernel.receivers(agencies...), At: a.consented.AsTime(), Cited: a.cited != nil,
	})
}

// citation returns the event that records in which matters the consent was cited.
func (a *admission[S]) citation(told []command.NewRecipient) *consentv1.ConsentCited {
	cited := &consentv1.ConsentCited{ConsentId: a.cited.GetConsentId()}
	for _, one := range told {
		cited.Subjects = append(cited.Subjects, one.Subject)
	}
	if len(told) == 0 {
		cited.Subjects = []string{a.subject}
	}
	return cited
}

// batch returns the rows to record in the directives, and the versions of them that must be
// unchanged.
func (a *admission[S]) batch(messages []proto.Message) (journal.Batch, error) {
	seen := a.wishes.seen
	if len(messages) == 0 {
		return journal.Batch{Seen: seen}, nil
	}
	batch, err := a.kernel.wishes.Rows(a.wishes.world(), a.access, a.events(messages...))
	delete(seen, a.wishes.subject)
	batch.Seen = seen
	return batch, err
}

func (a *admission[S]) events(messages ...proto.Message) []matter.Event {
	events := make([]matter.Event, 0, len(messages))
	for _, message := range messages {
		events = append(events, matter.Event{Subject: a.wishes.subject, Message: message, By: a.sending.By, At: a.sending.At, Client: a.client})
	}
	return events
}

// stoppedPurpose is the purpose in the access record of a step that was stopped.
const stoppedPurpose = "stopped by the client's prohibition"

// refused records a step that the client's prohibition stopped, for the client to read, before the
// caller receives the refusal.
func (a *admission[S]) refused(ctx context.Context, refusal error) error {
	if len(a.stopped) == 0 || fault.ReasonOf(refusal) != fault.TransferProhibited {
		return refusal
	}
	a.access.Purpose = stoppedPurpose
	recorded := false
	subject := a.wishes.subject
	_, err := a.kernel.wishes.Handle(ctx, command.Command[consent.Directives]{
		Subject: subject, Open: true, Access: a.access,
		Decide: func(world matter.World[consent.Directives], at time.Time) ([]matter.Event, error) {
			a.sending.At = at
			var events []matter.Event
			for _, agency := range a.stopped {
				if message := world.State(subject).Stopped(a.sending, agency); message != nil {
					events = append(events, a.events(message)...)
				}
			}
			recorded = len(events) > 0
			return events, nil
		},
	})
	if err == nil && !recorded {
		a.access.Subject, a.access.Client = subject, a.client
		_, err = a.kernel.Store.Append(ctx, journal.Batch{Accesses: []journal.Access{a.access}})
		err = fault.Store(err)
	}
	if err != nil {
		return err
	}
	return refusal
}
