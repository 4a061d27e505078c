// Command gateway runs Koppi's one address before services in processes of their own.
package main

import (
	"context"
	"errors"
	"log/slog"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/gateway"
	"koppi.internal/gateway/merged"
	"koppi.internal/gateway/web"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/serve"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

type config struct {
	process.Listening `embed:""`
	process.Calling   `embed:""`

	Concern []string `help:"Replicas of the concern service, host:port each." env:"KOPPI_CONCERN" required:""`
	Origin  []string `help:"Origins of other sites whose pages may call." env:"KOPPI_ORIGIN"`
	Redis   string   `help:"URL of the Redis that carries wakes; without it the slow poll alone tells of messages." env:"KOPPI_REDIS"`
	Dev     bool     `help:"For trying out: pass DevService on, to callers of this machine alone."`
}

// concernName is the service as case messages and cursors carry it.
const concernName = "concern"

func main() {
	process.Main("gateway", "Koppi's one address: Connect, gRPC-Web and gRPC in, gRPC out, and the pages.", run)
}

func run(ctx context.Context, c *config) (err error) {
	concern, err := c.Dial(c.Concern)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, concern.Close()) }()
	group, ctx := errgroup.WithContext(ctx)
	wakes, err := process.Waker(ctx, c.Redis, concernName, process.Logger(), group)
	if err != nil {
		return err
	}
	exchanges, err := merged.New(merged.Config{Logger: process.Logger(), Services: []merged.Service{
		{Name: concernName, Accepts: concernv1.ConcernService_ServiceDesc.ServiceName, Conn: concern, Wake: wakes},
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, exchanges.Close()) }()
	services := map[string]grpc.ClientConnInterface{
		concernv1.ConcernService_ServiceDesc.ServiceName:   concern,
		exchangev1.ExchangeService_ServiceDesc.ServiceName: exchanges.Conn(),
	}
	var local []string
	if c.Dev {
		services[dev.ServiceName], local = concern, []string{dev.ServiceName}
	}
	handler, err := gateway.New(gateway.Config{Services: services, LocalOnly: local, Pages: web.Handler(), Origins: c.Origin})
	if err != nil {
		return err
	}
	listener, err := c.Open(ctx)
	if err != nil {
		return err
	}
	process.Logger().InfoContext(ctx, "koppi is up", slog.String("service", "gateway"), slog.String("address", listener.Addr().String()), slog.Bool("dev", c.Dev))
	group.Go(func() error { return exchanges.Run(ctx) })
	group.Go(func() error { return serve.HTTP(ctx, handler, listener) })
	return group.Wait()
}
