// Package fanout calls all services of the suite at once. Every result over all services goes
// through it.
package fanout

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Services are the connections to the services, by name. For Of, the names are the first parts of
// the services' subjects, such as "concerns".
type Services map[string]grpc.ClientConnInterface

// Names are the names of the services, in order.
func (s Services) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Except are all services but one.
func (s Services) Except(name string) Services {
	others := maps.Clone(s)
	delete(others, name)
	return others
}

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

// Ask calls all services as All does, in the suite's own name.
func Ask[R any](
	ctx context.Context, services Services, question func(context.Context, string, caseworkv1.SuiteServiceClient) (R, error),
) ([]string, []R, error) {
	return All(ctx, services, func(ctx context.Context, name string, conn grpc.ClientConnInterface) (R, error) {
		return question(ctx, name, caseworkv1.NewSuiteServiceClient(conn))
	})
}

// AskForCaller calls all services as All does, in the name of the caller.
func AskForCaller[R any](
	ctx context.Context, services Services, question func(context.Context, string, caseworkv1.MatterServiceClient) (R, error),
) ([]string, []R, error) {
	return All(identity.Forward(ctx), services, func(ctx context.Context, name string, conn grpc.ClientConnInterface) (R, error) {
		return question(ctx, name, caseworkv1.NewMatterServiceClient(conn))
	})
}

// All calls all services in parallel, where the result needs every answer. The answers are in the
// order of the services' names. One that fails cancels the others.
func All[R any](
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

// Answer is what one service answered to Try.
type Answer[R any] struct {
	Service string
	Value   R
	Err     error
}

// Try calls all services in parallel, where each answer counts by itself: a service that fails does
// not cancel the others. The answers are in the order of the services' names.
func Try[R any](
	ctx context.Context, services Services, question func(context.Context, string, grpc.ClientConnInterface) (R, error),
) []Answer[R] {
	names := services.Names()
	answers := make([]Answer[R], len(names))
	var together sync.WaitGroup
	for i, name := range names {
		together.Go(func() {
			value, err := question(ctx, name, services[name])
			answers[i] = Answer[R]{Service: name, Value: value, Err: err}
		})
	}
	together.Wait()
	return answers
}

// First calls the services one after another, in the name of the caller, until one answers. It returns
// the name and the answer of that one, and the last error if all fail.
func First[R any](
	ctx context.Context, services Services, question func(context.Context, caseworkv1.MatterServiceClient) (R, error),
) (string, R, error) {
	ctx = identity.Forward(ctx)
	var none R
	var failed error
	for _, name := range services.Names() {
		answer, err := question(ctx, caseworkv1.NewMatterServiceClient(services[name]))
		if err == nil {
			return name, answer, nil
		}
		failed = err
	}
	return "", none, failed
}

// Receive opens a stream from each service, in the suite's own name, and reads all streams to their
// ends. It passes each message to take, one at a time. One that fails cancels the others.
func Receive[M any](
	ctx context.Context, services Services,
	open func(context.Context, caseworkv1.SuiteServiceClient) (grpc.ServerStreamingClient[M], error), take func(name string, message *M),
) error {
	var one sync.Mutex
	_, _, err := Ask(ctx, services, func(ctx context.Context, name string, service caseworkv1.SuiteServiceClient) (struct{}, error) {
		stream, err := open(ctx, service)
		for err == nil {
			var message *M
			if message, err = stream.Recv(); err == nil {
				one.Lock()
				take(name, message)
				one.Unlock()
			}
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return struct{}{}, err
	})
	return err
}
