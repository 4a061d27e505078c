package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fanout"
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
	answers := fanout.Try(ctx, c.Services, func(ctx context.Context, collection string, conn grpc.ClientConnInterface) (struct{}, error) {
		return struct{}{}, c.passOnOf(ctx, collection, conn)
	})
	for _, answer := range answers {
		if answer.Err != nil && status.Code(answer.Err) != codes.Unimplemented {
			failed = append(failed, fmt.Errorf("%s: %w", answer.Service, answer.Err))
		}
	}
	return errors.Join(failed...)
}

// passOnOf passes on the withdrawals that one service holds for the others.
func (c *Consents) passOnOf(ctx context.Context, collection string, conn grpc.ClientConnInterface) error {
	listed, err := caseworkv1.NewSuiteServiceClient(conn).ListWithdrawals(ctx, &caseworkv1.ListWithdrawalsRequest{})
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
		isMissing := false
		answers := fanout.Try(ctx, c.Services.Except(from), func(ctx context.Context, _ string, conn grpc.ClientConnInterface) (*caseworkv1.NoteWithdrawalsResponse, error) {
			return caseworkv1.NewSuiteServiceClient(conn).NoteWithdrawals(ctx, &caseworkv1.NoteWithdrawalsRequest{Withdrawals: part})
		})
		for _, answer := range answers {
			if status.Code(answer.Err) == codes.Unimplemented {
				isMissing = true
			} else if answer.Err != nil {
				return answer.Err
			}
		}
		if isMissing {
			return nil
		}
		_, err := caseworkv1.NewSuiteServiceClient(c.Services[from]).NoteWithdrawals(ctx, &caseworkv1.NoteWithdrawalsRequest{Withdrawals: part, PassedOn: true})
		if err != nil {
			return err
		}
	}
	return nil
}
