// Package basis decides on what legal basis a service may send a message, by its table of lawful
// grounds.
package basis

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Bases decides on legal bases.
type Bases struct {
	Grounds   *ground.Grounds
	Directory *directory.Directory
	Clock     clock.Clock
}

// Sending is what a step sends.
type Sending struct {
	// Message is a message of the table, such as "concern" or "referral/REFERRAL_KIND_SERVICE".
	Message string
	// Receiver is the party that the request names; nil for a plan, which has none.
	Receiver *commonv1.Party
}

// To says that a step sends a message to a receiver, whatever the state of the matter. S is the state.
func To[S any](message string, receiver *commonv1.Party) func(S) Sending {
	return func(S) Sending { return Sending{Message: message, Receiver: receiver} }
}

// Born returns the client's date of birth at midnight UTC; zero if it is not known. It is called only
// for a ground with an age limit.
type Born func() (time.Time, error)

// OfRequest returns a request with its legal basis as it is recorded, see Of, and within how many
// days the receiver must decide, if the row limits it for the receiver's kind. A request without a
// basis is returned as it is.
func (b *Bases) OfRequest(r proto.Message, actor matter.Actor, sending Sending, at time.Time, born Born) (proto.Message, *matter.Limit, error) {
	named, ok := r.(interface{ GetBasis() *commonv1.LegalBasis })
	if !ok || named.GetBasis() == nil {
		return r, nil, nil
	}
	based, row, err := b.of(named.GetBasis(), actor, sending, at, born)
	if err != nil {
		return nil, nil, err
	}
	resolved := proto.Clone(r)
	basis := resolved.(interface{ GetBasis() *commonv1.LegalBasis }).GetBasis() //nolint:forcetypeassert // a clone has the same methods
	proto.Reset(basis)
	proto.Merge(basis, based)
	if row == nil {
		return resolved, nil, nil
	}
	return resolved, row.LimitFor(b.use(actor, sending, at).Receiver), nil
}

// Of returns a legal basis as it is recorded: with the ground and provision of its row, and with the
// terms of the row at this time, so that a later change of the table changes no history. It refuses
// with fault.GroundUnknown, fault.GroundNotLawful, fault.ClientAge, fault.NamedWorkerRequired,
// fault.AttestationRequired and fault.InvalidField. A basis without a ground, and that of a caller
// who belongs to no agency, is returned as it is; the rules refuse it.
func (b *Bases) Of(basis *commonv1.LegalBasis, actor matter.Actor, sending Sending, at time.Time, born Born) (*commonv1.LegalBasis, error) {
	based, _, err := b.of(basis, actor, sending, at, born)
	return based, err
}

// of also returns the row; nil if the basis is recorded as written.
func (b *Bases) of(basis *commonv1.LegalBasis, actor matter.Actor, sending Sending, at time.Time, born Born) (*commonv1.LegalBasis, *ground.Row, error) {
	if basis.GetTerms() != nil {
		return nil, nil, fault.New(fault.InvalidField, "the terms of a ground are set by Koppi").Field("basis.terms", "leave empty")
	}
	if actor.Agency == "" || basis.GetGroundKey() == "" && basis.GetGround() == commonv1.LegalGround_LEGAL_GROUND_UNSPECIFIED {
		return basis, nil, nil
	}
	if basis.GetGroundKey() == "" && basis.GetFeedbackConsentedAt() != nil {
		return nil, nil, fault.New(fault.InvalidField, "a consent to feedback needs the key of the ground").Field("basis.feedback_consented_at", "leave empty without basis.ground_key")
	}
	table, use := b.Grounds.Table(), b.use(actor, sending, at)
	row, err := checked(table, use, basis, actor)
	if err != nil || row == nil {
		return basis, nil, err
	}
	if row.MaxAge > 0 {
		day, err := born()
		if err != nil {
			return nil, nil, err
		}
		if err := row.CheckAge(day, at); err != nil {
			return nil, nil, err
		}
	}
	recorded := proto.CloneOf(basis)
	if feedback := basis.GetFeedbackConsentedAt(); feedback != nil {
		// The sender's clock may be ahead.
		recorded.FeedbackConsentedAt = timestamppb.New(matter.Earlier(feedback.AsTime(), at))
	}
	recorded.GroundKey, recorded.Ground, recorded.Terms = row.Key, row.Ground, b.terms(*row, actor.Agency, use)
	if basis.GetGroundKey() != "" {
		recorded.Provision = row.Provision
	}
	return recorded, row, nil
}

// WithFeedback returns a request with the client's consent to feedback: a consent to a concern covers
// it, if the caller wrote the request without a key, as before the table. Resolved is the request with
// its legal basis and the time of its consent.
func WithFeedback(written, resolved proto.Message, sending Sending) proto.Message {
	named, ok := written.(interface{ GetBasis() *commonv1.LegalBasis })
	if !ok || sending.Message != ground.Concern || named.GetBasis().GetGroundKey() != "" || named.GetBasis().GetGround() != commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT {
		return resolved
	}
	resolved = proto.Clone(resolved)
	basis := resolved.(interface{ GetBasis() *commonv1.LegalBasis }).GetBasis() //nolint:forcetypeassert // of the same type as written
	basis.FeedbackConsentedAt = basis.GetConsentedAt()
	return resolved
}

