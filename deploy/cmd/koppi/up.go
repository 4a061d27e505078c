package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
)

type upCommand struct {
	Dev       bool      `help:"For trying out: a development issuer, test persons, a clock that can be moved. Loopback only."`
	Listen    string    `help:"Address to serve on; without TLS on loopback alone." default:"127.0.0.1:8080" env:"KOPPI_LISTEN"`
	Data      string    `help:"Folder of databases and keys." default:"data" env:"KOPPI_DATA"`
	Clock     time.Time `help:"Make the domain's time stand still there (RFC 3339); needs --dev and an empty folder."`
	Directory string    `help:"Directory file of agencies; default is that of the scenarios." env:"KOPPI_DIRECTORY"`
	Issuers   string    `help:"File that lists the token issuers believed, and for which agencies." env:"KOPPI_ISSUERS"`
	Origin    []string  `help:"Origin of another site whose pages may call; may be repeated."`
}

// known are the environment variables that Koppi reads; any other KOPPI_… is a mistake.
var known = []string{"KOPPI_LISTEN", "KOPPI_DATA", "KOPPI_DIRECTORY", "KOPPI_ISSUERS"}

// Run serves until it is interrupted.
func (c *upCommand) Run(ctx context.Context) error {
	if err := checkEnvironment(os.Environ()); err != nil {
		return err
	}
	settings, err := c.settings()
	if err != nil {
		return err
	}
	listener, err := listenLoopback(ctx, c.Listen)
	if err != nil {
		return err
	}
	koppi, err := allinone.Open(ctx, settings)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	settings.Logger.InfoContext(ctx, "koppi is up", slog.String("address", "http://"+listener.Addr().String()), slog.Bool("dev", c.Dev))
	return koppi.Run(ctx, listener)
}

func (c *upCommand) settings() (allinone.Config, error) {
	settings := allinone.Config{
		Data: c.Data, Dev: c.Dev, Clock: c.Clock, Origins: c.Origin, Logger: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	}
	if !c.Dev && c.Issuers == "" {
		return settings, errors.New("nobody could sign in: name the token issuers with --issuers FILE, or try out with --dev")
	}
	if !c.Clock.IsZero() && !c.Dev {
		return settings, errors.New("--clock needs --dev")
	}
	var err error
	if settings.Directory, err = loadDirectory(c.Directory); err != nil {
		return settings, err
	}
	settings.Issuers, err = loadIssuers(c.Issuers)
	return settings, err
}

func loadDirectory(path string) (*directory.Directory, error) {
	if path == "" {
		return directory.Parse(config.Directory)
	}
	return directory.Load(path)
}

func loadIssuers(path string) ([]identity.IssuerConfig, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	var issuers []identity.IssuerConfig
	if err := decoder.Decode(&issuers); err != nil {
		return nil, fmt.Errorf("issuers: %w", err)
	}
	return issuers, nil
}

func checkEnvironment(environment []string) error {
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "KOPPI_") && !contains(known, name) {
			return fmt.Errorf("unknown setting %s in the environment; known are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

func contains(all []string, one string) bool {
	for _, candidate := range all {
		if candidate == one {
			return true
		}
	}
	return false
}

// listenLoopback binds to this machine alone: there is no TLS here.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("--listen %s: without TLS Koppi serves on a loopback address alone, such as 127.0.0.1:8080", address)
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}
