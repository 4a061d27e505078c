// Command gateway runs Koppi's one address before services in processes of their own.
package main

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/grpc"

	"koppi.internal/gateway"
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
	Dev     bool     `help:"For trying out: pass DevService on, to callers of this machine alone."`
}

func main() {
	process.Main("gateway", "Koppi's one address: Connect, gRPC-Web and gRPC in, gRPC out, and the pages.", run)
}

func run(ctx context.Context, c *config) (err error) {
	concern, err := c.Dial(c.Concern)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, concern.Close()) }()
	services := map[string]grpc.ClientConnInterface{
		concernv1.ConcernService_ServiceDesc.ServiceName:   concern,
		exchangev1.ExchangeService_ServiceDesc.ServiceName: concern,
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
	return serve.HTTP(ctx, handler, listener)
}