// checked returns the row of a basis, after the checks that need no facts about the client; nil if the
// basis is recorded as written.
func checked(table *ground.Table, use ground.Use, basis *commonv1.LegalBasis, actor matter.Actor) (*ground.Row, error) {
	if basis.GetGroundKey() == "" {
		row, holds, err := table.WithoutKey(use, basis)
		if err != nil || !holds {
			return nil, err
		}
		return &row, checkOlder(row, basis)
	}
	row, err := table.WithKey(use, basis.GetGroundKey())
	if err != nil {
		return nil, err
	}
	if err := row.CheckBasis(use, basis); err != nil {
		return nil, err
	}
	if err := row.CheckPerson(actor); err != nil {
		return nil, err
	}
	return &row, row.CheckAttestation(basis.GetAttestation())
}

// checkOlder checks the attestation of a caller that does not know the table: a notification needs one
// of those that were asked for before it (1301/2014 § 35.2), whatever its row asks for.
func checkOlder(row ground.Row, basis *commonv1.LegalBasis) error {
	if row.Ground != commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION {
		return nil
	}
	return matter.CheckAttested(basis.GetAttestation())
}

func (b *Bases) use(actor matter.Actor, sending Sending, at time.Time) ground.Use {
	use := ground.Use{Sender: b.Directory.KindOf(actor.Party()), Message: sending.Message, At: at}
	if sending.Receiver != nil {
		use.Receiver = b.Directory.KindOf(sending.Receiver)
	}
	return use
}

// terms are what a row allows to a sender.
func (b *Bases) terms(row ground.Row, sender string, use ground.Use) *commonv1.GroundTerms {
	terms := &commonv1.GroundTerms{
		Content: b.content(row, sender, use.Message), Prohibition: row.Prohibition, Reviewed: row.Reviewed != nil,
	}
	if use.Receiver != caseworkv1.AgencyKind_AGENCY_KIND_UNSPECIFIED {
		terms.ReceiverKind = use.Receiver.String()
	}
	return terms
}

// content is the most that a sender may say on a row. Without consent, a concern says no more than the
// sender's agency has agreed for such reports.
func (b *Bases) content(row ground.Row, sender, message string) commonv1.ContentProfile {
	agency, _ := b.Directory.Agency(sender)
	if message == ground.Concern && row.Ground == commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION && agency.Profile != directory.Necessary {
		return min(row.Content, ground.Topics)
	}
	return row.Content
}

// ReadGrounds returns the grounds on which the caller's unit may send one of this service's messages
// now.
func (b *Bases) ReadGrounds(ctx context.Context, r *caseworkv1.ReadGroundsRequest) (*caseworkv1.ReadGroundsResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if !caller.IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "only a worker or system of an agency can ask this")
	}
	if !slices.Contains(ground.Messages(), r.GetMessage()) {
		return nil, fault.New(fault.InvalidField, "the message is unknown").Field("message", "one of the messages of the table of grounds")
	}
	sending := Sending{Message: r.GetMessage()}
	if r.GetMessage() != ground.Plan {
		if err := b.Directory.Check(r.GetReceiver(), "receiver"); err != nil {
			return nil, err
		}
		sending.Receiver = r.GetReceiver()
	}
	table, use := b.Grounds.Table(), b.use(caller.Actor(who), sending, b.Clock.Now())
	response := &caseworkv1.ReadGroundsResponse{}
	for _, row := range table.Lawful(use) {
		response.Grounds = append(response.Grounds, &caseworkv1.Ground{
			Key: row.Key, Ground: row.Ground, Provision: row.Provision, Names: row.Names, Attest: attest(table, row), MaxAge: int32(row.MaxAge), //nolint:gosec // years
			Content: b.content(row, who.Agency, r.GetMessage()), Prohibition: row.Prohibition, Duty: row.Duty,
			AsksFeedbackConsent: row.AsksFeedbackConsent(r.GetMessage()),
		})
	}
	return response, nil
}

// ReadGroundTexts returns what each row of the table says to the client.
func (b *Bases) ReadGroundTexts(context.Context, *caseworkv1.ReadGroundTextsRequest) (*caseworkv1.ReadGroundTextsResponse, error) {
	response := &caseworkv1.ReadGroundTextsResponse{}
	for _, row := range b.Grounds.Table().Rows() {
		response.Texts = append(response.Texts, &caseworkv1.GroundText{Key: row.Key, Provision: row.Provision, Client: row.Client})
	}
	return response, nil
}

// attest returns what a row asks a person to attest.
func attest(table *ground.Table, row ground.Row) []*caseworkv1.AttestationGroup {
	var groups []*caseworkv1.AttestationGroup
	for _, group := range row.Attest {
		shown := &caseworkv1.AttestationGroup{}
		for _, name := range group {
			shown.AnyOf = append(shown.AnyOf, &caseworkv1.AttestationItem{Field: ground.AttestationField(name), Names: table.AttestationNames(name)})
		}
		groups = append(groups, shown)
	}
	return groups
}
