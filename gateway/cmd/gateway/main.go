// Command gateway runs Koppi's one address before services in processes of their own.
package main

import (
	"context"
	"errors"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"koppi.internal/gateway"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/suite"
	"koppi.internal/gateway/web"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/serve"
	"koppi.internal/pkg/telemetry"
)

type config struct {
	process.Listening `embed:""`
	process.Calling   `embed:""`
	callback.Settings `embed:""`
	Telemetry         telemetry.Settings `embed:""`

	Concern      []string `help:"Replicas of the concern service, host:port each." env:"KOPPI_CONCERN" required:""`
	Referral     []string `help:"Replicas of the referral service, host:port each." env:"KOPPI_REFERRAL" required:""`
	Consultation []string `help:"Replicas of the consultation service, host:port each." env:"KOPPI_CONSULTATION" required:""`
	Plan         []string `help:"Replicas of the plan service, host:port each." env:"KOPPI_PLAN" required:""`
	Origin       []string `help:"Origins of other sites whose pages may call." env:"KOPPI_ORIGIN"`
	Redis        string   `help:"URL of the Redis that carries wakes; without it the slow poll alone tells of messages." env:"KOPPI_REDIS"`
	Directory    string   `help:"Directory file of agencies, for those that want to be called; without it none is." env:"KOPPI_DIRECTORY"`
	Secrets      string   `help:"Folder of the suite's secrets, made by: koppi secrets; needed to call agencies." env:"KOPPI_SECRETS"`
	Dev          bool     `help:"For trying out: pass DevService on, to callers of this machine alone."`
}

// replicas of each service.
func (c *config) replicas() map[string][]string {
	return map[string][]string{"concern": c.Concern, "referral": c.Referral, "consultation": c.Consultation, "plan": c.Plan}
}

func main() {
	process.Main("gateway", "Koppi's one address: Connect, gRPC-Web and gRPC in, gRPC out, and the pages.", run)
}

func run(ctx context.Context, c *config) (err error) {
	end, err := c.Telemetry.Start(ctx, "gateway")
	if err != nil {
		return err
	}
	defer process.End(end)
	group, ctx := errgroup.WithContext(ctx)
	backends := map[string]suite.Backend{}
	for name, replicas := range c.replicas() {
		conn, err := c.Dial(replicas)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, conn.Close()) }()
		wakes, err := process.Waker(ctx, c.Redis, name, process.Logger(), group)
		if err != nil {
			return err
		}
		backends[name] = suite.Backend{Conn: conn, Wake: wakes}
	}
	front, err := suite.Open(backends, c.Dev, process.Logger())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.Exchange.Close()) }()
	handler, err := gateway.New(gateway.Config{Services: front.Routes, LocalOnly: front.Local, Pages: web.Handler(), Origins: c.Origin})
	if err != nil {
		return err
	}
	calls, err := c.callbacks(front)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, calls.Close()) }()
	listener, err := c.Listening.Open(ctx)
	if err != nil {
		return err
	}
	process.Logger().InfoContext(ctx, "koppi is up", slog.String("service", "gateway"), slog.String("address", listener.Addr().String()), slog.Bool("dev", c.Dev))
	group.Go(func() error { return front.Exchange.Run(ctx) })
	group.Go(func() error { return calls.Run(ctx) })
	group.Go(func() error { return serve.HTTP(ctx, handler, listener) })
	return group.Wait()
}

// callbacks opens what calls agencies.
func (c *config) callbacks(front *suite.Front) (*callback.Callbacks, error) {
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
		Exchange: front.Exchange.Conn(), Directory: agencies, Secrets: c.Secrets, Presence: present, Logger: process.Logger(), Dev: c.Dev,
	})
}
