// Command gateway runs Koppi's one address before services in processes of their own.
package main

import (
	"context"
	"errors"
	"log/slog"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"koppi.internal/gateway"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/merged"
	"koppi.internal/gateway/web"
	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

type config struct {
	process.Listening `embed:""`
	process.Calling   `embed:""`
	callback.Settings `embed:""`
	Telemetry         telemetry.Settings `embed:""`

	Concern   []string `help:"Replicas of the concern service, host:port each." env:"KOPPI_CONCERN" required:""`
	Origin    []string `help:"Origins of other sites whose pages may call." env:"KOPPI_ORIGIN"`
	Redis     string   `help:"URL of the Redis that carries wakes; without it the slow poll alone tells of messages." env:"KOPPI_REDIS"`
	Directory string   `help:"Directory file of agencies, for those that want to be called; without it none is." env:"KOPPI_DIRECTORY"`
	Secrets   string   `help:"Folder of the suite's secrets, made by: koppi secrets; needed to call agencies." env:"KOPPI_SECRETS"`
	Dev       bool     `help:"For trying out: pass DevService on, to callers of this machine alone."`
}

// concernName is the service as case messages and cursors carry it.
const concernName = "concern"

func main() {
	process.Main("gateway", "Koppi's one address: Connect, gRPC-Web and gRPC in, gRPC out, and the pages.", run)
}

func run(ctx context.Context, c *config) (err error) {
	end, err := c.Telemetry.Start(ctx, "gateway")
	if err != nil {
		return err
	}
	defer process.End(end)
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
		exchangev1.ParkingService_ServiceDesc.ServiceName:  exchanges.Conn(),
	}
	var local []string
	if c.Dev {
		services[dev.ServiceName], local = concern, []string{dev.ServiceName}
	}
	handler, err := gateway.New(gateway.Config{Services: services, LocalOnly: local, Pages: web.Handler(), Origins: c.Origin})
	if err != nil {
		return err
	}
	calls, err := c.callbacks(exchanges)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, calls.Close()) }()
	listener, err := c.Listening.Open(ctx)
	if err != nil {
		return err
	}
	process.Logger().InfoContext(ctx, "koppi is up", slog.String("service", "gateway"), slog.String("address", listener.Addr().String()), slog.Bool("dev", c.Dev))
	group.Go(func() error { return exchanges.Run(ctx) })
	group.Go(func() error { return calls.Run(ctx) })
	group.Go(func() error { return serve.HTTP(ctx, handler, listener) })
	return group.Wait()
}

// callbacks opens what calls agencies.
func (c *config) callbacks(exchanges *merged.Exchange) (*callback.Callbacks, error) {
	agencies := &directory.Directory{}
	if c.Directory != "" {
		var err error
		if agencies, err = directory.Load(c.Directory); err != nil {
			return nil, err
		}
	}
	present, err := process.Present(c.Redis)
	if err != nil {
		return nil, err
	}
	return c.Settings.Open(callback.Surroundings{
		Exchange: exchanges.Conn(), Directory: agencies, Secrets: c.Secrets, Presence: present, Logger: process.Logger(), Dev: c.Dev,
	})
}
