package consent

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const (
	// withdrawalKind and withdrawalOwner seal the withdrawals that one service passes to the
	// others.
	withdrawalKind  = identity.Kind("withdrawal")
	withdrawalOwner = "suite"
	// passingOn is the agency of the worklist rows by which withdrawals are found that other
	// services lack. No real agency's key holds a colon.
	passingOn = ":passing-on"
	// maxPassedOn is the number of clients whose withdrawals one call returns.
	maxPassedOn = 100
)

// Withdrawals keeps which consents of clients were withdrawn, in this service and in the others. S is
// the state of the service's matters.
type Withdrawals[S matter.State] struct {
	Book      *Book
	Engine    *command.Engine[S]
	Store     journal.Store
	Secrets   *identity.Secrets
	Directory *directory.Directory
}

// Authorise is the last stage of a command that withdraws consents of matters: it records the
// withdrawals in the directives of the client too, in the same append. No later sending that rests
// on these consents, or on older ones, can then go by directives that lack the withdrawal.
func (w *Withdrawals[S]) Authorise(ctx context.Context, _ command.None, decision command.Decision[S]) (journal.Batch, error) {
	var client string
	var withdrawn []*consentv1.WithdrawnConsent
	for _, event := range decision.Events {
		if _, is := event.Message.(*commonv1.ConsentWithdrawn); is {
			client = event.Client
			withdrawn = append(withdrawn, w.withdrawnBy(decision.World.Subjects[event.Subject], event)...)
		}
	}
	return w.notes(ctx, client, withdrawn)
}

// withdrawnBy returns the consents that an event withdraws of a matter: that of the matter, or, of a
// matter that goes on without consent, that of each member that loses its own.
func (w *Withdrawals[S]) withdrawnBy(history matter.History[S], event matter.Event) []*consentv1.WithdrawnConsent {
	consents := w.Engine.Rules.ConsentsOf(history.State)
	if !consents.Apart {
		return []*consentv1.WithdrawnConsent{withdrawnOf(history, event.At)}
	}
	message, _ := event.Message.(*commonv1.ConsentWithdrawn)
	var all []*consentv1.WithdrawnConsent
	for _, one := range consents.Members {
		if !message.GetContinues() || slices.Contains(message.GetHolders(), one.Agency) {
			withdrawn := withdrawnOf(history, event.At)
			withdrawn.GivenAt, withdrawn.Towards = one.Basis.GetConsentedAt(), one.Agency
			all = append(all, withdrawn)
		}
	}
	return all
}

// withdrawnOf returns the consent of a matter as withdrawn at the given time.
func withdrawnOf[S matter.State](history matter.History[S], at time.Time) *consentv1.WithdrawnConsent {
	head := history.State.Common()
	return &consentv1.WithdrawnConsent{
		Subject: head.Subject, GivenAt: head.Basis.GetConsentedAt(), WithdrawnAt: timestamppb.New(at), Agencies: slices.Sorted(maps.Keys(history.Views)),
	}
}

// notes returns withdrawals as rows of a client's directives, for another command to append.
func (w *Withdrawals[S]) notes(ctx context.Context, client string, withdrawn []*consentv1.WithdrawnConsent) (journal.Batch, error) {
	if client == "" {
		return journal.Batch{}, nil
	}
	found, err := w.Book.of(ctx, client)
	if err != nil {
		return journal.Batch{}, err
	}
	var events []matter.Event
	for _, one := range withdrawn {
		if message := found.history.State.Note(one, true); message != nil {
			events = append(events, matter.Event{Subject: found.subject, Message: message, At: one.GetWithdrawnAt().AsTime(), Client: client})
		}
	}
	if len(events) == 0 {
		return journal.Batch{}, nil
	}
	return w.Book.rows(found, w.Engine.ByClock("NoteWithdrawal"), events)
}

// toPassOn returns the worklist row by which withdrawals are found that this service must still
// pass to the others.
func toPassOn(d directive.Directives) []journal.WorklistEntry {
	if len(d.Withdrawn) == 0 || !slices.ContainsFunc(d.Withdrawn, func(one directive.Withdrawn) bool { return one.Own }) {
		return nil
	}
	return []journal.WorklistEntry{{Agency: passingOn, Ended: len(d.ToPassOn()) == 0}}
}

// seal returns, sealed for the other services, the withdrawn consents of a client that
// not all of them are known to have.
func (w *Withdrawals[S]) seal(client string, directives directive.Directives) ([]string, error) {
	var all []string
	for _, one := range directives.ToPassOn() {
		payload, err := proto.Marshal(&caseworkv1.Withdrawn{Inner: client, Consent: one.Consent})
		if err != nil {
			return nil, err
		}
		all = append(all, w.Secrets.Token(withdrawalKind, withdrawalOwner, payload))
	}
	return all, nil
}

// sealedOf returns the sealed withdrawals of a client; nil for an empty client.
func (w *Withdrawals[S]) sealedOf(ctx context.Context, client string) ([]string, error) {
	if client == "" {
		return nil, nil
	}
	found, err := w.Book.of(ctx, client)
	if err != nil {
		return nil, err
	}
	return w.seal(client, found.history.State)
}

