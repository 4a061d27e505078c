package gateway

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"koppi.internal/pkg/telemetry"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// atOnce is how many mails are sent in parallel.
const atOnce = 8

var (
	mails    = telemetry.Counter("koppi.notices.mails", "{mail}", "Mails that notified a unit of waiting work.")
	failures = telemetry.Counter("koppi.notices.failures", "{mail}", "Mails to units that the mail server did not take.")
)

// mark identifies one notice of a matter, with the values that its service gave, so that the next
// notice of the same matter has another mark.
type mark struct {
	service, subject, agency, unit string
	kind                           caseworkv1.WaitingKind
	due                            time.Time
	notices                        int32
}

func (m waitingMatter) mark() mark {
	return mark{
		service: m.service, subject: m.GetSubject(), agency: m.GetUnit().GetAgency(), unit: m.GetUnit().GetUnit(),
		kind: m.GetKind(), due: m.GetDueAt().AsTime(), notices: m.GetTold(),
	}
}

// state is what is remembered of a unit; it is created on first use.
func (n *Notifier) state(unit recipient) *state {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.units[unit] == nil {
		timing := n.config.Timing
		n.units[unit] = &state{waits: &backoff.ExponentialBackOff{
			InitialInterval: timing.FirstRetry, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: timing.LastRetry,
		}}
	}
	return n.units[unit]
}

// mayTry reports whether a unit whose last mail failed may be tried again; for an emergency the
// wait is at most Timing.EmergencyRetry.
func (n *Notifier) mayTry(of *state, found counts) bool {
	wait := of.wait
	if found.emergencies > 0 {
		wait = min(wait, n.config.Timing.EmergencyRetry)
	}
	return of.failed.IsZero() || wall().Sub(of.failed) >= wait
}

// send mails a unit, and marks its matters as notified.
func (n *Notifier) send(ctx context.Context, to recipient, language string, found counts, matters []waitingMatter, now time.Time) {
	if ctx.Err() != nil {
		// The mail was not attempted; the next round does so.
		return
	}
	about := []any{slog.String("agency", to.agency), slog.String("unit", to.unit)}
	of := n.state(to)
	subject, body := write(language, found, n.config.Link)
	sending, end := finishing(ctx)
	err := n.config.Mailer.Send(sending, to.email, subject, body)
	end()
	if err != nil {
		failures.Add(ctx, 1)
		of.failed, of.wait = wall(), of.waits.NextBackOff()
		n.config.Logger.WarnContext(ctx, "a unit could not be notified; the mail is tried again", append(about, slog.String("error", err.Error()))...)
		return
	}
	mails.Add(ctx, 1)
	of.failed, of.last = time.Time{}, now
	of.waits.Reset()
	n.config.Logger.InfoContext(ctx, "a unit was notified", about...)
	n.mutex.Lock()
	for _, one := range matters {
		n.unmarked[one.mark()] = true
	}
	n.mutex.Unlock()
	n.mark(ctx, matters)
}

// finishTime is how long a mail in progress may still take when the gateway stops.
const finishTime = 3 * time.Second

// finishing is the context of a mail in progress. A mail that is cut off after the server has its
// text would be sent again by the next gateway. When the gateway stops, the context ends finishTime
// later; at the end of the lease it ends at once.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			cancel()
			return
		}
		time.AfterFunc(finishTime, cancel)
	})
	return sending, func() { stop(); cancel() }
}

// mark records with the services which matters were notified. It does not stop with the context, as
// the mail has been sent.
func (n *Notifier) mark(ctx context.Context, mailed []waitingMatter) {
	at := map[string][]waitingMatter{}
	for _, one := range mailed {
		at[one.service] = append(at[one.service], one)
	}
	for service, matters := range at {
		ctx, end := context.WithTimeout(context.WithoutCancel(ctx), n.config.Timing.Answer)
		request := &caseworkv1.MarkToldRequest{}
		for _, one := range matters {
			request.Told = append(request.Told, one.Waiting)
		}
		_, err := caseworkv1.NewSuiteServiceClient(n.config.Services[service]).MarkTold(ctx, request)
		end()
		if n.logAnswer(ctx, service, "MarkTold", err); err != nil {
			continue
		}
		n.mutex.Lock()
		for _, one := range matters {
			delete(n.unmarked, one.mark())
		}
		n.mutex.Unlock()
	}
}

// settle marks matters that were mailed and that their service still gives unchanged, and returns
// the other matters. A mark is repeated only in that case: each mark counts as a notice, and one
// whose answer was lost may have been recorded.
func (n *Notifier) settle(ctx context.Context, answers map[string][]waitingMatter) []waitingMatter {
	n.mutex.Lock()
	var rest, owed []waitingMatter
	given := map[mark]bool{}
	for _, matters := range answers {
		for _, one := range matters {
			if n.unmarked[one.mark()] {
				owed, given[one.mark()] = append(owed, one), true
			} else {
				rest = append(rest, one)
			}
		}
	}
	for one := range n.unmarked {
		if _, answered := answers[one.service]; answered && !given[one] {
			delete(n.unmarked, one)
		}
	}
	n.mutex.Unlock()
	n.mark(ctx, owed)
	return rest
}
