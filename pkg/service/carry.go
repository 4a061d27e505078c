package service

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// carryOut carries out the consequences of directives for existing matters. The request that
// recorded a directive calls it at once; the clock calls it if a process died in between. Each
// consequence is carried out once.
func (k *Kernel[S]) carryOut(ctx context.Context, subject string) error {
	events, err := k.wishes.Events(ctx, subject)
	if err != nil {
		return err
	}
	state := k.wishes.Rules.Fold(events, false).State
	for _, id := range state.Pending {
		done, err := k.carriedOut(ctx, state, id)
		if err != nil {
			return err
		}
		_, err = k.wishes.Handle(ctx, command.Command[consent.Directives]{
			Subject: subject, Access: k.byClock("CarryOut"),
			Decide: func(world matter.World[consent.Directives], at time.Time) ([]matter.Event, error) {
				if !slices.Contains(world.State(subject).Pending, id) {
					return nil, nil
				}
				return []matter.Event{{Subject: subject, Message: done, At: at, Client: state.Client}}, nil
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// byClock returns the access record of an action that only the clock takes.
func (k *Kernel[S]) byClock(what string) journal.Access {
	return journal.Access{Role: "clock", Method: "koppi." + k.config.Rules.Service + "/" + what}
}

// followed is a directive that has consequences for matters.
type followed struct {
	at time.Time
	// by is the party that recorded the directive; nil if the client gave or confirmed it.
	by *commonv1.Party
	// within is the agency whose directive took effect without confirmation; then only matters to
	// which it is party are concerned. Empty for all matters.
	within string
	// all are the matters that the directive may concern. concerns tells whether it concerns one,
	// by the agencies to which that is disclosed.
	all      []string
	concerns func(told []string) bool
}

// carriedOut withdraws the consents of the matters that a directive concerns. It returns the event
// that names those matters, and the matters that continue.
func (k *Kernel[S]) carriedOut(ctx context.Context, state consent.Directives, id string) (proto.Message, error) {
	wished, err := k.followed(ctx, state, id)
	if err != nil {
		return nil, err
	}
	done := &consentv1.WishCarriedOut{WishId: id}
	for _, subject := range wished.all {
		history, err := k.history(ctx, subject)
		if err != nil {
			return nil, err
		}
		head := history.State.Common()
		var told []string
		for agency := range history.Views {
			told = append(told, agency)
		}
		switch {
		case !head.Exists() || head.IsRevoked() || !wished.concerns(told):
		case wished.within != "" && !history.Related(wished.within):
		case head.RestsOnConsent() && !head.IsWithdrawn():
			if err := k.withdraw(ctx, subject, wished); err != nil {
				return nil, err
			}
			done.Withdrawn = append(done.Withdrawn, subject)
		case head.RestsOnConsent() && !head.Withdrawal.At.Before(wished.at):
			done.Withdrawn = append(done.Withdrawn, subject)
		case !head.RestsOnConsent() && !head.Ended():
			done.Continuing = append(done.Continuing, subject)
		}
	}
	return done, nil
}

// followed returns the matters that a directive concerns: those that cited the withdrawn consent,
// or that are disclosed to an agency that the client now prohibits.
func (k *Kernel[S]) followed(ctx context.Context, state consent.Directives, id string) (followed, error) {
	for _, consent := range state.Consents {
		if consent.GetConsentId() == id {
			wished := followed{
				at: consent.GetWithdrawnAt().AsTime(), by: consent.GetWithdrawnBy(), all: consent.GetCitedIn(),
				concerns: func([]string) bool { return true },
			}
			if consent.GetSender() != "" {
				// No other agency may cite this consent, so it was withdrawn without confirmation.
				wished.within = consent.GetWithdrawnBy().GetAgency()
			}
			return wished, nil
		}
	}
	for _, prohibition := range state.Prohibitions {
		if prohibition.GetProhibitionId() != id {
			continue
		}
		// Each matter has one sender, and so one worklist entry here.
		standings, err := k.Store.WorklistEntries(ctx, journal.Query{Client: state.Client, Role: journal.RoleSender, WithHidden: true})
		return followed{
			at: prohibition.GetGivenAt().AsTime(), by: whoProhibits(prohibition), all: Subjects(standings),
			concerns: func(told []string) bool {
				return slices.ContainsFunc(told, func(name string) bool {
					agency, _ := k.Directory.Agency(name)
					return consent.Covers(prohibition.GetRecipient(), name, agency.Kind.String())
				})
			},
		}, fault.Store(err)
	}
	return followed{}, nil
}

// whoProhibits returns the party whose act a prohibition is; nil for the client.
func whoProhibits(p *consentv1.Prohibition) *commonv1.Party {
	if p.GetConfirmedByClient() {
		return nil
	}
	return p.GetBy()
}

// tellClientWho adds, for the client only, which agency's directive in the client's name ended a
// consent.
func (k *Kernel[S]) tellClientWho(ctx context.Context, who identity.Caller, consents []*consentv1.Consent) error {
	untold := func(one *consentv1.Consent) bool {
		return one.GetWithdrawal() != nil && one.GetWithdrawal().GetBy() == nil && !one.GetWithdrawal().GetByClient()
	}
	if who.Role != identity.RoleClient || !slices.ContainsFunc(consents, untold) {
		return nil
	}
	found, err := k.wishesOf(ctx, who.Client)
	if err != nil {
		return err
	}
	for _, one := range consents {
		if untold(one) {
			one.Withdrawal.By = matter.UnitAlone(found.history.State.WhoWithdrew(one.GetSubject()))
		}
	}
	return nil
}

// withdraw withdraws the consent of a matter as a directive requires. If the agency that recorded
// the directive is not party to the matter, the parties learn that it was done in the client's
// name, but not by which agency: they may not know that this agency has a matter of the client. The
// client can read it in the directive.
func (k *Kernel[S]) withdraw(ctx context.Context, subject string, wished followed) error {
	by := wished.by
	_, err := k.Engine.Handle(ctx, k.noting(command.Command[S]{
		Subject: subject, Access: k.byClock("Withdraw"), NotBefore: wished.at,
		Decide: func(world matter.World[S], at time.Time) ([]matter.Event, error) {
			history, actor := world.Subjects[subject], matter.Actor{}
			if history.Related(by.GetAgency()) {
				actor = matter.Actor{Agency: by.GetAgency(), Unit: by.GetUnit(), Worker: by.GetWorker()}
			}
			withdrawn, err := matter.WithdrawConsent(history.State.Common(), k.config.Rules.Readers(history.State, false), actor.Agency, by == nil, at)
			if fault.ReasonOf(err) == fault.IllegalStep {
				// Another request has withdrawn it already.
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			return k.config.Rules.Withdrawal(world, actor, subject, withdrawn, at), nil
		},
	}))
	if err != nil {
		return err
	}
	return k.overdue(ctx, subject, k.Now())
}
