package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/periodic"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

const (
	// passOnEvery is the interval between searches for withdrawals that not every service has.
	passOnEvery = 5 * time.Second
	// maxNoted is how many withdrawals one call to a service holds.
	maxNoted = 1000
)

// Run lets every service record the consents that were withdrawn in another service, until the
// context ends. Usually the call that withdraws does so; Run does it where that process ended first,
// or where a service was down. Any number of gateways may run it: a repetition changes nothing.
func (c *Consents) Run(ctx context.Context) {
	periodic.Job{Name: "withdrawals cannot be passed on", Every: passOnEvery, Level: slog.LevelWarn, Logger: c.Logger, Do: c.passAllOn}.Run(ctx)
}

// passAllOn passes on the withdrawals of every service. A service of the previous version has none.
func (c *Consents) passAllOn(ctx context.Context) error {
	var failed []error
	for _, collection := range c.Services.Names() {
		if err := c.passOnOf(ctx, collection); err != nil && status.Code(err) != codes.Unimplemented {
			failed = append(failed, fmt.Errorf("%s: %w", collection, err))
		}
	}
	return errors.Join(failed...)
}

// passOnOf passes on the withdrawals that one service holds for the others.
func (c *Consents) passOnOf(ctx context.Context, collection string) error {
	listed, err := caseworkv1.NewSuiteServiceClient(c.Services[collection]).ListWithdrawals(ctx, &caseworkv1.ListWithdrawalsRequest{})
	if err != nil {
		return err
	}
	return c.passOn(ctx, collection, listed.GetWithdrawals())
}

// passOn lets all other services record the consents withdrawn in one service (from), and notifies
// that service once all have. A service that fails does not delay the others. A service of the
// previous version does not take withdrawals; it gets them once it runs this version.
func (c *Consents) passOn(ctx context.Context, from string, withdrawals []string) error {
	for len(withdrawals) > 0 {
		part := withdrawals[:min(len(withdrawals), maxNoted)]
		withdrawals = withdrawals[len(part):]
		var group errgroup.Group
		var missing atomic.Bool
		for collection, conn := range c.Services {
			if collection == from {
				continue
			}
			group.Go(func() error {
				_, err := caseworkv1.NewSuiteServiceClient(conn).NoteWithdrawals(ctx, &caseworkv1.NoteWithdrawalsRequest{Withdrawals: part})
				if status.Code(err) == codes.Unimplemented {
					missing.Store(true)
					return nil
				}
				return err
			})
		}
		if err := group.Wait(); err != nil || missing.Load() {
			return err
		}
		_, err := caseworkv1.NewSuiteServiceClient(c.Services[from]).NoteWithdrawals(ctx, &caseworkv1.NoteWithdrawalsRequest{Withdrawals: part, PassedOn: true})
		if err != nil {
			return err
		}
	}
	return nil
}
