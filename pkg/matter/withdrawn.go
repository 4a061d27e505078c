package matter

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/decide"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	"koppi.internal/pkg/wish"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

const (
	// withdrawalKind and withdrawalOwner seal what one service tells the others.
	withdrawalKind  = identity.Kind("withdrawal")
	withdrawalOwner = "suite"
	// passingOn names the rows by which withdrawals that others do not have are found. No
	// agency's key holds a colon.
	passingOn = ":passing-on"
	// maxPassedOn is of how many clients they are given out at once.
	maxPassedOn = 100
)

// noting has a command that withdraws the consents of matters note that among the wishes of
// their clients, in the same append: no later sending on them, or on older ones, goes by
// wishes that do not say so.
func (k *Kernel[S]) noting(command decide.Command[S]) decide.Command[S] {
	var client string
	var withdrawn []*consentv1.WithdrawnConsent
	decided := command.Decide
	command.Decide = func(world loop.World[S], at time.Time) ([]loop.Event, error) {
		events, err := decided(world, at)
		client, withdrawn = "", nil
		for _, event := range events {
			if _, is := event.Message.(*commonv1.ConsentWithdrawn); is {
				client = event.Client
				withdrawn = append(withdrawn, withdrawnOf(world.Subjects[event.Subject], event.At))
			}
		}
		return events, err
	}
	command.Admit = func(ctx context.Context, _ []decide.NewRecipient) (journal.Batch, error) {
		return k.notes(ctx, client, withdrawn)
	}
	return command
}

// withdrawnOf is the consent of a matter, withdrawn at a moment.
func withdrawnOf[S loop.State](history loop.History[S], at time.Time) *consentv1.WithdrawnConsent {
	head := history.State.Common()
	return &consentv1.WithdrawnConsent{
		Subject: head.Subject, GivenAt: head.Basis.GetConsentedAt(), WithdrawnAt: timestamppb.New(at), Agencies: slices.Sorted(maps.Keys(history.Views)),
	}
}

// notes are withdrawals among a client's wishes as rows, for the append of another command.
func (k *Kernel[S]) notes(ctx context.Context, client string, withdrawn []*consentv1.WithdrawnConsent) (journal.Batch, error) {
	if client == "" {
		return journal.Batch{}, nil
	}
	found, err := k.wishesOf(ctx, client)
	if err != nil {
		return journal.Batch{}, err
	}
	var events []loop.Event
	for _, one := range withdrawn {
		if message := found.history.State.Note(one, true); message != nil {
			events = append(events, loop.Event{Subject: found.subject, Message: message, At: one.GetWithdrawnAt().AsTime(), Client: client})
		}
	}
	if len(events) == 0 {
		return journal.Batch{}, nil
	}
	batch, err := k.wishes.Rows(found.world(), k.byClock("NoteWithdrawal"), events)
	delete(found.seen, found.subject)
	batch.Seen = found.seen
	return batch, err
}

// toPassOn finds, by a row of its own, what a service still has to tell the others.
func toPassOn(w wish.Directives) []journal.WorklistEntry {
	if len(w.Withdrawn) == 0 || !slices.ContainsFunc(w.Withdrawn, func(one wish.Withdrawn) bool { return one.Own }) {
		return nil
	}
	return []journal.WorklistEntry{{Agency: passingOn, Ended: len(w.ToPassOn()) == 0}}
}

// sealedWithdrawals are the withdrawn consents of a client that not every other service is
// known to have, for them to open.
func (k *Kernel[S]) sealedWithdrawals(client string, wishes wish.Directives) ([]string, error) {
	var all []string
	for _, one := range wishes.ToPassOn() {
		payload, err := proto.Marshal(&caseworkv1.Withdrawn{Inner: client, Consent: one.Consent})
		if err != nil {
			return nil, err
		}
		all = append(all, k.Secrets.Token(withdrawalKind, withdrawalOwner, payload))
	}
	return all, nil
}

// withdrawalsOf are those of a client.
func (k *Kernel[S]) withdrawalsOf(ctx context.Context, client string) ([]string, error) {
	if client == "" {
		return nil, nil
	}
	found, err := k.wishesOf(ctx, client)
	if err != nil {
		return nil, err
	}
	return k.sealedWithdrawals(client, found.history.State)
}

