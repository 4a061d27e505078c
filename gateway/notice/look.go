package notice

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"koppi.internal/pkg/directory"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// party is a unit as services name it; an empty unit is the agency alone.
type party struct{ agency, unit string }

// addresses are who in a directory is told, and what of.
type addresses struct {
	// units are those that have an address, with the language of their mails.
	units map[recipient]string
	// of leads from a party to the unit that is told of it.
	of map[party]recipient
}

// addressed finds whom to tell. What is at an agency alone its intake is told.
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

// look asks what waits and tells it; it ends before another gateway could think this
// one gone.
func (n *Notifier) look(ctx context.Context) {
	to := addressed(n.config.Directory)
	if len(to.units) == 0 {
		return
	}
	ctx, end := context.WithTimeout(ctx, n.config.Timing.Lease)
	defer end()
	answers, now := n.ask(ctx, to)
	waiting := map[recipient][]matter{}
	for _, one := range n.settle(ctx, answers) {
		if unit, known := to.of[party{one.GetUnit().GetAgency(), one.GetUnit().GetUnit()}]; known {
			waiting[unit] = append(waiting[unit], one)
		}
	}
	n.tellAll(ctx, to, waiting, now)
}

// ask asks every service at once; one that does not answer holds up no other. The time
// is the earliest that one of them has: services' clocks differ by little, and so
// nothing goes out before its hour by any of them. An emergency needs no hour.
func (n *Notifier) ask(ctx context.Context, to addresses) (answers map[string][]matter, now time.Time) {
	request := &caseworkv1.GetWaitingRequest{}
	for unit := range to.of {
		request.Units = append(request.Units, &commonv1.Party{Agency: unit.agency, Unit: unit.unit})
	}
	ctx, end := context.WithTimeout(ctx, n.config.Timing.Answer)
	defer end()
	names := slices.Sorted(maps.Keys(n.config.Services))
	responses := make([]*caseworkv1.GetWaitingResponse, len(names))
	errs := make([]error, len(names))
	var group errgroup.Group
	for i, name := range names {
		group.Go(func() error {
			responses[i], errs[i] = caseworkv1.NewSuiteServiceClient(n.config.Services[name]).GetWaiting(ctx, request)
			return nil
		})
	}
	_ = group.Wait()
	answers = map[string][]matter{}
	for i, name := range names {
		n.heard(ctx, name, "GetWaiting", errs[i])
		if errs[i] != nil {
			continue
		}
		answers[name] = nil
		for _, one := range responses[i].GetWaiting() {
			answers[name] = append(answers[name], matter{service: name, Waiting: one})
		}
		if at := responses[i].GetNow().AsTime(); now.IsZero() || at.Before(now) {
			now = at
		}
	}
	return answers, now
}

// heard logs that a service falls silent to a call, or answers it again: once each.
func (n *Notifier) heard(ctx context.Context, service, call string, err error) {
	n.mutex.Lock()
	before := n.silent[service+call]
	n.silent[service+call] = err != nil
	n.mutex.Unlock()
	about := []any{slog.String("service", service), slog.String("call", call)}
	switch {
	case err != nil && !before:
		n.config.Logger.WarnContext(ctx, "notices: a service does not answer; it is asked again", append(about, slog.String("error", err.Error()))...)
	case err == nil && before:
		n.config.Logger.InfoContext(ctx, "notices: a service answers again", about...)
	}
}

// tellAll tells each unit in a mail of its own, several at once, those with an
// emergency first; one that fails stops no other.
func (n *Notifier) tellAll(ctx context.Context, to addresses, waiting map[recipient][]matter, now time.Time) {
	type one struct {
		unit    recipient
		matters []matter
		found   counts
	}
	var all []one
	for unit, matters := range waiting {
		of := n.state(unit)
		told := tell(matters, now, of.last)
		if found := count(told); found.all > 0 && n.mayTry(of, found) {
			all = append(all, one{unit, told, found})
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
