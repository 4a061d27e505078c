// Package demo replays the scenarios and prints each matter for people: who did what, whose turn it
// is, what was disclosed to each agency, and what was withheld and why.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/pkg/directory"
)

// Options select what is replayed.
type Options struct {
	// Scenario is the number of one scenario; empty for all.
	Scenario string
	// Replayed is called after each scenario, while its instance still runs; nil for nothing.
	Replayed func(ctx context.Context, s scenario.Scenario, koppi scenario.Transport) error
}

// Run replays scenarios, each on an empty instance of its own, and fails if the result of one
// differs from what it expects.
func Run(ctx context.Context, out io.Writer, options Options) error {
	all, err := scenario.Load(scenarios.Files)
	if err != nil {
		return err
	}
	agencies, err := directory.Parse(config.Directory)
	if err != nil {
		return err
	}
	shown := 0
	for _, s := range all {
		if options.Scenario != "" && !strings.HasPrefix(s.Name, options.Scenario) {
			continue
		}
		shown++
		show := &printer{out: out, agencies: agencies}
		show.heading(s)
		if missing := missing(s); len(missing) > 0 {
			show.line("  Not replayed yet: requires %s.", strings.Join(missing, " and "))
			continue
		}
		if err := replay(ctx, s, agencies, show, options.Replayed); err != nil {
			return err
		}
	}
	if shown == 0 {
		return fmt.Errorf("unknown scenario %q", options.Scenario)
	}
	return nil
}

// missing lists the services that a scenario needs and that do not exist yet.
func missing(s scenario.Scenario) []string {
	var services []string
	for _, service := range s.Services() {
		if !slices.Contains(allinone.Served(), service) {
			services = append(services, "the "+strings.Split(service, ".")[1]+" service")
		}
	}
	return services
}

func replay(ctx context.Context, s scenario.Scenario, agencies *directory.Directory, show *printer, replayed func(context.Context, scenario.Scenario, scenario.Transport) error) (err error) {
	data, err := os.MkdirTemp("", "koppi-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	koppi, err := allinone.Open(ctx, allinone.Config{
		Data: data, Directory: agencies, Dev: true, Clock: s.Clock, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil)),
	})
	if err != nil {
		return err
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, koppi.Close())
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- koppi.Run(running, listener) }()
	transport := scenario.ConnectJSON{Address: "http://" + listener.Addr().String(), Client: &http.Client{}}
	show.now = s.Clock
	runner := scenario.Runner{Transport: transport, Dev: transport, Observer: show}
	err = runner.Run(ctx, s)
	if err == nil && replayed != nil {
		err = replayed(ctx, s, transport)
	}
	stop()
	return errors.Join(err, <-ended)
}