// ListWithdrawals gives what the other services do not have yet.
func (k internalAPI[S]) ListWithdrawals(ctx context.Context, _ *caseworkv1.ListWithdrawalsRequest) (*caseworkv1.ListWithdrawalsResponse, error) {
	response := &caseworkv1.ListWithdrawalsResponse{}
	query := journal.Query{Agency: passingOn, HiddenOnly: true, Limit: maxPassedOn}
	for clients := 0; clients < maxPassedOn; {
		rows, err := k.Store.WorklistEntries(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		for _, row := range rows {
			history, _, err := k.wishHistory(ctx, row.Subject)
			if err != nil {
				return nil, err
			}
			some, err := k.sealedWithdrawals(history.State.Client, history.State)
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

// NoteWithdrawals keeps what another service has told, or that all others have what this
// one has.
func (k internalAPI[S]) NoteWithdrawals(ctx context.Context, r *caseworkv1.NoteWithdrawalsRequest) (*caseworkv1.NoteWithdrawalsResponse, error) {
	for _, one := range r.GetWithdrawals() {
		payload, ok := k.Secrets.OpenToken(withdrawalKind, withdrawalOwner, one)
		withdrawn := &caseworkv1.Withdrawn{}
		if !ok || proto.Unmarshal(payload, withdrawn) != nil {
			return nil, fault.New(fault.InvalidField, "no service of this suite has sealed this").Field("withdrawals", "as they were given")
		}
		if err := k.noteWithdrawal(ctx, withdrawn, r.GetPassedOn()); err != nil {
			return nil, err
		}
	}
	return &caseworkv1.NoteWithdrawalsResponse{}, nil
}

// noteWithdrawal does so of one.
func (k *Kernel[S]) noteWithdrawal(ctx context.Context, withdrawn *caseworkv1.Withdrawn, passedOn bool) error {
	found, err := k.wishesOf(ctx, withdrawn.GetInner())
	if err != nil {
		return err
	}
	_, err = k.wishes.Handle(ctx, decide.Command[wish.Directives]{
		Subject: found.subject, Open: true, Access: k.byClock("NoteWithdrawal"),
		Decide: func(world loop.World[wish.Directives], at time.Time) ([]loop.Event, error) {
			message := world.State(found.subject).Note(withdrawn.GetConsent(), false)
			if passedOn {
				message = world.State(found.subject).PassedOn(withdrawn.GetConsent().GetSubject())
			}
			if message == nil {
				return nil, nil
			}
			return []loop.Event{{Subject: found.subject, Message: message, At: at, Client: withdrawn.GetInner()}}, nil
		},
	})
	return err
}

// CheckConsent refuses a consent as the ground of what is no step, where it counts no more.
func (k *Kernel[S]) CheckConsent(ctx context.Context, who identity.Caller, basis *commonv1.LegalBasis, client, receiver string) error {
	if basis.GetGround() != commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT || basis.GetConsentedAt() == nil {
		return nil
	}
	found, err := k.wishesOf(ctx, client)
	if err != nil {
		return err
	}
	given := wish.Given{By: who.Agency, At: basis.GetConsentedAt().AsTime(), To: k.receivers(receiver)}
	return k.checkCounts(ctx, found.history.State, client, given)
}

// receivers are agencies with their kinds.
func (k *Kernel[S]) receivers(agencies ...string) []wish.Receiver {
	var all []wish.Receiver
	for _, name := range agencies {
		agency, _ := k.Directory.Agency(name)
		all = append(all, wish.Receiver{Agency: name, Kind: agency.Kind.String()})
	}
	return all
}

// checkCounts refuses a consent that a withdrawal has ended: as the wishes say, or, where it
// was withdrawn before these said so, the matters of this service.
func (k *Kernel[S]) checkCounts(ctx context.Context, wishes wish.Directives, client string, given wish.Given) error {
	if !wishes.Counts(given) {
		return countsNoMore()
	}
	withdrawn, err := k.Store.WorklistEntries(ctx, journal.Query{Agency: given.By, Client: client, WithHidden: true, WithdrawnAfter: given.At})
	if err != nil {
		return fault.Store(err)
	}
	for _, one := range withdrawn {
		if wishes.Knows(one.Subject) {
			continue
		}
		history, err := k.history(ctx, one.Subject)
		if err != nil {
			return err
		}
		before := wish.Directives{Withdrawn: []wish.Withdrawn{{Consent: withdrawnOf(history, one.WithdrawnAt)}}}
		if !before.Counts(given) {
			return countsNoMore()
		}
	}
	return nil
}

func countsNoMore() error {
	return fault.New(fault.ConsentWithdrawn, "the client has withdrawn a consent since that covers this").Field("basis.consented_at", "when the client consented anew")
}
