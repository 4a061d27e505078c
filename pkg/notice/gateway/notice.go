// Package gateway mails units that something waits for them: how many matters, how urgent they are,
// and a link, but never their content. So an emergency is noticed even where nobody has the pages
// open.
package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/periodic"
)

// Config configures a Notifier. Services, Directory, Leases and Logger are required.
type Config struct {
	// Services, by name, report what waits.
	Services  fanout.Services
	Directory *directory.Directory
	// Mailer sends the mails; where it is nil, no unit is mailed.
	Mailer *Mailer
	// Link is the address that mails contain.
	Link string
	// Leases are those by which only one of several gateways sends mails.
	Leases lease.Leases
	Logger *slog.Logger
	Timing Timing
}

// Timing holds the times of notices, by the wall clock; a zero field means its default.
type Timing struct {
	// Every is how often the services are asked what waits, and how often the lease is acquired or
	// renewed; default 5 s.
	Every time.Duration
	// Answer is how long a service may take to answer; default 5 s.
	Answer time.Duration
	// FirstRetry is the wait after a failed mail to a unit. It doubles, with jitter, up to
	// LastRetry; where there is an emergency, it is at most EmergencyRetry. Defaults 5 s, 5 min and
	// 30 s.
	FirstRetry, LastRetry, EmergencyRetry time.Duration
	// Lease is how long a lease lasts: so long other gateways wait after this one is gone, and so
	// long one round of asking and mailing may take; default 1 min.
	Lease time.Duration
	// Unchecked is how long a gateway that sends no mails waits before it sends them although it
	// cannot check the lease; default 1 min.
	Unchecked time.Duration
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
		{&t.Unchecked, time.Minute},
	} {
		if *one.field == 0 {
			*one.field = one.standard
		}
	}
	return t
}

// leaseName is the name of the lease that one of several gateways holds.
const leaseName = "notices"

// Notifier mails the units of the directory that have an address.
//
// The services record which matters were notified; they are marked after the mail server has
// accepted the mail. A notice may therefore be sent twice, if a gateway ends in between or two
// gateways send at the same time, but none is lost.
type Notifier struct {
	config Config

	// mutex guards the fields below: several units are mailed in parallel.
	mutex sync.Mutex
	units map[recipient]*state
	// failing are the calls of services that failed last time.
	failing map[string]bool
	// unmarked are the matters that were mailed and that a service has not marked yet.
	unmarked map[mark]bool
}

// recipient is a unit with its address.
type recipient struct{ agency, unit, email string }

// state is what this process alone remembers of a unit.
type state struct {
	// last is when the last mail was sent, in the domain's time; zero for never.
	last time.Time
	// failed is when the last attempt failed, by the wall clock, and wait is how long to wait after
	// it; failed is zero where the last attempt succeeded.
	failed time.Time
	wait   time.Duration
	waits  *backoff.ExponentialBackOff
}

// New makes a notifier. The caller must run Run, and call Close at the end.
func New(config Config) *Notifier {
	config.Timing = config.Timing.withDefaults()
	return &Notifier{config: config, failing: map[string]bool{}, units: map[recipient]*state{}, unmarked: map[mark]bool{}}
}

// Run asks what waits and mails it whenever this gateway holds the lease, until the context ends.
// Without a Mailer it logs a warning if units have an address, and returns.
func (n *Notifier) Run(ctx context.Context) error {
	if n.config.Mailer == nil {
		if units := len(addressed(n.config.Directory).units); units > 0 {
			n.config.Logger.WarnContext(ctx, "units have an address but are not notified of waiting work: set a mail server with --smtp", slog.Int("units", units))
		}
		return nil
	}
	timing := n.config.Timing
	rounds := periodic.Job{Name: "notices", Every: timing.Every, Do: func(ctx context.Context) error {
		n.round(ctx)
		return nil
	}}
	lease.Election{
		Leases: n.config.Leases, Name: leaseName, TTL: timing.Lease, Every: timing.Every, Unchecked: timing.Unchecked, Logger: n.config.Logger,
	}.Lead(ctx, rounds.Run)
	return nil
}

// Close closes the connections of the leases.
func (n *Notifier) Close() error { return n.config.Leases.Close() }

// wall is the wall clock, for waits, which do not use the domain's time.
func wall() time.Time {
	return time.Now() //nolint:forbidigo // waits are of the wall clock
}
