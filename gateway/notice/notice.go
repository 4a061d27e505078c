// Package notice tells units by mail that something waits for them, and never what:
// how many matters, how pressing, and a link. So an emergency's hour does not depend
// on somebody's open page.
package notice

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/presence"
)

// Config is what telling needs. Services, Directory, Presence and Logger are required.
type Config struct {
	// Services are asked what waits, by name.
	Services  map[string]grpc.ClientConnInterface
	Directory *directory.Directory
	// Mailer sends; where it is nil, nobody is told.
	Mailer *Mailer
	// Link is put into mails.
	Link string
	// Presence lets one of several gateways tell.
	Presence presence.Presence
	Logger   *slog.Logger
	Timing   Timing
}

// Timing of telling, by the wall clock; a zero field has its default.
type Timing struct {
	// Every is how often it is looked what waits; 5 s.
	Every time.Duration
	// Answer is how long a service may take; 5 s.
	Answer time.Duration
	// FirstRetry is the wait after a mail to a unit failed; it doubles, with jitter, up to
	// LastRetry, and to EmergencyRetry where an emergency is to be told. 5 s, 5 min, 30 s.
	FirstRetry, LastRetry, EmergencyRetry time.Duration
	// Lease is how long a gateway that is gone is still believed to tell, and the most that
	// one look takes; 1 min.
	Lease time.Duration
	// Blind is how long a gateway that cannot see the others waits before it tells; 1 min.
	Blind time.Duration
}

func (t Timing) withDefaults() Timing {
	for _, one := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&t.Every, 5 * time.Second},
		{&t.Answer, 5 * time.Second},
		{&t.FirstRetry, 5 * time.Second},
		{&t.LastRetry, 5 * time.Minute},
		{&t.EmergencyRetry, 30 * time.Second},
		{&t.Lease, time.Minute},
		{&t.Blind, time.Minute},
	} {
		if *one.field == 0 {
			*one.field = one.standard
		}
	}
	return t
}

// thing is what one of several gateways holds.
const thing = "notices"

// Notifier tells the units of the directory that have an address.
//
// What was told is kept by the services, and marked once the mail server has taken the
// mail: a notice may come twice, where a gateway ends between the two or two of them
// tell at once, and none is lost.
type Notifier struct {
	config Config
	holder string
	// blind is since when presence could not be asked.
	blind time.Time

	// mutex guards what follows: several units are told at once.
	mutex sync.Mutex
	units map[recipient]*state
	// silent are the services that did not answer a call last time.
	silent map[string]bool
	// unmarked is what the mail server took and a service does not know yet.
	unmarked map[mark]bool
}

// recipient is a unit, at an address.
type recipient struct{ agency, unit, email string }

// state is what is remembered of a unit, by this process alone.
type state struct {
	// last is when a mail went out, in the domain's time; zero for never.
	last time.Time
	// failed is when the last attempt failed, by the wall clock, and wait how long to wait
	// since; zero where it did not fail.
	failed time.Time
	wait   time.Duration
	waits  *backoff.ExponentialBackOff
}

// New makes a notifier. Run must run it, and Close end it.
func New(config Config) *Notifier {
	config.Timing = config.Timing.withDefaults()
	return &Notifier{config: config, holder: uuid.NewString(), silent: map[string]bool{}, units: map[recipient]*state{}, unmarked: map[mark]bool{}}
}

// Run looks and tells whenever this gateway is the one to, until the context ends.
func (n *Notifier) Run(ctx context.Context) error {
	if n.config.Mailer == nil {
		if untold := len(addressed(n.config.Directory).units); untold > 0 {
			n.config.Logger.WarnContext(ctx, "units have an address and are not told what waits: name a mail server with --smtp", slog.Int("units", untold))
		}
		return nil
	}
	ticker := time.NewTicker(n.config.Timing.Every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if n.elected(ctx) {
			n.look(ctx)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := n.config.Presence.Release(leaving, thing, n.holder); err != nil {
		n.config.Logger.InfoContext(leaving, "notices not given up", slog.String("error", err.Error()))
	}
	return nil
}

// elected tells whether this gateway is the one to tell: nobody else is present, or
// presence could not be asked for long enough.
func (n *Notifier) elected(ctx context.Context) bool {
	held, err := n.config.Presence.Acquire(ctx, thing, n.holder, n.config.Timing.Lease)
	switch {
	case err == nil:
		n.blind = time.Time{}
		return held
	case n.blind.IsZero():
		n.blind = wall()
		return false
	default:
		return wall().Sub(n.blind) > n.config.Timing.Blind
	}
}

// Close releases connections.
func (n *Notifier) Close() error { return n.config.Presence.Close() }

// wall is for waits, which are not of the domain.
func wall() time.Time {
	return time.Now() //nolint:forbidigo // waits are of the wall clock
}