// ListWithdrawals returns the withdrawals that the other services lack.
func (w *Withdrawals[S]) ListWithdrawals(ctx context.Context, _ *caseworkv1.ListWithdrawalsRequest) (*caseworkv1.ListWithdrawalsResponse, error) {
	response := &caseworkv1.ListWithdrawalsResponse{}
	query := journal.Query{Agency: passingOn, HiddenOnly: true, Limit: maxPassedOn}
	for clients := 0; clients < maxPassedOn; {
		rows, err := w.Store.WorklistEntries(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		for _, row := range rows {
			history, _, err := w.Book.history(ctx, row.Subject)
			if err != nil {
				return nil, err
			}
			some, err := w.seal(history.State.Client, history.State)
			if err != nil {
				return nil, err
			}
			if len(some) > 0 { // none of what was erased
				clients++
			}
			response.Withdrawals = append(response.Withdrawals, some...)
		}
		if len(rows) < maxPassedOn {
			break
		}
		query.After = &journal.WorklistCursor{Subject: rows[len(rows)-1].Subject}
	}
	return response, nil
}

// NoteWithdrawals records withdrawals of another service, or, if PassedOn is set, that all other
// services have those of this one.
func (w *Withdrawals[S]) NoteWithdrawals(ctx context.Context, r *caseworkv1.NoteWithdrawalsRequest) (*caseworkv1.NoteWithdrawalsResponse, error) {
	for _, one := range r.GetWithdrawals() {
		payload, ok := w.Secrets.OpenToken(withdrawalKind, withdrawalOwner, one)
		withdrawn := &caseworkv1.Withdrawn{}
		if !ok || proto.Unmarshal(payload, withdrawn) != nil {
			return nil, fault.New(fault.InvalidField, "the withdrawal was not sealed by a service of this suite").Field("withdrawals", "send them unchanged")
		}
		if err := w.noteWithdrawal(ctx, withdrawn, r.GetPassedOn()); err != nil {
			return nil, err
		}
	}
	return &caseworkv1.NoteWithdrawalsResponse{}, nil
}

// noteWithdrawal records one withdrawal, or that it was passed on.
func (w *Withdrawals[S]) noteWithdrawal(ctx context.Context, withdrawn *caseworkv1.Withdrawn, passedOn bool) error {
	found, err := w.Book.of(ctx, withdrawn.GetInner())
	if err != nil {
		return err
	}
	_, err = command.Handle(ctx, w.Book.Engine, command.Command[directive.Directives, command.None]{
		Target: command.Target{Subject: found.subject, Open: true, Access: w.Engine.ByClock("NoteWithdrawal")},
		Decide: func(world matter.World[directive.Directives], _ command.None, at time.Time) ([]matter.Event, error) {
			message := world.State(found.subject).Note(withdrawn.GetConsent(), false)
			if passedOn {
				message = world.State(found.subject).PassedOn(withdrawn.GetConsent())
			}
			if message == nil {
				return nil, nil
			}
			return []matter.Event{{Subject: found.subject, Message: message, At: at, Client: withdrawn.GetInner()}}, nil
		},
	})
	return err
}

// Check refuses a consent that is no longer valid as the legal basis of a call that is not a
// step.
func (w *Withdrawals[S]) Check(ctx context.Context, who identity.Caller, basis *commonv1.LegalBasis, client, receiver string) error {
	if basis.GetGround() != commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT || basis.GetConsentedAt() == nil {
		return nil
	}
	found, err := w.Book.of(ctx, client)
	if err != nil {
		return err
	}
	given := directive.Given{By: who.Agency, At: basis.GetConsentedAt().AsTime(), To: w.receivers(receiver)}
	return w.checkCounts(ctx, found.history.State, client, given)
}

// receivers returns agencies with their kinds.
func (w *Withdrawals[S]) receivers(agencies ...string) []directive.Receiver {
	var all []directive.Receiver
	for _, name := range agencies {
		agency, _ := w.Directory.Agency(name)
		all = append(all, directive.Receiver{Agency: name, Kind: agency.Kind.String()})
	}
	return all
}

// checkCounts refuses a consent that a withdrawal has ended: by the directives, or, for a
// withdrawal older than their record of it, by the matters of this service.
func (w *Withdrawals[S]) checkCounts(ctx context.Context, directives directive.Directives, client string, given directive.Given) error {
	if !directives.Counts(given) {
		return countsNoMore()
	}
	withdrawn, err := w.withdrawnSince(ctx, given.By, client, given.At)
	if err != nil {
		return fault.Store(err)
	}
	for _, one := range withdrawn {
		if directives.Knows(one.Subject) {
			continue
		}
		history, err := w.Engine.History(ctx, one.Subject)
		if err != nil {
			return err
		}
		before := directive.Directives{Withdrawn: []directive.Withdrawn{{Consent: withdrawnOf(history, one.WithdrawnAt)}}}
		if !before.Counts(given) {
			return countsNoMore()
		}
	}
	return nil
}

// withdrawnSince returns an agency's matters of a client whose consent was withdrawn at a time or after it.
func (w *Withdrawals[S]) withdrawnSince(ctx context.Context, agency, client string, at time.Time) ([]journal.WorklistEntry, error) {
	return w.Store.WorklistEntries(ctx, journal.Query{Agency: agency, Client: client, WithHidden: true, WithdrawnAfter: at})
}

func countsNoMore() error {
	return fault.New(fault.ConsentWithdrawn, "the client has since withdrawn a consent that covers this").Field("basis.consented_at", "must be after the withdrawal")
}
