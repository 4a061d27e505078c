// Package callback calls agencies at their own endpoints, where the directory names one. It
// delivers the messages of the agency's mailbox, in order and signed, and repeats each until the
// endpoint takes it.
package callback

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/mailbox"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Consumer is the consumer of an agency's mailbox that calls its endpoint.
const Consumer = mailbox.CallbackConsumer

// RuleParked is the rule named in a tombstone that replaces a parked message: one that was refused
// permanently, or a later one of the same subject.
const RuleParked = "parked"

// Config configures Callbacks. Exchange, Directory, Leases and Logger are required.
type Config struct {
	// Exchange is the connection to the merged exchange.
	Exchange  grpc.ClientConnInterface
	Directory *directory.Directory
	// Secrets sign bodies, by agency: one secret, or two during a rotation. Each is "whsec_" and
	// base64.
	Secrets map[string][]string
	// Certificate is the client certificate for endpoints called over gRPC.
	Certificate *tls.Certificate
	// Roots verify the endpoints' certificates; nil means the system's.
	Roots *x509.CertPool
	Guard Guard
	// Leases are those by which only one of several gateways calls.
	Leases lease.Leases
	Logger *slog.Logger
	Timing Timing
	// States gets the state of each endpoint; nil where nobody asks for it.
	States *States
	// Services are connections to all services, and Keeper that to the one that keeps the state of endpoints, for
	// internal methods; without a Keeper the state is not kept.
	Services fanout.Services
	Keeper   grpc.ClientConnInterface
}

// Timing holds the times of calls; a zero field means its default.
type Timing struct {
	// Answer is how long an endpoint may take to answer; default 30 s.
	Answer time.Duration
	// FirstRetry is the wait after a first failure; it doubles, with jitter, up to LastRetry.
	// Defaults 1 s and 1 h.
	FirstRetry, LastRetry time.Duration
	// Reread is how often parked subjects are read, to find those to retry, and what was asked at other
	// processes; default 5 s.
	Reread time.Duration
	// Lease is how long a lease lasts: so long other gateways wait after this one is gone; default
	// 15 s.
	Lease time.Duration
	// Unchecked is how long a gateway waits before it calls although it cannot check the lease; default
	// 1 min.
	Unchecked time.Duration
}

func (t Timing) withDefaults() Timing {
	for _, one := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&t.Answer, 30 * time.Second},
		{&t.FirstRetry, time.Second},
		{&t.LastRetry, time.Hour},
		{&t.Reread, 5 * time.Second},
		{&t.Lease, 15 * time.Second},
		{&t.Unchecked, time.Minute},
	} {
		if *one.field == 0 {
			*one.field = one.standard
		}
	}
	return t
}

// Callbacks calls the endpoints of all agencies that have one.
type Callbacks struct {
	callers []*caller
	leases  lease.Leases
}

// New makes Callbacks. It fails if an endpoint could not be called with this configuration. The
// caller must run Run, and call Close at the end.
func New(config Config) (*Callbacks, error) {
	config.Timing = config.Timing.withDefaults()
	if config.States == nil {
		config.States = &States{}
	}
	c := &Callbacks{leases: config.Leases}
	for _, key := range config.Directory.Called() {
		agency, _ := config.Directory.Agency(key)
		at, err := open(config, agency)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("callback of %s: %w", key, err), c.Close())
		}
		c.callers = append(c.callers, newCaller(config, key, at))
	}
	return c, nil
}

func open(config Config, agency directory.Agency) (endpoint, error) {
	if err := config.Guard.Check(agency.Callback.URL); err != nil {
		return nil, err
	}
	secured := &tls.Config{RootCAs: config.Roots, MinVersion: tls.VersionTLS12}
	if config.Certificate != nil {
		secured.Certificates = []tls.Certificate{*config.Certificate}
	}
	if agency.Callback.Protocol == directory.GRPC {
		return newGRPCEndpoint(agency.Callback, config.Guard, secured)
	}
	return newConnectEndpoint(agency.Callback, config.Secrets[agency.Key], config.Guard, secured)
}

// Run calls endpoints until the context ends.
func (c *Callbacks) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, one := range c.callers {
		group.Go(func() error {
			one.run(ctx)
			return nil
		})
	}
	return group.Wait()
}

// Close closes all connections, and those of the leases.
func (c *Callbacks) Close() error {
	for _, one := range c.callers {
		one.endpoint.close()
	}
	return c.leases.Close()
}

// Tombstone is what is delivered in place of a message of a parked subject: its identifiers and
// hashes, without its event.
func Tombstone(message *exchangev1.CaseMessage) *exchangev1.CaseMessage {
	return &exchangev1.CaseMessage{
		MessageId: message.GetMessageId(), Service: message.GetService(), Mailbox: message.GetMailbox(), Sequence: message.GetSequence(),
		Subject: message.GetSubject(), SubjectVersion: message.GetSubjectVersion(), ContentHash: message.GetContentHash(), ChainHash: message.GetChainHash(),
		Withheld: []*exchangev1.Withheld{{Field: "event", Rule: RuleParked}},
	}
}
