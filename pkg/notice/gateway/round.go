package gateway

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// party is a unit as services name it; an empty unit means the agency as a whole.
type party struct{ agency, unit string }

// addresses are the units of a directory that get mails, and the parties for which they get them.
type addresses struct {
	// units are the units that have an address, with the language of their mails.
	units map[recipient]string
	// of maps a party to the unit that is mailed for it.
	of map[party]recipient
}

// addressed finds the units to mail. What waits for an agency as a whole is mailed to its intake
// unit.
func addressed(agencies *directory.Directory) addresses {
	found := addresses{units: map[recipient]string{}, of: map[party]recipient{}}
	for _, agency := range agencies.Agencies() {
		for _, unit := range agency.Units {
			if unit.Email == "" {
				continue
			}
			to := recipient{agency: agency.Key, unit: unit.Key, email: unit.Email}
			found.units[to] = languageOf(unit.Languages)
			found.of[party{agency.Key, unit.Key}] = to
			if unit.Intake {
				found.of[party{agency: agency.Key}] = to
			}
		}
	}
	return found
}

// round asks what waits and mails it. It ends within the lease, before another gateway may acquire
// it. What fails is logged, and tried again in the next round.
func (n *Notifier) round(ctx context.Context) {
	to := addressed(n.config.Directory)
	if len(to.units) == 0 {
		return
	}
	ctx, end := context.WithTimeout(ctx, n.config.Timing.Lease)
	defer end()
	answers, now := n.ask(ctx, to)
	waiting := map[recipient][]waitingMatter{}
	for _, one := range n.settle(ctx, answers) {
		if unit, known := to.of[party{one.GetUnit().GetAgency(), one.GetUnit().GetUnit()}]; known {
			waiting[unit] = append(waiting[unit], one)
		}
	}
	n.mailAll(ctx, to, waiting, now)
}

// ask asks all services in parallel; one that does not answer does not delay the others. The time
// is the earliest clock of any service: the clocks differ by little, and with the earliest no mail
// leaves before its hour by any of them. Emergencies do not depend on the hour.
func (n *Notifier) ask(ctx context.Context, to addresses) (answers map[string][]waitingMatter, now time.Time) {
	request := &caseworkv1.GetWaitingRequest{}
	for unit := range to.of {
		request.Units = append(request.Units, &commonv1.Party{Agency: unit.agency, Unit: unit.unit})
	}
	ctx, end := context.WithTimeout(ctx, n.config.Timing.Answer)
	defer end()
	answers = map[string][]waitingMatter{}
	all := fanout.Try(ctx, n.config.Services, func(ctx context.Context, _ string, conn grpc.ClientConnInterface) (*caseworkv1.GetWaitingResponse, error) {
		return caseworkv1.NewSuiteServiceClient(conn).GetWaiting(ctx, request)
	})
	for _, answer := range all {
		if n.logAnswer(ctx, answer.Service, "GetWaiting", answer.Err); answer.Err != nil {
			continue
		}
		answers[answer.Service] = nil
		for _, one := range answer.Value.GetWaiting() {
			answers[answer.Service] = append(answers[answer.Service], waitingMatter{service: answer.Service, Waiting: one})
		}
		if at := answer.Value.GetNow().AsTime(); now.IsZero() || at.Before(now) {
			now = at
		}
	}
	return answers, now
}

// logAnswer logs when a service stops answering a call, and when it answers again: once each.
func (n *Notifier) logAnswer(ctx context.Context, service, call string, err error) {
	n.mutex.Lock()
	before := n.failing[service+call]
	n.failing[service+call] = err != nil
	n.mutex.Unlock()
	about := []any{slog.String("service", service), slog.String("call", call)}
	switch {
	case err != nil && !before:
		n.config.Logger.WarnContext(ctx, "notices: a service does not answer, and is called again", append(about, slog.String("error", err.Error()))...)
	case err == nil && before:
		n.config.Logger.InfoContext(ctx, "notices: a service answers again", about...)
	}
}

// mailAll sends one mail to each unit, several in parallel, units with an emergency first. A mail
// that fails does not stop the others.
func (n *Notifier) mailAll(ctx context.Context, to addresses, waiting map[recipient][]waitingMatter, now time.Time) {
	type one struct {
		unit    recipient
		matters []waitingMatter
		found   counts
	}
	var all []one
	for unit, matters := range waiting {
		of := n.state(unit)
		due := dueForMail(matters, now, of.last)
		if found := count(due); found.all > 0 && n.mayTry(of, found) {
			all = append(all, one{unit, due, found})
		}
	}
	slices.SortFunc(all, func(a, b one) int { return b.found.emergencies - a.found.emergencies })
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, mail := range all {
		group.Go(func() error {
			n.send(ctx, mail.unit, to.units[mail.unit], mail.found, mail.matters, now)
			return nil
		})
	}
	_ = group.Wait()
}
