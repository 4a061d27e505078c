package consent

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/duetime"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Consequences carries out what directives mean for the matters of one service. S is their state.
type Consequences[S matter.State] struct {
	Book        *Book
	Engine      *command.Engine[S]
	Store       journal.Store
	Directory   *directory.Directory
	Withdrawals *Withdrawals[S]
	Actions     *duetime.Actions[S]
}

// CarryOut carries out the consequences of directives for existing matters. The request that
// recorded a directive calls it at once; the clock calls it if a process died in between. Each
// consequence is carried out once.
func (c *Consequences[S]) CarryOut(ctx context.Context, subject string) error {
	events, err := c.Book.Engine.Events(ctx, subject)
	if err != nil {
		return err
	}
	state := c.Book.Engine.Rules.Fold(events, false).State
	for _, id := range state.Pending {
		done, err := c.carriedOut(ctx, state, id)
		if err != nil {
			return err
		}
		_, err = command.Handle(ctx, c.Book.Engine, command.Command[directive.Directives, command.None]{
			Target: command.Target{Subject: subject, Access: c.Engine.ByClock("CarryOut")},
			Decide: func(world matter.World[directive.Directives], _ command.None, at time.Time) ([]matter.Event, error) {
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

// effect is a directive that has consequences for matters.
type effect struct {
	at time.Time
	// by is the party that recorded the directive; nil if the client gave or confirmed it.
	by *commonv1.Party
	// within is the agency whose directive took effect without confirmation; then only matters to
	// which it is party are concerned. Empty for all matters.
	within string
	// all are the matters that the directive may concern. concerns reports whether it concerns one,
	// by the agencies to which that matter is disclosed; covers, whether it ends the consent that a
	// member has of its own, and reaches, whether it may have ended one of an agency.
	all      []string
	concerns func(recipients []string) bool
	covers   func(matter.Consented) bool
	reaches  func(agency string) bool
}

// carriedOut withdraws the consents of the matters that a directive concerns. It returns the event
// that names those matters, and the matters that continue.
func (c *Consequences[S]) carriedOut(ctx context.Context, state directive.Directives, id string) (proto.Message, error) {
	effect, err := c.effect(ctx, state, id)
	if err != nil {
		return nil, err
	}
	done := &consentv1.WishCarriedOut{WishId: id}
	for _, subject := range effect.all {
		history, err := c.Engine.History(ctx, subject)
		if err != nil {
			return nil, err
		}
		head, consents := history.State.Common(), c.Engine.Rules.ConsentsOf(history.State)
		switch {
		case !head.Exists() || head.IsRevoked() || !effect.concerns(slices.Collect(maps.Keys(history.Views))):
		case effect.within != "" && !history.Related(effect.within):
		case effect.withdraws(head, consents):
			if err := c.withdraw(ctx, subject, effect); err != nil {
				return nil, err
			}
			done.Withdrawn = append(done.Withdrawn, subject)
		case effect.hasWithdrawn(head):
			done.Withdrawn = append(done.Withdrawn, subject)
		case effect.leaves(head, consents):
			done.Continuing = append(done.Continuing, subject)
		}
	}
	return done, nil
}

// withdraws reports whether the directive ends a consent that carries a matter, or what a member has of
// it.
func (e effect) withdraws(head matter.Head, consents matter.Consents) bool {
	switch {
	case head.IsWithdrawn():
		return false
	case consents.Apart:
		return slices.ContainsFunc(consents.Members, e.covers)
	default:
		return head.RestsOnConsent() && consents.Instead == ""
	}
}

// hasWithdrawn reports whether the consequence was carried out before, by a process that died then.
func (e effect) hasWithdrawn(head matter.Head) bool {
	if head.IsWithdrawn() && !head.Withdrawal.At.Before(e.at) {
		return true
	}
	return slices.ContainsFunc(head.Departures, func(one matter.Notice) bool {
		return !one.At.Before(e.at) && slices.ContainsFunc(one.Holders, e.reaches)
	})
}

// leaves reports whether a matter that the directive concerns goes on as it is.
func (e effect) leaves(head matter.Head, consents matter.Consents) bool {
	return !head.Ended() && (consents.Apart || consents.Instead != "" || !head.RestsOnConsent())
}

// effect returns the matters that a directive concerns: those that cited the withdrawn consent,
// or that are disclosed to an agency that the client now prohibits.
func (c *Consequences[S]) effect(ctx context.Context, state directive.Directives, id string) (effect, error) {
	for _, consent := range state.Consents {
		if consent.GetConsentId() == id {
			reaches := func(agency string) bool { return c.covers(consent.GetRecipient(), agency) }
			effect := effect{
				at: consent.GetWithdrawnAt().AsTime(), by: consent.GetWithdrawnBy(), all: consent.GetCitedIn(),
				concerns: func([]string) bool { return true }, reaches: reaches,
				covers: func(one matter.Consented) bool {
					return reaches(one.Agency) && isOfAdvance(one.Basis.GetConsentedAt().AsTime(), consent.GetGivenAt().AsTime())
				},
			}
			if consent.GetSender() != "" {
				// No other agency may cite this consent, so it was withdrawn without confirmation.
				effect.within = consent.GetWithdrawnBy().GetAgency()
			}
			return effect, nil
		}
	}
	for _, prohibition := range state.Prohibitions {
		if prohibition.GetProhibitionId() != id {
			continue
		}
		// Each matter has one sender, and so one worklist entry here.
		entries, err := c.Store.WorklistEntries(ctx, journal.Query{Client: state.Client, Role: journal.RoleSender, WithHidden: true})
		reaches := func(agency string) bool { return c.covers(prohibition.GetRecipient(), agency) }
		return effect{
			at: prohibition.GetGivenAt().AsTime(), by: whoProhibits(prohibition), all: reading.Subjects(entries),
			concerns: func(recipients []string) bool { return slices.ContainsFunc(recipients, reaches) },
			covers:   func(one matter.Consented) bool { return reaches(one.Agency) }, reaches: reaches,
		}, fault.Store(err)
	}
	return effect{}, nil
}

// covers reports whether a recipient of a directive covers an agency.
func (c *Consequences[S]) covers(recipient *consentv1.Recipient, name string) bool {
	agency, _ := c.Directory.Agency(name)
	return directive.Covers(recipient, name, agency.Kind.String())
}

// isOfAdvance reports whether the time of a consent was taken from an advance consent: it is the same,
// or a little earlier where the clock that recorded the advance consent was ahead.
func isOfAdvance(consented, given time.Time) bool {
	return !consented.After(given) && !consented.Before(given.Add(-matter.ClockTolerance))
}

// whoProhibits returns the party whose act a prohibition is; nil for the client.
func whoProhibits(p *consentv1.Prohibition) *commonv1.Party {
	if p.GetConfirmedByClient() {
		return nil
	}
	return p.GetBy()
}

// withdraw withdraws the consent of a matter as a directive requires. If the agency that recorded
// the directive is not party to the matter, the parties learn that it was done in the client's
// name, but not by which agency: they may not know that this agency has a matter of the client. The
// client can read it in the directive.
func (c *Consequences[S]) withdraw(ctx context.Context, subject string, effect effect) error {
	by := effect.by
	_, err := command.Handle(ctx, c.Engine, command.Command[S, command.None]{
		Target: command.Target{Subject: subject, NotBefore: effect.at, Access: c.Engine.ByClock("Withdraw")},
		Decide: func(world matter.World[S], _ command.None, at time.Time) ([]matter.Event, error) {
			history, actor := world.Subjects[subject], matter.Actor{}
			if history.Related(by.GetAgency()) {
				actor = matter.Actor{Agency: by.GetAgency(), Unit: by.GetUnit(), Worker: by.GetWorker()}
			}
			events, err := c.Engine.Rules.WithdrawConsent(world, actor, subject, matter.Withdrawing{ByClient: by == nil, Of: effect.covers, At: at})
			if fault.ReasonOf(err) == fault.IllegalStep {
				// Another request has withdrawn it already.
				return nil, nil
			}
			return events, err
		},
		Authorise: c.Withdrawals.Authorise,
	})
	if err != nil {
		return err
	}
	return c.Actions.Overdue(ctx, subject, c.Engine.Now())
}
