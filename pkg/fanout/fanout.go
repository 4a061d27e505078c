// Package fanout calls all services of the suite at once. Every result over all services goes
// through it.
package fanout

import (
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Services are the connections to the services, by the first part of their subjects' names, such as
// "concerns".
type Services map[string]grpc.ClientConnInterface

// Names are the names of the services, in order.
func (s Services) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Of is the client of the service that has a subject, for calls in the caller's name. It fails with
// NOT_FOUND where there is none.
func (s Services) Of(subject string) (caseworkv1.MatterServiceClient, error) {
	collection, _, _ := strings.Cut(subject, "/")
	conn := s[collection]
	if conn == nil {
		return nil, caller.NotFound()
	}
	return caseworkv1.NewMatterServiceClient(conn), nil
}

// Ask calls all services in parallel, in the suite's own name. The answers are in the order of the
// services' names. One that fails cancels the others.
func Ask[R any](
	ctx context.Context, services Services, question func(context.Context, string, caseworkv1.SuiteServiceClient) (R, error),
) ([]string, []R, error) {
	return each(ctx, services, func(ctx context.Context, name string, conn grpc.ClientConnInterface) (R, error) {
		return question(ctx, name, caseworkv1.NewSuiteServiceClient(conn))
	})
}

// AskForCaller calls all services as Ask does, in the name of the caller.
func AskForCaller[R any](
	ctx context.Context, services Services, question func(context.Context, string, caseworkv1.MatterServiceClient) (R, error),
) ([]string, []R, error) {
	return each(identity.Forward(ctx), services, func(ctx context.Context, name string, conn grpc.ClientConnInterface) (R, error) {
		return question(ctx, name, caseworkv1.NewMatterServiceClient(conn))
	})
}

func each[R any](
	ctx context.Context, services Services, question func(context.Context, string, grpc.ClientConnInterface) (R, error),
) ([]string, []R, error) {
	names := services.Names()
	answers := make([]R, len(names))
	group, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		group.Go(func() error {
			var err error
			answers[i], err = question(ctx, name, services[name])
			return err
		})
	}
	return names, answers, group.Wait()
}
